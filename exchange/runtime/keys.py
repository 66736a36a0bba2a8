"""API keys in a file of their own, so that a journal can be shared. It stores secrets; it checks no signature.

The file is JSON lines: the admin token with the id of the venue, then one key a line, appended and synced as they are
issued; a revoked one is taken out. Account ids count from 1 in every venue, so the keys of one would open the accounts
of strangers in another.
"""

import os
import secrets
import string
import sys
import threading
from collections.abc import Container, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from exchange.dialects.binance.door.credentials import KeyKind, Permission
from exchange.journal.disk import write_secret

KEYS_NAME = "keys.jsonl"
OLD_SUFFIX = ".old"
KEY_LENGTH = 64
KEYS_PER_ACCOUNT_MAX = 30
ALPHABET = string.ascii_letters + string.digits
ADMIN_TOKEN_BYTES = 32


class KeysError(Exception):
    """The key file cannot be read, others may read it, or it belongs to another venue."""


class AdminLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first line of the file."""

    admin_token: str
    venue_id: str  # that of the journal


class TooManyKeysError(Exception):
    """The account has all the keys that it may have."""


class ApiKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What one account signs its requests with, a line of the file; key and secret: KEY_LENGTH letters and digits.

    A key of another kind than HMAC has a public key, as PEM, in the place of the secret, which its owner keeps. Lines
    of the time before there were kinds have no fields but the first three.
    """

    account_id: int
    api_key: str
    secret_key: str
    kind: KeyKind = KeyKind.HMAC
    public_key: str = ""
    permission: Permission = Permission.TRADE

    @property
    def opens_all(self) -> bool:
        """Whether whoever is told this record can trade with it: it has the secret, and the permission."""
        return bool(self.secret_key) and self.permission is Permission.TRADE


Record = TypeVar("Record", AdminLine, ApiKey)


@dataclass(slots=True)
class KeyStore:
    """The keys of all accounts and the admin token, kept in one file of mode 0600. Threads may share it."""

    path: Path
    admin_token: str
    _venue_id: str
    _keys: dict[str, ApiKey]
    _appending: threading.Lock

    def __init__(self, path: Path, venue_id: str) -> None:
        """Read the file of this venue, or begin it with a new admin token.

        Raises KeysError when it is damaged, open to others, or that of another venue.

        A torn last line goes, with a word on stderr: a crash left it before its key was given to anybody.
        """
        self.path = path
        self._appending = threading.Lock()
        if not path.exists():
            write_secret(path, _line(AdminLine(secrets.token_urlsafe(ADMIN_TOKEN_BYTES), venue_id)))
        admin, keys = _read(path)
        if admin.venue_id != venue_id:
            raise _foreign(path)
        self.admin_token = admin.admin_token
        self._venue_id = venue_id
        self._keys = {key.api_key: key for key in keys}

    def keep_only(self, account_ids: Container[int]) -> None:
        """Forget the keys of all other accounts, with a word on stderr; they are added to a file beside this one.

        Such accounts were in a tail that the journal has lost: their numbers will be given to others. Each loss adds
        the admin token's line, which names the venue, then the lines of the keys. Raises OSError.
        """
        lost = [key for key in self.all() if key.account_id not in account_ids]
        if not lost:
            return
        admin = self._admin_line()
        old = self.path.with_name(self.path.name + OLD_SUFFIX)
        lost_before = old.read_bytes() if old.exists() else b""
        write_secret(old, b"".join([lost_before, admin, *map(_line, lost)]))
        for key in lost:
            del self._keys[key.api_key]
        self._rewrite(self.all())
        sys.stderr.write(
            f"margincall: {self.path}: {len(lost)} keys are removed, the journal does not have their accounts (it lost "
            f"its end, or is an older copy); {old} has them now\n"
        )

    def issue(self, account_id: int, permission: Permission = Permission.TRADE) -> ApiKey:
        """Make a key that signs with a secret; it is on the disk when this returns. An account may have several.

        Raises OSError when it cannot be written (then there is no such key), and TooManyKeysError beyond
        KEYS_PER_ACCOUNT_MAX. It waits for the disk: on an event loop, call it in a thread.
        """
        return self._add(ApiKey(account_id, _random_text(), _random_text(), permission=permission))

    def register(self, account_id: int, permission: Permission, kind: KeyKind, public_key: str) -> ApiKey:
        """Make a key whose owner signs with the private part of this public key. Raises and waits as `issue` does."""
        return self._add(ApiKey(account_id, _random_text(), "", kind, public_key, permission))

    def revoke(self, api_key: str) -> bool:
        """Forget a key, on the disk, too, when this returns; False when there is none. Raises and waits as `issue`."""
        with self._appending:
            if api_key not in self._keys:
                return False
            kept = {name: key for name, key in self._keys.items() if name != api_key}
            self._rewrite(kept.values())
            self._keys = kept
        return True

    def of_account(self, account_id: int) -> tuple[ApiKey, ...]:
        """Return the keys of one account, oldest first."""
        return tuple(key for key in self.all() if key.account_id == account_id)

    def find(self, api_key: str) -> ApiKey | None:
        """Return the key with this public part, or None."""
        return self._keys.get(api_key)

    def all(self) -> tuple[ApiKey, ...]:
        """Return every key, oldest first."""
        return tuple(self._keys.values())

    def _add(self, key: ApiKey) -> ApiKey:
        with self._appending:
            if len(self.of_account(key.account_id)) >= KEYS_PER_ACCOUNT_MAX:
                raise TooManyKeysError
            _append(self.path, _line(key))
            self._keys[key.api_key] = key
        return key

    def _rewrite(self, keys: Iterable[ApiKey]) -> None:
        """Put a file with just these keys in the place of the old one."""
        write_secret(self.path, b"".join([self._admin_line(), *map(_line, keys)]))

    def _admin_line(self) -> bytes:
        return _line(AdminLine(self.admin_token, self._venue_id))


