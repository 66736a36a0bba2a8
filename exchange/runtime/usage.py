"""What clients used of a venue since it was begun to be served: counts, bounded, and no state of the venue.

Endpoints, methods of the WebSocket API and streams by name; parameters that nobody reads; what was asked for and does
not exist; refusals by code. What it is told is text of clients: it is cut, and only so many names are kept apart.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec
import orjson

USAGE_NAME = "usage.json"
NAMES_MAX = 500  # of each kind that are counted apart; all others share one line
NAME_CHARACTERS_MAX = 100
OTHERS = "(others)"


class UsedCall(msgspec.Struct, rename="camel"):
    """An endpoint, or a method of the WebSocket API: `refused` of its calls, and parameters that it does not read."""

    name: str
    calls: int = 0
    refused: int = 0
    ignored: dict[str, int] = msgspec.field(default_factory=dict)


class Counted(msgspec.Struct, rename="camel"):
    """A name and how often it came."""

    name: str
    count: int


class CountedError(msgspec.Struct, rename="camel"):
    """A code that calls were refused with, how often, and the text of the first one."""

    code: int
    count: int
    msg: str


class UsageReport(msgspec.Struct, rename="camel"):
    """All of it, as `usage.json` and the control API have it; times in milliseconds, lists by falling count."""

    since: int
    until: int
    endpoints: list[UsedCall]
    methods: list[UsedCall]
    streams: list[Counted]
    not_implemented: list[Counted]
    errors: list[CountedError]


class Usage:
    """Counts what clients use. `version` grows with every count, so that nobody writes the same twice."""

    def __init__(self, since_ms: int) -> None:
        """Start at nothing, at this time."""
        self.version = 0
        self._since_ms = since_ms
        self._endpoints: dict[str, UsedCall] = {}
        self._methods: dict[str, UsedCall] = {}
        self._streams: Counter[str] = Counter()
        self._not_implemented: Counter[str] = Counter()
        self._errors: dict[int, CountedError] = {}

    def endpoint(self, name: str, ignored: Iterable[str], *, refused: bool) -> None:
        """Count a call of an endpoint that there is; `ignored`: what was sent and is not read."""
        self._call(self._endpoints, name, ignored, refused=refused)

    def method(self, name: str, ignored: Iterable[str], *, refused: bool) -> None:
        """Count a request of the WebSocket API with a method that there is."""
        self._call(self._methods, name, ignored, refused=refused)

    def stream(self, name: str) -> None:
        """Count a subscription to a stream that there is."""
        self.version += 1
        self._streams[_slot(self._streams, name)] += 1

    def missing(self, name: str) -> None:
        """Count something that was asked for and does not exist: an endpoint, a method, a stream."""
        self.version += 1
        self._not_implemented[_slot(self._not_implemented, name)] += 1

    def error(self, code: int, msg: str) -> None:
        """Count a refusal."""
        self.version += 1
        known = self._errors.get(code)
        if known is not None:
            known.count += 1
        elif len(self._errors) < NAMES_MAX:
            self._errors[code] = CountedError(code, 1, _shown(msg))

    def report(self, until_ms: int) -> UsageReport:
        """Return what was counted."""
        return UsageReport(
            since=self._since_ms,
            until=until_ms,
            endpoints=_by_calls(self._endpoints),
            methods=_by_calls(self._methods),
            streams=_by_count(self._streams),
            not_implemented=_by_count(self._not_implemented),
            errors=sorted(self._errors.values(), key=lambda error: -error.count),
        )

    def _call(self, table: dict[str, UsedCall], name: str, ignored: Iterable[str], *, refused: bool) -> None:
        self.version += 1
        name = _slot(table, name)
        used = table.setdefault(name, UsedCall(name))
        used.calls += 1
        used.refused += refused
        for parameter in ignored:
            slot = _slot(used.ignored, parameter)
            used.ignored[slot] = used.ignored.get(slot, 0) + 1


def write_usage(folder: Path, report: UsageReport) -> None:
    """Write the report into a data folder, whole or not at all. Raises OSError."""
    path = folder / USAGE_NAME
    unfinished = path.with_name(f".{USAGE_NAME}")
    unfinished.write_bytes(orjson.dumps(msgspec.to_builtins(report), option=orjson.OPT_INDENT_2) + b"\n")
    unfinished.replace(path)


def _slot(table: Mapping[str, object], name: str) -> str:
    """Return the name to count by: itself, cut and printable, or that of all others when there are too many."""
    name = _shown(name)
    return name if name in table or len(table) < NAMES_MAX else OTHERS


def _shown(text: str) -> str:
    """Return a text cut and fit to be printed; most are as they are."""
    if len(text) <= NAME_CHARACTERS_MAX and text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else "?" for sign in text[:NAME_CHARACTERS_MAX])


def _by_calls(table: dict[str, UsedCall]) -> list[UsedCall]:
    return sorted(table.values(), key=lambda used: (-used.calls, used.name))


def _by_count(counter: Counter[str]) -> list[Counted]:
    return [Counted(name, count) for name, count in sorted(counter.items(), key=lambda item: (-item[1], item[0]))]
