"""What happened on a venue, as plain records that a test's author reads: decimals and texts, no ticks and no atoms."""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from exchange.core.account import FUND_ID
from exchange.core.contract import Contract
from exchange.core.enums import OrderType
from exchange.core.events import ConditionalUpdated, Event, MarkPriceSet, OrderUpdated, PositionLiquidated
from exchange.core.records import ConditionalRecord, Fill, OrderRecord
from exchange.core.units import ATOM_DECIMALS, ATOMS_PER_QUOTE
from exchange.dialects.binance.text.numbers import average_price_text
from exchange.projections.views import AccountView, PositionView
from exchange.runtime.sequencer import Applied

Contracts = Mapping[str, Contract]


@dataclass(frozen=True, slots=True)
class PlacedOrder:
    """An order as it stands now, one of the venue's own liquidation orders, too.

    Words as on the wire: `side` BUY or SELL, `type` LIMIT, MARKET or LIQUIDATION, `status` NEW, PARTIALLY_FILLED,
    FILLED, CANCELED, EXPIRED or EXPIRED_IN_MATCH. `price` is 0 for MARKET, `average_price` 0 while nothing is filled.
    """

    order_id: int
    account_id: int
    client_order_id: str
    symbol: str
    side: str
    position_side: str
    type: str
    time_in_force: str
    price: Decimal
    quantity: Decimal
    filled: Decimal
    average_price: Decimal
    status: str
    reduce_only: bool

    @property
    def is_open(self) -> bool:
        """Tell whether it can still be filled."""
        return self.status in {"NEW", "PARTIALLY_FILLED"}


@dataclass(frozen=True, slots=True)
class ConditionalOrder:
    """A conditional order as it stands now, its words as on the wire; `order_id` is 0 until it has become an order."""

    conditional_id: int
    account_id: int
    client_id: str
    symbol: str
    side: str
    type: str
    quantity: Decimal
    trigger_price: Decimal
    status: str
    order_id: int


@dataclass(frozen=True, slots=True)
class OrderFill:
    """One fill of one order; `fee` is what the account paid, negative for a rebate."""

    trade_id: int
    order_id: int
    account_id: int
    client_order_id: str
    symbol: str
    side: str
    price: Decimal
    quantity: Decimal
    fee: Decimal
    realized_pnl: Decimal
    maker: bool


@dataclass(frozen=True, slots=True)
class PositionLoss:
    """One liquidation of one position: `quantity` before it, signed; what was `filled` on the book, at what fee."""

    liquidation_id: int
    account_id: int
    symbol: str
    quantity: Decimal
    mark_price: Decimal
    filled: Decimal
    fee: Decimal
    taken_over: Decimal


@dataclass(frozen=True, slots=True)
class HeldPosition:
    """An open position: `quantity` is signed, + long, - short."""

    account_id: int
    symbol: str
    position_side: str
    quantity: Decimal
    entry_price: Decimal
    mark_price: Decimal
    unrealized_pnl: Decimal
    leverage: int
    margin_type: str


@dataclass(frozen=True, slots=True)
class Balance:
    """The futures wallet of an account, and what its positions and orders make of it, in the quote asset."""

    wallet: Decimal
    equity: Decimal
    available: Decimal
    initial_margin: Decimal
    maintenance_margin: Decimal


class Recorder:
    """Folds what a venue publishes of traders into records: nothing of what its insurance fund trades.

    The venue's thread calls `take`, others read copies while they hold `changed`, which is notified after each batch.
    """

    def __init__(self, contracts: Contracts) -> None:
        """Start with nothing."""
        self.changed = threading.Condition()
        self.orders: dict[int, PlacedOrder] = {}
        self.conditionals: dict[int, ConditionalOrder] = {}
        self.fills: list[OrderFill] = []
        self.liquidations: list[PositionLoss] = []
        self.marks: dict[str, int] = dict.fromkeys(contracts, 0)  # how many have been made
        self._contracts = contracts

    def take(self, batch: Sequence[Applied]) -> None:
        """Take in what a batch caused, and wake those who wait."""
        with self.changed:
            for applied in batch:
                for event in applied.events:
                    self._take(event)
            self.changed.notify_all()

    def _take(self, event: Event) -> None:
        match event:
            case OrderUpdated(order=order, fill=fill) if order.account_id != FUND_ID:
                contract = self._contracts[order.symbol]
                self.orders[order.order_id] = _order(contract, order)
                if fill is not None:
                    self.fills.append(_fill(contract, order, fill))
            case ConditionalUpdated(conditional=conditional):
                record = _conditional(self._contracts[conditional.symbol], conditional)
                self.conditionals[conditional.conditional_id] = record
            case PositionLiquidated(symbol=symbol):
                self.liquidations.append(_liquidation(self._contracts[symbol], event))
            case MarkPriceSet(symbol=symbol):
                self.marks[symbol] += 1
            case _:
                pass


