"""API keys in a file of their own, so that a journal can be shared. It stores secrets; it checks no signature.

The file is JSON lines: the admin token with the id of the venue, then one key a line, appended and synced as they are
issued. Account ids count from 1 in every venue, so the keys of one would open the accounts of strangers in another.
"""

import os
import secrets
import string
import sys
import threading
from collections.abc import Container
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import msgspec

from exchange.journal.disk import write_secret

KEYS_NAME = "keys.jsonl"
OLD_SUFFIX = ".old"
KEY_LENGTH = 64
ALPHABET = string.ascii_letters + string.digits
ADMIN_TOKEN_BYTES = 32


class KeysError(Exception):
    """The key file cannot be read, others may read it, or it belongs to another venue."""


class AdminLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The first line of the file."""

    admin_token: str
    venue_id: str  # that of the journal


class ApiKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one account signs its requests with, a line of the file; key and secret: KEY_LENGTH letters and digits."""

    account_id: int
    api_key: str
    secret_key: str


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
        admin = _line(AdminLine(self.admin_token, self._venue_id))
        old = self.path.with_name(self.path.name + OLD_SUFFIX)
        lost_before = old.read_bytes() if old.exists() else b""
        write_secret(old, b"".join([lost_before, admin, *map(_line, lost)]))
        for key in lost:
            del self._keys[key.api_key]
        write_secret(self.path, b"".join([admin, *map(_line, self.all())]))
        sys.stderr.write(
            f"margincall: {self.path}: {len(lost)} keys are removed, the journal does not have their accounts (it lost "
            f"its end, or is an older copy); {old} has them now\n"
        )

    def issue(self, account_id: int) -> ApiKey:
        """Make a key for an account; it is on the disk when this returns. An account may have several.

        Raises OSError when it cannot be written; then there is no such key. It waits for the disk: on an event loop,
        call it in a thread.
        """
        key = ApiKey(account_id, _random_text(), _random_text())
        with self._appending:
            _append(self.path, _line(key))
            self._keys[key.api_key] = key
        return key

    def find(self, api_key: str) -> ApiKey | None:
        """Return the key with this public part, or None."""
        return self._keys.get(api_key)

    def all(self) -> tuple[ApiKey, ...]:
        """Return every key, oldest first."""
        return tuple(self._keys.values())


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
