"""What an API key is to the dialect: how its owner signs, and what it opens. It keeps and checks none."""

from enum import Enum
from typing import Protocol


class KeyKind(Enum):
    """How the owner of a key signs: with a secret that both sides know, or with a private key that only they have."""

    HMAC = "HMAC"
    ED25519 = "ED25519"
    RSA = "RSA"


class Permission(Enum):
    """What a key opens: `READ` the signed queries and the user stream, `TRADE` everything."""

    READ = "read"
    TRADE = "trade"


class Credentials(Protocol):
    """What is known of an API key."""

    @property
    def account_id(self) -> int:
        """Whose key it is."""
        ...

    @property
    def api_key(self) -> str:
        """The public part."""
        ...

    @property
    def kind(self) -> KeyKind:
        """How its owner signs."""
        ...

    @property
    def secret_key(self) -> str:
        """What the owner of an HMAC key signs with; empty for the other kinds."""
        ...

    @property
    def public_key(self) -> str:
        """What signatures of an Ed25519 or RSA key are verified with, as PEM; empty for HMAC."""
        ...

    @property
    def permission(self) -> Permission:
        """What it opens."""
        ...
