"""The index of a scenario: a path, walks, jumps, scripted shocks, and the contract's own flow on top. No trading.

    value(t) = path or walk * jumps * shocks that are news
    index(t) = value(t) * shocks that are not * coupling, posted every interval as `SetIndexPrice`

What it draws at a post does not depend on what is traded.
"""

import math
from collections.abc import Callable, Sequence
from typing import Annotated

import msgspec

from exchange.core.commands import SetIndexPrice
from exchange.core.contract import Contract
from exchange.core.enums import Side
from exchange.core.events import TradePrinted
from exchange.core.units import ATOMS_PER_QUOTE, SECOND, Nanos
from exchange.runtime.feeds.coupling import Coupling, Impact
from exchange.runtime.feeds.paths import index_ticks
from exchange.runtime.feeds.sources import index_source
from scenarios.agents.group import Interval, NotNegative, Positive, Record
from scenarios.chance import stream
from scenarios.kernel import Executed, Kernel

INDEX = "index"  # the origin of its commands
WALK = "walk"
MINUTE_S = 60.0
HOUR_S = 3_600.0
BP = 1e-4
DEMO = Impact()  # the figures of a served venue with `--coupled`


class Shock(Record, frozen=True, kw_only=True):
    """A scripted move of the index: `percent` in a straight line (of logarithms) over `over_seconds`.

    `recovered` is the share of it that comes back, in `recover_seconds`, after `hold_seconds`. News moves what the
    asset is worth, too: fundamental traders do not trade against it.
    """

    at_seconds: NotNegative
    percent: Annotated[float, msgspec.Meta(gt=-100)]
    over_seconds: Positive
    hold_seconds: NotNegative = 0.0
    recovered: float = 0.0
    recover_seconds: Positive = 60.0
    news: bool = True

    def log_at(self, elapsed_s: float) -> float:
        """Return the logarithm of what it multiplies the price by."""
        fallen = _ramp((elapsed_s - self.at_seconds) / self.over_seconds)
        back_s = self.at_seconds + self.over_seconds + self.hold_seconds
        back = self.recovered * _ramp((elapsed_s - back_s) / self.recover_seconds)
        return math.log1p(self.percent / 100) * (fallen - back)


class CouplingText(Record, frozen=True, kw_only=True):
    """How the contract's taker flow moves its index, if `on`: the figures are those of the demo unless written."""

    on: bool = False
    temporary_bp_per_million: float = DEMO.temporary_bp_per_million
    temporary_half_life_seconds: Positive = DEMO.temporary_half_life_s
    permanent_bp_per_million: float = DEMO.permanent_bp_per_million
    permanent_half_life_seconds: Positive = DEMO.permanent_half_life_s

    def impact(self) -> Impact:
        """Return it as the coupling takes it."""
        return Impact(
            self.temporary_bp_per_million,
            self.temporary_half_life_seconds,
            self.permanent_bp_per_million,
            self.permanent_half_life_seconds,
        )


class IndexText(Record, frozen=True, kw_only=True):
    """Where prices come from: `walk`, a geometric Brownian motion from `open`, or what `--index` of a venue names.

    That is `path:NAME[@HH:MM]` or `file:PATH[@HH:MM]`, and `open` has no effect. Jumps come `jumps_per_hour`, normal
    with `jump_bp` as standard deviation.
    """

    source: str = WALK
    open: Positive = 100_000.0
    walk_bp_per_sqrt_minute: NotNegative = 0.0
    drift_bp_per_hour: float = 0.0
    jumps_per_hour: NotNegative = 0.0
    jump_bp: NotNegative = 0.0
    post_seconds: Interval = 1.0
    shocks: tuple[Shock, ...] = ()
    coupling: CouplingText = CouplingText()


class Prices:
    """Posts the index of one contract for the whole run."""

    def __init__(self, kernel: Kernel, contract: Contract, text: IndexText, seed: int, *, coupled: bool) -> None:
        """Make the path; nothing is posted yet. Raises UnknownIndexError and MalformedBarsError for its source."""
        self.contract = contract
        self._kernel, self._text = kernel, text
        self._path = _path(text, contract, seed)
        self._walk, self._jump, self._size = (stream(seed, INDEX, name) for name in ("walk", "jump", "jump size"))
        self._coupling = Coupling(impact=text.coupling.impact()) if coupled else None
        self._begun_ns = kernel.now
        self._level = 0.0  # the logarithm of walk and jumps
        self._flow_atoms = 0

    def begin(self) -> None:
        """Post the first price at once, the others half an interval after the whole ones: before the marks."""
        if self._coupling:
            self._kernel.listen(self._note_flow)
        interval_ns = round(self._text.post_seconds * SECOND)
        self._submit()
        self._kernel.call_at(self._begun_ns + interval_ns // 2, self._post)

    def value(self) -> float:
        """Return what the asset is worth now, in quote units: the path with jumps and news."""
        return self._path(self._elapsed_s) * math.exp(self._level + self._shocked(self._news))

    @property
    def _elapsed_s(self) -> float:
        return (self._kernel.now - self._begun_ns) / SECOND

    def _shocked(self, shocks: Sequence[Shock]) -> float:
        elapsed_s = self._elapsed_s
        return sum(shock.log_at(elapsed_s) for shock in shocks)

    @property
    def _news(self) -> list[Shock]:
        return [shock for shock in self._text.shocks if shock.news]

    def _post(self) -> None:
        text, minutes = self._text, self._text.post_seconds / MINUTE_S
        self._level += BP * text.walk_bp_per_sqrt_minute * math.sqrt(minutes) * self._walk.standard_normal()
        self._level += BP * text.drift_bp_per_hour * text.post_seconds / HOUR_S
        jumped, size = self._jump.random(), self._size.standard_normal()
        if jumped < text.jumps_per_hour * text.post_seconds / HOUR_S:
            self._level += BP * text.jump_bp * size
        self._submit()
        self._kernel.call_at(self._kernel.now + round(text.post_seconds * SECOND), self._post)

    def _submit(self) -> None:
        noise = [shock for shock in self._text.shocks if not shock.news]
        price = self.value() * math.exp(self._shocked(noise))
        if self._coupling:
            price *= self._coupling.step(self._flow_atoms / ATOMS_PER_QUOTE, self._text.post_seconds)
            self._flow_atoms = 0
        command = SetIndexPrice(self.contract.symbol, index_ticks(price, self.contract), Nanos(self._kernel.now))
        self._kernel.submit(command, INDEX)

    def _note_flow(self, executed: Executed) -> None:
        for event in executed.events:
            if type(event) is TradePrinted and event.symbol == self.contract.symbol:
                value = self.contract.notional(event.price, event.quantity)
                self._flow_atoms += value if event.taker_side is Side.BUY else -value


def _ramp(share: float) -> float:
    return max(0.0, min(1.0, share))


def _path(text: IndexText, contract: Contract, seed: int) -> Callable[[float], float]:
    """Return the price without impact and shocks as a function of the seconds gone by."""
    if text.source == WALK:
        return lambda _elapsed_s: text.open
    source = index_source(text.source, (contract,), seed)
    if contract.symbol not in source.paths:
        raise ValueError(f"index: source {text.source!r} has no path; use {WALK}, path:NAME or file:PATH")
    path, start_ns = source.paths[contract.symbol], source.start_ns
    return lambda elapsed_s: path.price_at(start_ns + int(elapsed_s * SECOND))