def refuse_left_keys(path: Path) -> None:
    """Raise KeysError when there are keys: call it where no journal is, before one is made."""
    if path.exists():
        raise _foreign(path)


def _foreign(path: Path) -> KeysError:
    return KeysError(
        f"{path} holds the keys of another venue, whose journal was removed or replaced; here they would open "
        f"the accounts of others. Put that journal back, or move {path} away to begin without keys"
    )


def _line(record: AdminLine | ApiKey) -> bytes:
    return msgspec.json.encode(record) + b"\n"


def _append(path: Path, line: bytes) -> None:
    """Add a line that is on the disk when this returns; one that cannot be written whole is taken back."""
    with path.open("ab", buffering=0) as file:  # a buffer would try again on closing what failed
        end = file.tell()
        try:
            while line:
                line = line[file.write(line) :]
            os.fsync(file.fileno())
        except OSError:
            os.truncate(path, end)
            raise


def _read(path: Path) -> tuple[AdminLine, list[ApiKey]]:
    """Return the first line and the keys; cut off a torn last line."""
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        raise KeysError(f"{path} has mode {mode:o}: others may read the secrets; `chmod 600` it")
    *lines, torn = path.read_bytes().split(b"\n")
    admin = _decoded(path, 1, lines[0] if lines else b"", AdminLine)
    keys = [_decoded(path, number, line, ApiKey) for number, line in enumerate(lines[1:], 2)]
    if torn:
        os.truncate(path, path.stat().st_size - len(torn))
        sys.stderr.write(f"margincall: {path}: the last line was torn, and is removed: nobody was given its key\n")
    return admin, keys


def _decoded(path: Path, number: int, line: bytes, kind: type[Record]) -> Record:
    try:
        return msgspec.json.decode(line, type=kind)
    except msgspec.DecodeError as error:
        way_out = "restore it, or remove it to begin anew without the old keys"
        raise KeysError(f"{path} cannot be read, line {number}: {error}; {way_out}") from error


def _random_text() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(KEY_LENGTH))
