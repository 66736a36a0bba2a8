"""The keys of user streams: who holds one and until when. It reads no clock; times come in as milliseconds.

An account has at most one live key, so the store is bounded by the number of accounts. Keys do not outlive the process:
after a restart a client gets -1125 and makes a new one.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from exchange.dialects.binance.text import errors

LISTEN_KEY_MS = 60 * 60 * 1000  # a key lives so long after it was made or extended
_KEY_BYTES = 32


def random_listen_key() -> str:
    """Return 64 characters that nobody can guess."""
    return secrets.token_hex(_KEY_BYTES)


@dataclass(frozen=True, slots=True)
class ListenKey:
    """One live key."""

    key: str
    account_id: int
    ends_ms: int


class ListenKeys:
    """All live keys."""

    def __init__(self, make_key: Callable[[], str] = random_listen_key) -> None:
        """Start with none; `make_key` makes the text of a new one."""
        self._make_key = make_key
        self._by_account: dict[int, ListenKey] = {}
        self._by_key: dict[str, ListenKey] = {}

    def create(self, account_id: int, now_ms: int) -> str:
        """Return the account's live key, extended, or a new one."""
        held = self._by_account.get(account_id)
        key = held.key if held is not None and held.ends_ms > now_ms else self._make_key()
        if held is not None and held.key != key:
            self._forget(held)
        self._keep(ListenKey(key, account_id, now_ms + LISTEN_KEY_MS))
        return key

    def extend(self, account_id: int, now_ms: int) -> str:
        """Return the account's live key, extended. Error: -1125 when it has none."""
        held = self._by_account.get(account_id)
        if held is None or held.ends_ms <= now_ms:
            raise errors.LISTEN_KEY_UNKNOWN.error()
        self._keep(ListenKey(held.key, account_id, now_ms + LISTEN_KEY_MS))
        return held.key

    def end(self, account_id: int) -> str | None:
        """End the account's key and return it; None when it had none, which is no error."""
        held = self._by_account.get(account_id)
        if held is None:
            return None
        self._forget(held)
        return held.key

    def account_of(self, key: str, now_ms: int) -> int | None:
        """Return whose live key this is, or None."""
        held = self._by_key.get(key)
        return held.account_id if held is not None and held.ends_ms > now_ms else None

    def expire(self, now_ms: int) -> list[ListenKey]:
        """End the keys whose time is over and return them."""
        over = [held for held in self._by_key.values() if held.ends_ms <= now_ms]
        for held in over:
            self._forget(held)
        return over

    def _keep(self, held: ListenKey) -> None:
        self._by_account[held.account_id] = held
        self._by_key[held.key] = held

    def _forget(self, held: ListenKey) -> None:
        self._by_account.pop(held.account_id, None)
        self._by_key.pop(held.key, None)
