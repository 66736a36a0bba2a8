"""Signatures of those who keep their private key: Ed25519 and RSA, base64 on the wire. It knows no account."""

import base64
from functools import lru_cache
from urllib.parse import unquote

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from exchange.dialects.binance.door.credentials import KeyKind

RSA_BITS_MIN, RSA_BITS_MAX = 2048, 4096  # a larger one would take the loop's time at every request
RSA_EXPONENT_MAX = 65_537  # same
PARSED_MAX = 1_000  # keys kept ready: parsing one takes as long as verifying with it


def public_key_kind(pem: str) -> KeyKind:
    """Return the kind of a public key in PEM. Raises ValueError, saying why, for whatever cannot be used."""
    key = _parsed(pem)
    if isinstance(key, Ed25519PublicKey):
        return KeyKind.ED25519
    if not RSA_BITS_MIN <= key.key_size <= RSA_BITS_MAX or key.public_numbers().e > RSA_EXPONENT_MAX:
        raise ValueError(
            f"an RSA key needs {RSA_BITS_MIN} to {RSA_BITS_MAX} bits and an exponent of at most {RSA_EXPONENT_MAX}"
        )
    return KeyKind.RSA


def ed25519_matches(pem: str, signed_text: bytes, signature: str) -> bool:
    """Tell whether this base64 is the signature of a text by the owner of this Ed25519 key."""
    key = _parsed(pem)
    assert isinstance(key, Ed25519PublicKey), "the kind of a key is found from its PEM"
    try:
        key.verify(_decoded(signature), signed_text)
    except (ValueError, InvalidSignature):
        return False
    return True


def rsa_matches(pem: str, signed_text: bytes, signature: str) -> bool:
    """Tell whether this base64 is the signature (PKCS#1 v1.5, SHA-256) of a text by the owner of this RSA key."""
    key = _parsed(pem)
    assert isinstance(key, RSAPublicKey), "the kind of a key is found from its PEM"
    try:
        key.verify(_decoded(signature), signed_text, PKCS1v15(), SHA256())
    except (ValueError, InvalidSignature):
        return False
    return True


@lru_cache(PARSED_MAX)
def _parsed(pem: str) -> Ed25519PublicKey | RSAPublicKey:
    """Return the key of a PEM text. Raises ValueError."""
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValueError("it is no public key in PEM") from error
    if not isinstance(key, Ed25519PublicKey | RSAPublicKey):
        raise ValueError("it is neither an Ed25519 nor an RSA key")  # noqa: TRY004 - a value of the request
    return key


def _decoded(signature: str) -> bytes:
    """Return the bytes of base64. Raises ValueError.

    A space in it is a plus sign that was not encoded; percent signs are an encoding too many, as python-binance's in
    the JSON of the WebSocket API.
    """
    return base64.b64decode(unquote(signature).replace(" ", "+").encode("ascii"), validate=True)
