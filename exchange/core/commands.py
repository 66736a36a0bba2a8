"""Everything that can change the venue, as records. Journaled: append fields with defaults, never reuse a tag."""

import msgspec

from exchange.core.enums import (
    ConditionalType,
    MarginType,
    MarketState,
    OrderType,
    PositionSide,
    PriceMatch,
    SelfTradePrevention,
    Side,
    TimeInForce,
    Wallet,
    WorkingType,
)
from exchange.core.units import Atoms, Lots, Nanos, RateE8, Ticks


class Record(msgspec.Struct, frozen=True, gc=False, tag_field="type", omit_defaults=True):
    """Base of all commands."""


class CreateAccount(Record, frozen=True, gc=False, tag="create_account"):
    """Open the next account; deposits are in atoms, into the futures and the funding wallet."""

    name: str
    deposit: Atoms = Atoms(0)
    funding_deposit: Atoms = Atoms(0)


class Deposit(Record, frozen=True, gc=False, tag="deposit"):
    """Add money from outside to the futures wallet."""

    account_id: int
    amount: Atoms


class Withdraw(Record, frozen=True, gc=False, tag="withdraw"):
    """Take money from the futures wallet to the outside, at most what is withdrawable."""

    account_id: int
    amount: Atoms


class Transfer(Record, frozen=True, gc=False, tag="transfer"):
    """Move money from one wallet of an account to its other one."""

    account_id: int
    source: Wallet
    amount: Atoms


class PlaceOrder(Record, frozen=True, gc=False, tag="place_order"):
    """Place an order. `price` is 0 for MARKET; an empty `client_order_id` asks the venue to make one.

    With a `price_match` the price is 0, too: the book gives it. `good_till` is the time at which a GTD order expires.
    """

    account_id: int
    symbol: str
    side: Side
    order_type: OrderType
    quantity: Lots
    price: Ticks = Ticks(0)
    time_in_force: TimeInForce = TimeInForce.GTC
    reduce_only: bool = False
    client_order_id: str = ""
    self_trade_prevention: SelfTradePrevention = SelfTradePrevention.EXPIRE_MAKER
    position_side: PositionSide = PositionSide.BOTH
    price_match: PriceMatch = PriceMatch.NONE
    good_till: Nanos = Nanos(0)


class CancelOrder(Record, frozen=True, gc=False, tag="cancel_order"):
    """Cancel one open order, named by its id or, when that is 0, by its client order id."""

    account_id: int
    symbol: str
    order_id: int = 0
    client_order_id: str = ""


class CancelAllOrders(Record, frozen=True, gc=False, tag="cancel_all_orders"):
    """Cancel every open order of an account in one contract, and with `conditionals` those that wait there, too."""

    account_id: int
    symbol: str
    conditionals: bool = False


class AmendOrder(Record, frozen=True, gc=False, tag="amend_order"):
    """Give an open order a new total quantity and price. `reduce_only` true is refused on an order that is not."""

    account_id: int
    symbol: str
    side: Side
    quantity: Lots
    price: Ticks
    order_id: int = 0
    client_order_id: str = ""
    reduce_only: bool = False
    modify_id: int = 0
    price_match: PriceMatch = PriceMatch.NONE


class PlaceConditional(Record, frozen=True, gc=False, tag="place_conditional"):
    """Have an order placed once a price is reached; nothing is reserved for it until then.

    `quantity` is 0 with `close_position`, which takes what the position then is. `trigger_price` is 0 for
    TRAILING_STOP_MARKET, whose `callback_rate` follows the price (from `activation_price` on, if that is not 0).
    `price`, `price_match` and `time_in_force` are those of the LIMIT order that STOP and TAKE_PROFIT become.
    """

    account_id: int
    symbol: str
    side: Side
    kind: ConditionalType
    quantity: Lots = Lots(0)
    trigger_price: Ticks = Ticks(0)
    price: Ticks = Ticks(0)
    working_type: WorkingType = WorkingType.CONTRACT_PRICE
    time_in_force: TimeInForce = TimeInForce.GTC
    reduce_only: bool = False
    close_position: bool = False
    price_protect: bool = False
    activation_price: Ticks = Ticks(0)
    callback_rate: RateE8 = RateE8(0)
    client_id: str = ""
    self_trade_prevention: SelfTradePrevention = SelfTradePrevention.EXPIRE_MAKER
    position_side: PositionSide = PositionSide.BOTH
    price_match: PriceMatch = PriceMatch.NONE
    good_till: Nanos = Nanos(0)


