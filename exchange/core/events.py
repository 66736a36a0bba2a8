"""What the venue reports of each command, as records: published, projected, hashed; never applied back to the core."""

import msgspec

from exchange.core.enums import (
    BalanceReason,
    Execution,
    ExpireReason,
    MarginMove,
    MarginType,
    MarketState,
    PositionSide,
    RejectReason,
    Side,
    SourceStatus,
)
from exchange.core.records import ConditionalRecord, Fill, OrderRecord, PositionRecord
from exchange.core.units import Atoms, Lots, Nanos, RateE8, Ticks


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

    `wallet_balance` is the whole futures wallet, `isolated_balance` the part of it that isolated positions have for
    themselves; the rest is the cross wallet. `balance_change` is what the whole moved by, in atoms; for ORDER it is
    realised profit less fee. `positions` lists only the positions that changed, or whose isolated wallet did.
    """

    account_id: int
    reason: BalanceReason
    wallet_balance: Atoms
    balance_change: Atoms
    funding_balance: Atoms
    symbol: str = ""
    positions: tuple[PositionRecord, ...] = ()
    isolated_balance: Atoms = Atoms(0)


class IsolatedMarginMoved(Record, frozen=True, gc=False, tag="isolated_margin_moved"):
    """Margin moved between the cross wallet and an isolated position; `amount` is positive towards the position."""

    account_id: int
    symbol: str
    position_side: PositionSide
    amount: Atoms
    cause: MarginMove


class MarginTypeSet(Record, frozen=True, gc=False, tag="margin_type_set"):
    """An account's margin type in a contract changed; `hedge`, its position mode, tells whose legs that concerns."""

    account_id: int
    symbol: str
    margin_type: MarginType
    hedge: bool = False


class PositionModeSet(Record, frozen=True, gc=False, tag="position_mode_set"):
    """An account's position mode changed."""

    account_id: int
    hedge: bool


class AutoAddMarginSet(Record, frozen=True, gc=False, tag="auto_add_margin_set"):
    """Whether an account's isolated positions in a contract are topped up, also when it is what it was."""

    account_id: int
    symbol: str
    enabled: bool


class LeverageSet(Record, frozen=True, gc=False, tag="leverage_set"):
    """An account's leverage in a contract, also when it is what it was."""

    account_id: int
    symbol: str
    leverage: int


class OrderUpdated(Record, frozen=True, gc=False, tag="order_updated"):
    """Something happened to an order. `fill` is set when `execution` is TRADE.

    `bids_notional`, `asks_notional`: the open orders of the order's position after this event, in atoms.
    """

    order: OrderRecord
    execution: Execution
    fill: Fill | None = None
    expire_reason: ExpireReason = ExpireReason.NONE
    bids_notional: Atoms = Atoms(0)
    asks_notional: Atoms = Atoms(0)


class ConditionalUpdated(Record, frozen=True, gc=False, tag="conditional_updated"):
    """A conditional order came to another status; `conditional.status` tells to which."""

    conditional: ConditionalRecord


class CountdownSet(Record, frozen=True, gc=False, tag="countdown_set"):
    """The open orders of an account in a contract are canceled at `due`; 0: not any more, or they just were."""

    account_id: int
    symbol: str
    due: Nanos


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
    """The index was made anew, of the sources that live. `source_ts` is the time of the feed."""

    symbol: str
    price: Ticks
    source_ts: Nanos


class IndexSourceChanged(Record, frozen=True, gc=False, tag="index_source_changed"):
    """A source of the index came alive, fell silent or was lost."""

    symbol: str
    source: str
    status: SourceStatus


class MarkPriceSet(Record, frozen=True, gc=False, tag="mark_price_set"):
    """The mark of a mark tick, with what it was made from.

    `funding_rate` is the rate that the next settlement would have now; `premium_index` the latest premium, in 1e-8.
    """

    symbol: str
    mark_price: Ticks
    index_price: Ticks
    funding_rate: RateE8
    next_funding_ts: Nanos
    premium_index: RateE8 = RateE8(0)


class CircuitBroken(Record, frozen=True, gc=False, tag="circuit_broken"):
    """The mark moved too far from `reference_price`, a mark of the last window: halted until `until_ts`."""

    symbol: str
    mark_price: Ticks
    reference_price: Ticks
    until_ts: Nanos


class FundingSettled(Record, frozen=True, gc=False, tag="funding_settled"):
    """Funding of a contract was paid; the payments follow as AccountUpdated. `next_interval` is what begins now."""

    symbol: str
    funding_rate: RateE8
    mark_price: Ticks
    funding_ts: Nanos
    next_interval: Nanos = Nanos(0)


class MarginCallPosition(msgspec.Struct, frozen=True, gc=False):
    """One position in a margin call."""

    symbol: str
    quantity: Lots
    mark_price: Ticks
    unrealized_pnl: Atoms
    maintenance_margin: Atoms
    position_side: PositionSide = PositionSide.BOTH
    leverage: int = 0  # chosen in its contract


class MarginCalled(Record, frozen=True, gc=False, tag="margin_called"):
    """Maintenance margin reached the call ratio of the equity: add funds or be liquidated.

    With a `symbol` it is the call of that isolated position, and `wallet_balance` its own wallet; without, of the cross
    positions and the cross wallet.
    """

    account_id: int
    wallet_balance: Atoms
    equity: Atoms
    maintenance_margin: Atoms
    positions: tuple[MarginCallPosition, ...]
    symbol: str = ""
    position_side: PositionSide = PositionSide.BOTH


