"""What the venue reports of each command, as records: published, projected, hashed; never applied back to the core."""

import msgspec

from exchange.core.enums import (
    BalanceReason,
    Execution,
    ExpireReason,
    MarketState,
    OrderStatus,
    OrderType,
    RejectReason,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from exchange.core.units import Atoms, Lots, Nanos, RateE8, Ticks


class OrderRecord(msgspec.Struct, frozen=True, gc=False):
    """An order as it stands after an event. Times in nanoseconds; `cum_quote` is the filled notional."""

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
    realized_pnl: Atoms  # all that this account ever realised in this contract, fees apart
    unrealized_pnl: Atoms  # at the mark of the moment


class Record(msgspec.Struct, frozen=True, gc=False, tag_field="type", omit_defaults=True):
    """Base of all events."""


class Rejected(Record, frozen=True, gc=False, tag="rejected"):
    """The command was refused and nothing changed. `detail` is the limit that was crossed, in its own unit, or 0."""

    reason: RejectReason
    account_id: int = 0
    detail: int = 0


class AccountCreated(Record, frozen=True, gc=False, tag="account_created"):
    """A new account; its deposits follow as AccountUpdated."""

    account_id: int
    name: str


class AccountUpdated(Record, frozen=True, gc=False, tag="account_updated"):
    """A wallet or a position of an account changed. Account 0 is the insurance fund.

    `balance_change` is what `wallet_balance` (futures) moved by, in atoms; for ORDER it is realised profit less fee.
    `positions` lists only the positions that changed.
    """

    account_id: int
    reason: BalanceReason
    wallet_balance: Atoms
    balance_change: Atoms
    funding_balance: Atoms
    symbol: str = ""
    positions: tuple[PositionRecord, ...] = ()


class LeverageSet(Record, frozen=True, gc=False, tag="leverage_set"):
    """An account's leverage in a contract, also when it is what it was."""

    account_id: int
    symbol: str
    leverage: int


class OrderUpdated(Record, frozen=True, gc=False, tag="order_updated"):
    """Something happened to an order. `fill` is set when `execution` is TRADE.

    `bids_notional`, `asks_notional`: the account's open orders in the contract after this event, in atoms.
    """

    order: OrderRecord
    execution: Execution
    fill: Fill | None = None
    expire_reason: ExpireReason = ExpireReason.NONE
    bids_notional: Atoms = Atoms(0)
    asks_notional: Atoms = Atoms(0)


class TradePrinted(Record, frozen=True, gc=False, tag="trade_printed"):
    """A trade on the book. `taker_side` BUY means that the buyer took."""

    symbol: str
    trade_id: int
    price: Ticks
    quantity: Lots
    taker_side: Side
    maker_order_id: int
    taker_order_id: int
    liquidation: bool = False


class BookChanged(Record, frozen=True, gc=False, tag="book_changed"):
    """The new totals, (price, quantity), of all levels that this command touched; quantity 0: the level is gone.

    `update_id` grows by one with each such event of a contract. Bids from high to low, asks from low to high.
    """

    symbol: str
    update_id: int
    bids: tuple[tuple[Ticks, Lots], ...]
    asks: tuple[tuple[Ticks, Lots], ...]


class IndexPriceSet(Record, frozen=True, gc=False, tag="index_price_set"):
    """A new index price."""

    symbol: str
    price: Ticks
    source_ts: Nanos


class MarkPriceSet(Record, frozen=True, gc=False, tag="mark_price_set"):
    """The mark of a mark tick, with what it was made from."""

    symbol: str
    mark_price: Ticks
    index_price: Ticks
    funding_rate: RateE8
    next_funding_ts: Nanos


class FundingSettled(Record, frozen=True, gc=False, tag="funding_settled"):
    """Funding of a contract was paid; the payments follow as AccountUpdated."""

    symbol: str
    funding_rate: RateE8
    mark_price: Ticks
    funding_ts: Nanos


class MarginCallPosition(msgspec.Struct, frozen=True, gc=False):
    """One position in a margin call."""

    symbol: str
    quantity: Lots
    mark_price: Ticks
    unrealized_pnl: Atoms
    maintenance_margin: Atoms


class MarginCalled(Record, frozen=True, gc=False, tag="margin_called"):
    """An account's maintenance margin reached the call ratio of its equity: add funds or be liquidated."""

    account_id: int
    wallet_balance: Atoms
    equity: Atoms
    maintenance_margin: Atoms
    positions: tuple[MarginCallPosition, ...]


class AccountLocked(Record, frozen=True, gc=False, tag="account_locked"):
    """Liquidation of an account begins: orders, withdrawals and leverage changes are refused until it is released."""

    account_id: int
    equity: Atoms
    maintenance_margin: Atoms


class AccountReleased(Record, frozen=True, gc=False, tag="account_released"):
    """Liquidation of an account is over."""

    account_id: int
    wallet_balance: Atoms


class PositionLiquidated(Record, frozen=True, gc=False, tag="position_liquidated"):
    """One position was liquidated: what was sold into the book, and what the fund took over at the bankruptcy price.

    `quantity` is the position before, signed. Values are notionals in atoms, without the sign
    of the side; they are negative when a short's owner lost more than its notional. `bankruptcy_value` is that of
    the whole position; `limit_price` is its price rounded in the trader's favour, the limit of the order.
    """

    liquidation_id: int
    account_id: int
    symbol: str
    quantity: Lots
    mark_price: Ticks
    equity: Atoms
    maintenance_margin: Atoms
    bankruptcy_value: Atoms
    limit_price: Ticks
    filled_quantity: Lots
    filled_value: Atoms
    fee: Atoms
    taken_over_quantity: Lots
    taken_over_value: Atoms


class FundInventoryExceeded(Record, frozen=True, gc=False, tag="fund_inventory_exceeded"):
    """The fund holds more than its cap, as there is no auto-deleveraging yet."""

    symbol: str
    net_notional: Atoms
    cap: Atoms


class FundShortfall(Record, frozen=True, gc=False, tag="fund_shortfall"):
    """A loss that the fund could not pay: `amount` beyond its balance, `total` of all so far."""

    amount: Atoms
    total: Atoms


class MarketStateSet(Record, frozen=True, gc=False, tag="market_state_set"):
    """A contract was opened, restricted or halted."""

    symbol: str
    state: MarketState


class Annotated(Record, frozen=True, gc=False, tag="annotated"):
    """A text was recorded."""

    kind: str
    text: str


class Resumed(Record, frozen=True, gc=False, tag="resumed"):
    """The venue started, or started again; `outage` is the time since its last command, 0 for the first start."""

    outage: Nanos
    missed_fundings: int


Event = (
    Rejected
    | AccountCreated
    | AccountUpdated
    | LeverageSet
    | OrderUpdated
    | TradePrinted
    | BookChanged
    | IndexPriceSet
    | MarkPriceSet
    | FundingSettled
    | MarginCalled
    | AccountLocked
    | AccountReleased
    | PositionLiquidated
    | FundInventoryExceeded
    | FundShortfall
    | MarketStateSet
    | Annotated
    | Resumed
)
