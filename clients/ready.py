"""Reads the ready file of a served venue: where it listens and who may trade. It connects to nothing."""

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Credentials:
    """An account and the key that trades for it."""

    account_id: int
    api_key: str
    secret_key: str


@dataclass(frozen=True, slots=True)
class Ready:
    """Base URLs without a trailing slash, the admin token, and the accounts that the venue made at its start."""

    rest: str
    ws: str
    admin_token: str
    accounts: tuple[Credentials, ...]


class ReadyFileError(Exception):
    """The file cannot be read, or a venue did not write it."""


def read_ready(path: str | Path) -> Ready:
    """Return what a ready file says. Raises ReadyFileError."""
    try:
        document = json.loads(Path(path).read_text("utf-8"))
        accounts = tuple(credentials(entry) for entry in document["accounts"])
        return Ready(document["rest"].rstrip("/"), document["ws"].rstrip("/"), document["adminToken"], accounts)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ReadyFileError(f"{path} is not the ready file of a venue: {error!r}") from error


def credentials(entry: dict[str, str]) -> Credentials:
    """Return the credentials in an account's JSON object."""
    return Credentials(int(entry["accountId"]), entry["apiKey"], entry["secretKey"])