class CancelConditional(Record, frozen=True, gc=False, tag="cancel_conditional"):
    """Cancel one conditional order that waits, named by its id or, when that is 0, by its client id."""

    account_id: int
    conditional_id: int = 0
    client_id: str = ""


class CancelAllConditionals(Record, frozen=True, gc=False, tag="cancel_all_conditionals"):
    """Cancel every conditional order of an account that waits in one contract."""

    account_id: int
    symbol: str


class SetCountdown(Record, frozen=True, gc=False, tag="set_countdown"):
    """Have all open orders of an account in a contract canceled after `countdown`, unless it is set anew; 0: never."""

    account_id: int
    symbol: str
    countdown: Nanos


class SetLeverage(Record, frozen=True, gc=False, tag="set_leverage"):
    """Choose the leverage of an account in one contract."""

    account_id: int
    symbol: str
    leverage: int


class SetMarginType(Record, frozen=True, gc=False, tag="set_margin_type"):
    """Choose cross or isolated margin for an account in one contract."""

    account_id: int
    symbol: str
    margin_type: MarginType


class SetPositionMode(Record, frozen=True, gc=False, tag="set_position_mode"):
    """Choose one-way mode, or hedge mode with a long and a short position in each contract, for an account."""

    account_id: int
    hedge: bool


class AdjustMargin(Record, frozen=True, gc=False, tag="adjust_margin"):
    """Move margin between the cross wallet and an isolated position: towards it when `add`, else back."""

    account_id: int
    symbol: str
    amount: Atoms
    add: bool
    position_side: PositionSide = PositionSide.BOTH


class SetAutoAddMargin(Record, frozen=True, gc=False, tag="set_auto_add_margin"):
    """Choose whether isolated positions in a contract are topped up from the cross wallet before liquidation."""

    account_id: int
    symbol: str
    enabled: bool


class SetIndexPrice(Record, frozen=True, gc=False, tag="set_index_price"):
    """A new price of an index source, or of all of them when `source` is empty.

    `source_ts` is the feed's own time, so that a restarted feed goes on from it.
    """

    symbol: str
    price: Ticks
    source_ts: Nanos = Nanos(0)
    source: str = ""


class DropIndexSource(Record, frozen=True, gc=False, tag="drop_index_source"):
    """An index source is lost: it counts no more until its next price. An empty `source` is all of them."""

    symbol: str
    source: str = ""


class SetMarketState(Record, frozen=True, gc=False, tag="set_market_state"):
    """Open, restrict or halt a contract."""

    symbol: str
    state: MarketState


class Annotate(Record, frozen=True, gc=False, tag="annotate"):
    """Record a text beside the commands (news, rounds); it changes nothing."""

    kind: str
    text: str


class Tick(Record, frozen=True, gc=False, tag="tick"):
    """Do what is due at this time: samples, marks, funding, margin checks, unwinding. Asked for by `next_due`."""


class Resume(Record, frozen=True, gc=False, tag="resume"):
    """The venue starts, or starts again after an outage: missed fundings settle, missed samples are dropped."""


Command = (
    CreateAccount
    | Deposit
    | Withdraw
    | Transfer
    | PlaceOrder
    | CancelOrder
    | CancelAllOrders
    | AmendOrder
    | PlaceConditional
    | CancelConditional
    | CancelAllConditionals
    | SetCountdown
    | SetLeverage
    | SetMarginType
    | SetPositionMode
    | AdjustMargin
    | SetAutoAddMargin
    | SetIndexPrice
    | DropIndexSource
    | SetMarketState
    | Annotate
    | Tick
    | Resume
)
