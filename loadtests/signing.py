"""How a load user signs: HMAC-SHA256 over what is sent, for REST and for the WebSocket API. No socket, no clock."""

import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import urlencode

from clients.ready import Credentials

RECV_WINDOW_MS = 5000

Params = Mapping[str, str | int]


def signature(secret_key: str, text: str) -> str:
    """Return the HMAC-SHA256 of a text as hex."""
    return hmac.new(secret_key.encode(), text.encode(), hashlib.sha256).hexdigest()


def signed_query(account: Credentials, params: Params, now_ms: int) -> str:
    """Return a REST query that is sent as it stands; the key goes into its header."""
    query = urlencode({**params, "recvWindow": RECV_WINDOW_MS, "timestamp": now_ms})
    return f"{query}&signature={signature(account.secret_key, query)}"


def signed_params(account: Credentials, params: Params, now_ms: int) -> dict[str, str | int]:
    """Return the params of a WebSocket API request with key and signature, which is over all of them by name."""
    sent = {**params, "apiKey": account.api_key, "recvWindow": RECV_WINDOW_MS, "timestamp": now_ms}
    text = "&".join(f"{name}={sent[name]}" for name in sorted(sent))
    return {**sent, "signature": signature(account.secret_key, text)}
