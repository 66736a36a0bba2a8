"""API keys in a file of their own, so that a journal can be shared. It stores secrets; it checks no signature."""

import os
import secrets
import string
from dataclasses import dataclass
from pathlib import Path

import msgspec

KEYS_NAME = "keys.json"
KEY_LENGTH = 64
ALPHABET = string.ascii_letters + string.digits
FILE_MODE = 0o600
ADMIN_TOKEN_BYTES = 32


class KeysError(Exception):
    """The key file cannot be read, or others may read it."""


class ApiKey(msgspec.Struct, frozen=True):
    """What one account signs its requests with; key and secret are KEY_LENGTH letters and digits."""

    account_id: int
    api_key: str
    secret_key: str


class KeyFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The file as it is written."""

    admin_token: str
    keys: list[ApiKey]


@dataclass(slots=True)
class KeyStore:
    """The keys of all accounts and the admin token, kept in one file of mode 0600."""

    path: Path
    admin_token: str
    _keys: dict[str, ApiKey]

    def __init__(self, path: Path) -> None:
        """Read the file, or begin it with a new admin token. Raises KeysError when it is damaged or open to others."""
        self.path = path
        if path.exists():
            written = _read(path)
            self.admin_token = written.admin_token
            self._keys = {key.api_key: key for key in written.keys}
        else:
            self.admin_token = secrets.token_urlsafe(ADMIN_TOKEN_BYTES)
            self._keys = {}
            self._write()

    def issue(self, account_id: int) -> ApiKey:
        """Make a key for an account; it is on the disk when this returns. An account may have several."""
        key = ApiKey(account_id, _random_text(), _random_text())
        self._keys[key.api_key] = key
        self._write()
        return key

    def find(self, api_key: str) -> ApiKey | None:
        """Return the key with this public part, or None."""
        return self._keys.get(api_key)

    def all(self) -> tuple[ApiKey, ...]:
        """Return every key, oldest first."""
        return tuple(self._keys.values())

    def _write(self) -> None:
        """Replace the file as a whole: a crash leaves the old one or the new one."""
        unfinished = self.path.with_suffix(".new")
        unfinished.unlink(missing_ok=True)
        text = msgspec.json.format(msgspec.json.encode(KeyFile(self.admin_token, list(self._keys.values()))), indent=1)
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(self.path)


def _read(path: Path) -> KeyFile:
    mode = path.stat().st_mode & 0o777
    if mode & 0o077:
        raise KeysError(f"{path} has mode {mode:o}: others may read the secrets; `chmod 600` it")
    try:
        return msgspec.json.decode(path.read_bytes(), type=KeyFile)
    except msgspec.DecodeError as error:
        reason = f"{path} cannot be read: {error}; restore it, or remove it to begin anew without the old keys"
        raise KeysError(reason) from error


def _random_text() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(KEY_LENGTH))