class AccountLocked(Record, frozen=True, gc=False, tag="account_locked"):
    """Liquidation begins: orders, withdrawals and leverage changes are refused until it is released.

    With a `symbol` only that isolated position is liquidated, and only its contract is locked for the account. Wallet
    and positions are those that this is about, at this moment.
    """

    account_id: int
    equity: Atoms
    maintenance_margin: Atoms
    symbol: str = ""
    position_side: PositionSide = PositionSide.BOTH
    wallet_balance: Atoms = Atoms(0)
    positions: tuple[MarginCallPosition, ...] = ()


class AccountReleased(Record, frozen=True, gc=False, tag="account_released"):
    """Liquidation is over: of the account, or, with a `symbol`, of that isolated position. Its wallet is told."""

    account_id: int
    wallet_balance: Atoms
    symbol: str = ""
    position_side: PositionSide = PositionSide.BOTH


class PositionLiquidated(Record, frozen=True, gc=False, tag="position_liquidated"):
    """What one margin pass did about one position: sold on the book, handed over, queued for deleveraging.

    `quantity` is the position before, signed. Values are notionals in atoms, without the sign
    of the side; they are negative when a short's owner lost more than its notional. `bankruptcy_value` is that of
    the whole position; `limit_price` is that of the last order, 0 without one. A negative `fee` was paid by the fund.
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
    position_side: PositionSide = PositionSide.BOTH
    margin_type: MarginType = MarginType.CROSS
    ordered_quantity: Lots = Lots(0)  # of all its orders
    queued_quantity: Lots = Lots(0)  # for deleveraging


class LiquidationWaits(Record, frozen=True, gc=False, tag="liquidation_waits"):
    """A scope in liquidation is left alone until a time; 0: until its contracts are no longer halted."""

    account_id: int
    until_ts: Nanos
    symbol: str = ""
    position_side: PositionSide = PositionSide.BOTH


class LiquidationsCarriedOver(Record, frozen=True, gc=False, tag="liquidations_carried_over"):
    """One margin pass had too much to do: so many scopes wait for the next one."""

    scopes: int
    until_ts: Nanos


class BackstopRefused(Record, frozen=True, gc=False, tag="backstop_refused"):
    """The backstop did not take so many lots: its kind, its cap, its stop, or no money. Amounts in atoms."""

    liquidation_id: int
    account_id: int
    symbol: str
    position_side: PositionSide
    quantity: Lots
    fund_equity: Atoms
    fund_notional: Atoms  # net, signed


class Deleveraged(Record, frozen=True, gc=False, tag="deleveraged"):
    """Lots of a bankrupt's position were closed against a counterparty's: a transfer, without fee or print.

    `value` is their notional in atoms, without the sign of the side. `order_id` names the counterparty's side of it;
    `realized_pnl` is its profit. Account 0 as the bankrupt is a vault under water.
    """

    liquidation_id: int
    symbol: str
    account_id: int
    position_side: PositionSide
    counterparty_id: int
    counterparty_side: PositionSide
    quantity: Lots
    value: Atoms
    mark_price: Ticks
    order_id: int
    side: Side  # of the counterparty's closing
    realized_pnl: Atoms


class DeleveragingExhausted(Record, frozen=True, gc=False, tag="deleveraging_exhausted"):
    """Nobody was left against whom so many lots could be closed: they stay where they are."""

    liquidation_id: int
    account_id: int
    symbol: str
    position_side: PositionSide
    quantity: Lots


class DrawdownChanged(Record, frozen=True, gc=False, tag="drawdown_changed"):
    """The backstop has lost so much that everything is deleveraged now, or has recovered. Equity and peak in atoms."""

    active: bool
    equity: Atoms
    peak: Atoms


class UnwindingStopped(Record, frozen=True, gc=False, tag="unwinding_stopped"):
    """The backstop has lost too much and leaves the market until a time."""

    until_ts: Nanos
    equity: Atoms
    peak: Atoms


class VaultUnderwater(Record, frozen=True, gc=False, tag="vault_underwater"):
    """The vault's equity is negative: its own positions are deleveraged."""

    equity: Atoms


class LossShared(Record, frozen=True, gc=False, tag="loss_shared"):
    """What the fund could not pay was shared by traders: of `loss`, `paid` reached the fund."""

    loss: Atoms
    paid: Atoms


class FundShortfall(Record, frozen=True, gc=False, tag="fund_shortfall"):
    """A loss that the fund could not pay: `amount` beyond its balance, `total` of all so far."""

    amount: Atoms
    total: Atoms


class MarketStateSet(Record, frozen=True, gc=False, tag="market_state_set"):
    """What a contract allows: set by the venue's operator, found by its index, or by the circuit breaker."""

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
    | IsolatedMarginMoved
    | MarginTypeSet
    | PositionModeSet
    | AutoAddMarginSet
    | LeverageSet
    | OrderUpdated
    | ConditionalUpdated
    | CountdownSet
    | TradePrinted
    | BookChanged
    | IndexPriceSet
    | IndexSourceChanged
    | MarkPriceSet
    | CircuitBroken
    | FundingSettled
    | MarginCalled
    | AccountLocked
    | AccountReleased
    | PositionLiquidated
    | LiquidationWaits
    | LiquidationsCarriedOver
    | BackstopRefused
    | Deleveraged
    | DeleveragingExhausted
    | DrawdownChanged
    | UnwindingStopped
    | VaultUnderwater
    | LossShared
    | FundShortfall
    | MarketStateSet
    | Annotated
    | Resumed
)