def money(atoms: int) -> Decimal:
    """Return atoms as a decimal amount of the quote asset, without trailing zeros."""
    return _short(Decimal(atoms).scaleb(-ATOM_DECIMALS))


def price(contract: Contract, ticks: int) -> Decimal:
    """Return ticks as a decimal price."""
    return money(ticks * contract.tick_atoms)


def quantity(contract: Contract, lots: int) -> Decimal:
    """Return lots as a decimal quantity of the base asset."""
    return money(lots * contract.step_e8)


def position(account_id: int, view: PositionView) -> HeldPosition:
    """Return a position as a record."""
    return HeldPosition(
        account_id=account_id,
        symbol=view.contract.symbol,
        position_side=view.side.value,
        quantity=quantity(view.contract, view.quantity),
        entry_price=_average(view.contract, view.entry_value, view.quantity),
        mark_price=price(view.contract, view.mark_price),
        unrealized_pnl=money(view.unrealized_pnl),
        leverage=view.leverage,
        margin_type=view.margin_type.value,
    )


def balance(view: AccountView) -> Balance:
    """Return an account's money as a record."""
    return Balance(
        wallet=money(view.wallet_balance),
        equity=money(view.equity),
        available=money(view.available_balance),
        initial_margin=money(view.initial_margin),
        maintenance_margin=money(view.maintenance_margin),
    )


def ticks_of(contract: Contract, given: Decimal) -> int:
    """Return a decimal price in ticks, rounded to the nearest."""
    return round(given * ATOMS_PER_QUOTE / contract.tick_atoms)


def lots_of(contract: Contract, given: Decimal) -> int:
    """Return a decimal quantity in lots, rounded to the nearest."""
    return round(given * ATOMS_PER_QUOTE / contract.step_e8)


def _order(contract: Contract, order: OrderRecord) -> PlacedOrder:
    return PlacedOrder(
        order_id=order.order_id,
        account_id=order.account_id,
        client_order_id=order.client_order_id,
        symbol=order.symbol,
        side=order.side.name,
        position_side=order.position_side.value,
        type=order.order_type.value,
        time_in_force=order.time_in_force.value,
        price=Decimal(0) if order.order_type is OrderType.MARKET else price(contract, order.price),
        quantity=quantity(contract, order.quantity),
        filled=quantity(contract, order.filled),
        average_price=_average(contract, order.cum_quote, order.filled),
        status=order.status.value,
        reduce_only=order.reduce_only,
    )


def _conditional(contract: Contract, record: ConditionalRecord) -> ConditionalOrder:
    return ConditionalOrder(
        conditional_id=record.conditional_id,
        account_id=record.account_id,
        client_id=record.client_id,
        symbol=record.symbol,
        side=record.side.name,
        type=record.kind.value,
        quantity=quantity(contract, record.quantity),
        trigger_price=price(contract, record.trigger_price),
        status=record.status.value,
        order_id=record.order_id,
    )


def _fill(contract: Contract, order: OrderRecord, fill: Fill) -> OrderFill:
    return OrderFill(
        trade_id=fill.trade_id,
        order_id=order.order_id,
        account_id=order.account_id,
        client_order_id=order.client_order_id,
        symbol=order.symbol,
        side=order.side.name,
        price=price(contract, fill.price),
        quantity=quantity(contract, fill.quantity),
        fee=money(fill.fee),
        realized_pnl=money(fill.realized_pnl),
        maker=fill.maker,
    )


def _liquidation(contract: Contract, event: PositionLiquidated) -> PositionLoss:
    return PositionLoss(
        liquidation_id=event.liquidation_id,
        account_id=event.account_id,
        symbol=event.symbol,
        quantity=quantity(contract, event.quantity),
        mark_price=price(contract, event.mark_price),
        filled=quantity(contract, event.filled_quantity),
        fee=money(event.fee),
        taken_over=quantity(contract, event.taken_over_quantity),
    )


def _average(contract: Contract, value: int, lots: int) -> Decimal:
    return _short(Decimal(average_price_text(contract, value, lots)))


def _short(exact: Decimal) -> Decimal:
    """Return a number without trailing zeros, and without an exponent: 50000, not 5E+4."""
    whole = exact.to_integral_value()
    return whole if exact == whole else exact.normalize()
