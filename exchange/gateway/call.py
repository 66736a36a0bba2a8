"""A request on its way and what it came to, whichever door it came through. Neither does anything."""

from dataclasses import dataclass, field

from exchange.dialects.binance.door.limits import Caller
from exchange.dialects.binance.route import Params, Route


@dataclass(slots=True)
class Call:
    """One request on its way. `verb` and `name`: method and path, or `WS` and the method of the WebSocket API.

    What it costs is charged to `caller`, who is the address until a key is shown. What a door has not found out yet
    is None or empty, and stays so in a call that is refused before.
    """

    verb: str
    name: str
    caller: Caller
    now_ms: int
    route: Route | None = None
    params: Params = field(default_factory=dict)
    account_id: int = 0
    counts_orders: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call came to: HTTP status, JSON-able body (code and msg unless the status is 200), seconds to wait.

    `unanswered`: nothing of it may be told, and the door ends the connection.
    """

    status: int
    body: object
    retry_after: int = 0
    unanswered: bool = False
