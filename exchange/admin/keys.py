"""The control API's part about API keys: an account may have several, of every kind and permission. No command.

The secret of an HMAC key is told once, in the answer that makes it. Keys are no state of the venue, and in no journal.
"""

import asyncio
from typing import Literal

from aiohttp import web

from exchange.admin.bodies import BODY_NOT_VALID, Body, parse_body
from exchange.admin.control import ACCOUNT_UNKNOWN, guarded
from exchange.dialects.binance.door.credentials import Permission
from exchange.dialects.binance.door.public_keys import public_key_kind
from exchange.dialects.binance.text.errors import Refusal
from exchange.door import read_body
from exchange.runtime.app import App
from exchange.runtime.keys import KEYS_PER_ACCOUNT_MAX, ApiKey, TooManyKeysError

API_KEY_UNKNOWN = Refusal(-9107, "No such API key.", 404)
TOO_MANY_KEYS = Refusal(-9108, "The account has %s keys, which is all that it may have.", 409)
ACCOUNT_KEYS = "/accounts/{account_id:[0-9]{1,18}}/keys"
ONE_KEY = "/keys/{api_key:[A-Za-z0-9]{1,128}}"


class NewKey(Body, frozen=True):
    """A key for an account: without a public key (PEM, Ed25519 or RSA) the venue makes a secret."""

    permission: Literal["read", "trade"] = "trade"
    public_key: str = ""


def add_key_routes(application: web.Application, app: App) -> None:
    """Add the paths of keys to an application."""
    control = KeyControl(app)
    for method, path, answer in (
        ("POST", ACCOUNT_KEYS, control.issue),
        ("GET", ACCOUNT_KEYS, control.show),
        ("DELETE", ONE_KEY, control.revoke),
    ):
        application.router.add_route(method, f"/sim/v1{path}", guarded(app.admin_token, answer))


class KeyControl:
    """What the control API does about keys. Methods return JSON-able objects and raise DialectError."""

    def __init__(self, app: App) -> None:
        """Keep the venue whose keys these are."""
        self._app = app

    async def issue(self, request: web.Request) -> object:
        """Make a key and return it: with its secret, or with the kind that its public key is of."""
        account_id = self._account_id(request)
        body = parse_body(await read_body(request), NewKey)
        try:
            key = await asyncio.to_thread(self._make, account_id, body)  # it waits for the disk
        except TooManyKeysError as error:
            raise TOO_MANY_KEYS.error(KEYS_PER_ACCOUNT_MAX) from error
        return key_json(key) | ({} if key.public_key else {"secretKey": key.secret_key})

    async def show(self, request: web.Request) -> object:
        """Return the keys of an account, oldest first, without their secrets."""
        return [key_json(key) for key in self._app.keys.of_account(self._account_id(request))]

    async def revoke(self, request: web.Request) -> object:
        """Have a key open nothing any more; -9107 when there is none."""
        api_key = request.match_info["api_key"]
        if not await asyncio.to_thread(self._app.keys.revoke, api_key):
            raise API_KEY_UNKNOWN.error()
        return {"apiKey": api_key}

    def _make(self, account_id: int, body: NewKey) -> ApiKey:
        permission = Permission(body.permission)
        if not body.public_key:
            return self._app.keys.issue(account_id, permission)
        try:
            kind = public_key_kind(body.public_key)
        except ValueError as error:
            raise BODY_NOT_VALID.error(f"{error} - at `$.publicKey`") from error
        return self._app.keys.register(account_id, permission, kind, body.public_key)

    def _account_id(self, request: web.Request) -> int:
        """Return the account that the path names; -9102 when it is no trader's."""
        account_id = int(request.match_info["account_id"])
        if self._app.venue.state.trader(account_id) is None:
            raise ACCOUNT_UNKNOWN.error()
        return account_id


def key_json(key: ApiKey) -> dict[str, object]:
    """Return what may be told of a key at any time; `publicKey` only where it has one."""
    told: dict[str, object] = {
        "apiKey": key.api_key,
        "accountId": key.account_id,
        "kind": key.kind.value,
        "permission": key.permission.value,
    }
    return told | ({"publicKey": key.public_key} if key.public_key else {})
