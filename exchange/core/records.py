"""What events carry about an order, a conditional order, a fill and a position: frozen pictures. No events."""

import msgspec

from exchange.core.enums import (
    ConditionalStatus,
    ConditionalType,
    MarginType,
    OrderStatus,
    OrderType,
    PositionSide,
    PriceMatch,
    RejectReason,
    SelfTradePrevention,
    Side,
    TimeInForce,
    WorkingType,
)
from exchange.core.units import Atoms, Lots, Nanos, RateE8, Ticks


class Origin(msgspec.Struct, frozen=True, gc=False):
    """The conditional order that became an order, as it was then: its fields are those of `ConditionalRecord`."""

    conditional_id: int
    kind: ConditionalType
    trigger_price: Ticks
    working_type: WorkingType
    close_position: bool
    price_protect: bool
    activation_price: Ticks
    callback_rate: RateE8


class OrderRecord(msgspec.Struct, frozen=True, gc=False):
    """An order as it stands after an event. Times in nanoseconds; `cum_quote` is the filled notional.

    `good_till` is 0 unless it is GTD; `origin` is set when a conditional order became this one.
    """

    order_id: int
    account_id: int
    symbol: str
    client_order_id: str
    side: Side
    order_type: OrderType
    time_in_force: TimeInForce
    quantity: Lots
    price: Ticks
    reduce_only: bool
    self_trade_prevention: SelfTradePrevention
    status: OrderStatus
    filled: Lots
    cum_quote: Atoms
    created_ts: Nanos
    updated_ts: Nanos
    modify_id: int = 0
    position_side: PositionSide = PositionSide.BOTH
    price_match: PriceMatch = PriceMatch.NONE
    good_till: Nanos = Nanos(0)
    origin: Origin | None = None


class ConditionalRecord(msgspec.Struct, frozen=True, gc=False):
    """A conditional order as it stands after an event; its fields are those of `PlaceConditional`.

    `trigger_price` of a trailing one follows the price, and is 0 until it is activated. From TRIGGERED on, `order_id`
    is that of the order it became; in FINISHED `filled` lots and `cum_quote` atoms are what came of it. `reject_reason`
    and `reject_detail` say why that order was refused. Times in nanoseconds, 0: not yet, or never.
    """

    conditional_id: int
    account_id: int
    symbol: str
    client_id: str
    kind: ConditionalType
    side: Side
    position_side: PositionSide
    quantity: Lots
    trigger_price: Ticks
    price: Ticks
    working_type: WorkingType
    time_in_force: TimeInForce
    reduce_only: bool
    close_position: bool
    price_protect: bool
    activation_price: Ticks
    callback_rate: RateE8
    self_trade_prevention: SelfTradePrevention
    price_match: PriceMatch
    good_till: Nanos
    status: ConditionalStatus
    created_ts: Nanos
    updated_ts: Nanos
    triggered_ts: Nanos = Nanos(0)
    order_id: int = 0
    filled: Lots = Lots(0)
    cum_quote: Atoms = Atoms(0)
    reject_reason: RejectReason | None = None
    reject_detail: int = 0


class Fill(msgspec.Struct, frozen=True, gc=False):
    """One side of a trade.

    `fee` is paid by the account (negative: a rebate); of a liquidation order it goes to the insurance fund.
    """

    trade_id: int
    price: Ticks
    quantity: Lots
    fee: Atoms
    realized_pnl: Atoms
    maker: bool


class PositionRecord(msgspec.Struct, frozen=True, gc=False):
    """A position as it stands: quantity and entry value are signed (+ long, - short)."""

    symbol: str
    quantity: Lots
    entry_value: Atoms
    realized_pnl: Atoms  # all that this account ever realised in this contract on this side, fees apart
    unrealized_pnl: Atoms  # at the mark of the moment
    position_side: PositionSide = PositionSide.BOTH
    margin_type: MarginType = MarginType.CROSS
    isolated_wallet: Atoms = Atoms(0)
