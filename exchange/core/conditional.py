"""A conditional order while it waits, and after: it holds numbers. When it is due, `triggers` and `firing` say."""

from dataclasses import dataclass

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
    """One conditional order: quantity in lots, prices in ticks, callback rate in 1e-8, times in nanoseconds.

    `extreme` is the best price for its owner that a trailing one has seen; `activation_price` from where it follows.
    """

    conditional_id: int
    account_id: int
    symbol: str
    client_id: str
    kind: ConditionalType
    side: Side
    position_side: PositionSide
    quantity: int
    trigger_price: int
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
    extreme: int = 0
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

    def follow(self, price: int) -> bool:
        """Let a trailing one see a price; return whether its trigger price is another now."""
        if (price - self.extreme) * self.side < 0:
            self.extreme = price
        before = self.trigger_price
        if (self.extreme - self.activation_price) * self.side <= 0:
            turned = self.extreme * (RATE_ONE + self.side * self.callback_rate)
            rounded = div_ceil(turned, RATE_ONE) if self.side is Side.BUY else div_floor(turned, RATE_ONE)
            self.trigger_price = max(1, rounded)
        return self.trigger_price != before

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
