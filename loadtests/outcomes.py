"""What an answer was worth, in one word: done, refused in the dialect's own codes, failed, or never heard. Pure.

`ok`; the code of a refusal, as `-2019`; `http 503 -1008` for the server's own failures; `transport NAME` when no answer
came; `book NAME` when a book that is kept through diffs broke.
"""

from typing import Any

OK = "ok"
UNANSWERED = "transport unanswered"  # at the end of the run
SERVER_ERRORS_FROM = 500
REFUSED_FROM = 400

# What a trader may hear on a venue that is well: it lost a race, or its account or the market forbids it.
EXPECTED = frozenset(
    {
        OK,
        "-2011",  # the order that it cancels is gone
        "-2013",  # the order that it asks for is
        "-2019",  # its margin does not suffice
        "-2022",  # nothing left to reduce
        "-2023",  # it is being liquidated
        "-2025",  # too many open orders
        "-2027",  # its position is as large as its leverage allows
        "-4016",  # its price left the band around the mark
        "-4024",  # likewise
        "-4131",  # the best counter price is beyond the band
    }
)
LIMITED = frozenset({"-1003", "-1015"})  # who floods is told so; nobody else is
FLOOD = "flood"  # the door of who floods


def outcome_of(status: int, body: Any) -> str:
    """Return the word for an answer with this HTTP status and this decoded body."""
    if status < REFUSED_FROM:
        return OK
    code = body.get("code") if isinstance(body, dict) else None
    if status >= SERVER_ERRORS_FROM or not isinstance(code, int):
        return f"http {status} {code}"
    return str(code)


def unheard(error: Exception) -> str:
    """Return the word for a request without an answer."""
    return f"transport {type(error).__name__}"


def is_expected(door: str, outcome: str) -> bool:
    """Tell whether a venue that is well may say so to who comes through this door."""
    return outcome in EXPECTED or (door == FLOOD and outcome in LIMITED)
