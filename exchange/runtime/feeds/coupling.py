"""The coupled index: how a contract's own taker flow moves its index, as arbitrage would carry it to the spot market.

Pure arithmetic over floats, no clock. What it yields is recorded as index prices, so that a replay needs none of it.

With signed taker flow q (quote units, + bought) since the last step, and dt seconds gone by,

    temporary(t)  =  temporary(t - dt) * 2^(-dt / TEMPORARY_HALF_LIFE_S)  +  TEMPORARY_BP_PER_MILLION * q / 1e6
    permanent(t)  =  permanent(t - dt) * 2^(-dt / PERMANENT_HALF_LIFE_S)  +  PERMANENT_BP_PER_MILLION * q / 1e6
    index(t)      =  path(t) * exp((temporary + permanent) * 1e-4)

"Permanent" lasts for the length of a cascade; over hours the outside market pulls it back, else sessions would drift
away from their path. The sum is bounded. The figures are a choice of this project, not an estimate of any market.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from exchange.core.contract import Contract
from exchange.core.units import ATOMS_PER_QUOTE, SECOND
from exchange.runtime.feeds.paths import index_ticks

TEMPORARY_BP_PER_MILLION = 6.0
TEMPORARY_HALF_LIFE_S = 10.0
PERMANENT_BP_PER_MILLION = 2.0
PERMANENT_HALF_LIFE_S = 1_800.0
IMPACT_BP_MAX = 1_500.0
MILLION = 1e6


@dataclass(frozen=True, slots=True)
class Impact:
    """How strongly flow moves the index, and for how long: basis points per million quote units, half-lives."""

    temporary_bp_per_million: float = TEMPORARY_BP_PER_MILLION
    temporary_half_life_s: float = TEMPORARY_HALF_LIFE_S
    permanent_bp_per_million: float = PERMANENT_BP_PER_MILLION
    permanent_half_life_s: float = PERMANENT_HALF_LIFE_S


@dataclass(slots=True)
class Coupling:
    """The impact of one contract's flow on its index, in basis points."""

    temporary_bp: float = 0.0
    permanent_bp: float = 0.0
    impact: Impact = Impact()

    def step(self, flow_quote: float, elapsed_s: float) -> float:
        """Take in the signed taker flow of the last `elapsed_s` seconds and return the factor for the path's price."""
        impact, millions = self.impact, flow_quote / MILLION
        temporary_bp = self.temporary_bp * 0.5 ** (elapsed_s / impact.temporary_half_life_s)
        permanent_bp = self.permanent_bp * 0.5 ** (elapsed_s / impact.permanent_half_life_s)
        self.temporary_bp = _bounded(temporary_bp + impact.temporary_bp_per_million * millions)
        self.permanent_bp = _bounded(permanent_bp + impact.permanent_bp_per_million * millions)
        return self.factor

    @property
    def factor(self) -> float:
        """What the path's price is multiplied by."""
        return math.exp(_bounded(self.temporary_bp + self.permanent_bp) * 1e-4)


def resumed(index_price: float, path_price: float) -> Coupling:
    """Return the coupling of a venue that starts again: the distance it had from its path counts as permanent."""
    return Coupling(permanent_bp=_bounded(math.log(index_price / path_price) * 1e4))


class CoupledReplay:
    """Couples recorded index prices, of a path without impact, to the flow of the run that they are played into."""

    def __init__(self, contracts: Iterable[Contract]) -> None:
        """Begin without any impact."""
        self._contracts = {contract.symbol: contract for contract in contracts}
        self._couplings: dict[str, tuple[Coupling, int]] = {}  # and the time of its last step, nanoseconds

    def __call__(self, symbol: str, price: int, ts: int, flow_atoms: int) -> int:
        """Return the coupled price in ticks; `flow_atoms`: signed taker flow since the last price of the contract."""
        contract = self._contracts[symbol]
        coupling, stepped = self._couplings.get(symbol, (Coupling(), ts))
        factor = coupling.step(flow_atoms / ATOMS_PER_QUOTE, (ts - stepped) / SECOND)
        self._couplings[symbol] = coupling, ts
        return index_ticks(price * contract.tick_atoms / ATOMS_PER_QUOTE * factor, contract)


def _bounded(impact_bp: float) -> float:
    return max(-IMPACT_BP_MAX, min(IMPACT_BP_MAX, impact_bp))
