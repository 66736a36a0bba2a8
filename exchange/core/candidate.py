"""An order asking to be let in, with what is found out about it on the way. It is judged elsewhere."""

from collections.abc import Callable
from dataclasses import dataclass, field

from exchange.core.account import Account, Holding, Leg
from exchange.core.book import Order
from exchange.core.conditional import Conditional
from exchange.core.enums import (
    OrderType,
    PositionSide,
    RejectReason,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from exchange.core.events import Rejected
from exchange.core.matching import LifeRule, Walk, closing_room, life_rule
from exchange.core.state import Market, State


@dataclass(slots=True)
class Candidate:
    """An order asking to be let in, and what is found out about it on the way. Prices in ticks, quantities in lots."""

    state: State
    account: Account
    market: Market
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    quantity: int  # of the whole order, for the filters
    remaining: int  # what it would still fill
    price: int
    reduce_only: bool
    self_trade_prevention: SelfTradePrevention
    position_side: PositionSide = PositionSide.BOTH
    client_order_id: str = ""
    good_till: int = 0
    amended: Order | None = None  # the order it replaces
    conditional: Conditional | None = None  # that becomes this order
    knocked_out: list[Order] = field(default_factory=list)
    walk: Walk = field(default_factory=Walk)
    # What every check asks for, found once:
    holding: Holding = field(init=False)  # the account's, in the contract
    life: LifeRule = field(init=False)  # the rule of its time in force
    _only_reduces: bool | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        """Find what follows from the order itself."""
        self.holding = self.account.holdings[self.market.contract.symbol]
        self.life = life_rule(self.order_type, self.time_in_force)

    @property
    def leg(self) -> Leg:
        """The position it would move, with its orders; its side must fit the account's mode."""
        return self.holding.legs[self.position_side]

    @property
    def only_reduces(self) -> bool:
        """Tell whether the order, with all others of its side, can do no more than close the position."""
        if self._only_reduces is None:
            self._only_reduces = self.reduce_only or _only_reduces(self)
        return self._only_reduces

    @property
    def limit(self) -> int:
        """The worst price it may trade at: its own, or the market-order bound."""
        if self.order_type is OrderType.LIMIT:
            return self.price
        contract = self.market.contract
        return contract.price_shifted(self.market.mark_price, self.side * contract.market_take_bound)

    @property
    def counted_price(self) -> int:
        """The price it is counted at for margin: a MARKET order at the worst price that it reaches."""
        if self.order_type is OrderType.LIMIT:
            return self.price
        return self.walk.worst_price or self.market.mark_price


Check = Callable[[Candidate], RejectReason | Rejected | None]


def refuse(candidate: Candidate, reason: RejectReason, detail: int) -> Rejected:
    """Return a refusal of the candidate's account; `detail` is the bound that was crossed."""
    return Rejected(reason, candidate.account.account_id, detail)


def crosses(candidate: Candidate) -> bool:
    """Tell whether any opposite price meets the order's limit."""
    best = candidate.market.book.best_price(candidate.side.opposite)
    return best is not None and (best - candidate.limit) * candidate.side <= 0


def _only_reduces(candidate: Candidate) -> bool:
    """Tell it of an order that may do more; the account does not change while the order is judged."""
    leg = candidate.leg
    room = closing_room(leg.position.quantity, candidate.side) - candidate.remaining
    if room < 0:
        return False
    return room >= sum(
        order.remaining
        for order in candidate.holding.orders.values()
        if order.side is candidate.side and order.position_side is leg.side and order is not candidate.amended
    )
