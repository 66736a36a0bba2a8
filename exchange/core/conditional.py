"""A conditional order while it waits, and after: it holds numbers. When it is due, `triggers` and `firing` say."""

from dataclasses import dataclass

from sortedcontainers import SortedDict

from exchange.core.enums import (
    ConditionalStatus,
    ConditionalType,
    PositionSide,
    PriceMatch,
    RejectReason,
    SelfTradePrevention,
    Side,
    TimeInForce,
    WorkingType,
)
from exchange.core.records import ConditionalRecord, Origin
from exchange.core.units import RATE_ONE, Atoms, Lots, Nanos, RateE8, Ticks, div_ceil, div_floor

LIMIT_KINDS = frozenset({ConditionalType.STOP, ConditionalType.TAKE_PROFIT})
CLOSING_KINDS = frozenset({ConditionalType.STOP_MARKET, ConditionalType.TAKE_PROFIT_MARKET})  # may close a position
TAKE_PROFIT_KINDS = frozenset({ConditionalType.TAKE_PROFIT, ConditionalType.TAKE_PROFIT_MARKET})


def rises(kind: ConditionalType, side: Side) -> bool:
    """Tell whether such an order waits for the price to rise; else it waits for a fall."""
    return (side is Side.BUY) is not (kind in TAKE_PROFIT_KINDS)


@dataclass(slots=True)
class Conditional:
    """One conditional order: quantity in lots, prices in ticks, callback rate in 1e-8, times in nanoseconds."""

    conditional_id: int
    account_id: int
    symbol: str
    client_id: str
    kind: ConditionalType
    side: Side
    position_side: PositionSide
    quantity: int
    stated_trigger: int  # 0 of a trailing one
    price: int
    working_type: WorkingType
    time_in_force: TimeInForce
    reduce_only: bool
    close_position: bool
    price_protect: bool
    activation_price: int
    callback_rate: int
    self_trade_prevention: SelfTradePrevention
    price_match: PriceMatch
    good_till: int
    created_ts: int
    updated_ts: int
    trail: "Trail | None" = None  # of a trailing one that follows
    status: ConditionalStatus = ConditionalStatus.NEW
    triggered_ts: int = 0
    order_id: int = 0
    filled: int = 0
    cum_quote: int = 0
    reject_reason: RejectReason | None = None
    reject_detail: int = 0

    @property
    def trails(self) -> bool:
        """Tell whether its trigger price follows the price."""
        return self.kind is ConditionalType.TRAILING_STOP_MARKET

    @property
    def rises(self) -> bool:
        """Tell whether it waits for the price to rise; else it waits for a fall."""
        return rises(self.kind, self.side)

    @property
    def trigger_price(self) -> int:
        """The price that it waits for, in ticks, rounded away from the one that it follows; 0 while it does not yet."""
        if self.trail is None:
            return self.stated_trigger
        turned = self.trail.extreme * (RATE_ONE + self.side * self.callback_rate)
        return max(1, div_ceil(turned, RATE_ONE) if self.side is Side.BUY else div_floor(turned, RATE_ONE))

    @property
    def key(self) -> tuple[int, int, int]:
        """Its place among those that wait for a rise, or for a fall, of the same price: the smallest is due first."""
        nearness = self.trigger_price if self.rises else -self.trigger_price
        return nearness, self.callback_rate, self.conditional_id

    def due(self, price: int) -> bool:
        """Tell whether it is due at a working price in ticks."""
        return price >= self.trigger_price if self.rises else price <= self.trigger_price

    def origin(self) -> Origin:
        """Return what the order that it became says of it."""
        return Origin(
            conditional_id=self.conditional_id,
            kind=self.kind,
            trigger_price=Ticks(self.trigger_price),
            working_type=self.working_type,
            close_position=self.close_position,
            price_protect=self.price_protect,
            activation_price=Ticks(self.activation_price),
            callback_rate=RateE8(self.callback_rate),
        )

    def record(self) -> ConditionalRecord:
        """Return it as it stands, frozen."""
        return ConditionalRecord(
            conditional_id=self.conditional_id,
            account_id=self.account_id,
            symbol=self.symbol,
            client_id=self.client_id,
            kind=self.kind,
            side=self.side,
            position_side=self.position_side,
            quantity=Lots(self.quantity),
            trigger_price=Ticks(self.trigger_price),
            price=Ticks(self.price),
            working_type=self.working_type,
            time_in_force=self.time_in_force,
            reduce_only=self.reduce_only,
            close_position=self.close_position,
            price_protect=self.price_protect,
            activation_price=Ticks(self.activation_price),
            callback_rate=RateE8(self.callback_rate),
            self_trade_prevention=self.self_trade_prevention,
            price_match=self.price_match,
            good_till=Nanos(self.good_till),
            status=self.status,
            created_ts=Nanos(self.created_ts),
            updated_ts=Nanos(self.updated_ts),
            triggered_ts=Nanos(self.triggered_ts),
            order_id=self.order_id,
            filled=Lots(self.filled),
            cum_quote=Atoms(self.cum_quote),
            reject_reason=self.reject_reason,
            reject_detail=self.reject_detail,
        )


@dataclass(slots=True)
class Trail:
    """Trailing orders that follow the same best price, in ticks, by (callback rate, id): the first is due first."""

    extreme: int
    orders: SortedDict[tuple[int, int], Conditional]
