"""The naive reference venue: commands in, events out, by docs/rules.md. The oracle, not the product."""

from collections.abc import Callable, Sequence
from typing import Any

from exchange.core.commands import (
    AmendOrder,
    Annotate,
    CancelAllOrders,
    CancelOrder,
    Command,
    CreateAccount,
    Deposit,
    PlaceOrder,
    Resume,
    SetIndexPrice,
    SetLeverage,
    SetMarketState,
    Tick,
    Transfer,
    Withdraw,
)
from exchange.core.contract import Contract, VenueRules
from exchange.core.enums import BalanceReason, RejectReason, Wallet
from exchange.core.events import AccountCreated, Annotated, Event, LeverageSet, MarketStateSet, Rejected
from exchange.core.units import MONEY_MAX
from tests.reference.clockwork import next_due, resume, set_index_price, tick
from tests.reference.orders import amend, cancel, cancel_all, notional_cap, place
from tests.reference.refusal import RefusedError, demand
from tests.reference.risk import open_notional, spare, withdrawable
from tests.reference.world import FUND, Quotes, World, pay, tell_account, tell_book

NAME_MAX = 64
KIND_MAX = 32
TEXT_MAX = 4096


class ReferenceVenue:
    """A venue by the book, slow and plain. `world` is its whole state."""

    def __init__(self, rules: VenueRules, contracts: Sequence[Contract]) -> None:
        self.world = World(rules, {one.symbol: one for one in contracts}, {one.symbol: Quotes() for one in contracts})
        _open_account(self.world, FUND, "insurance fund")
        self.world.wallets[FUND, Wallet.FUTURES] = self.world.net_deposits = rules.fund_seed

    @property
    def next_due(self) -> int:
        """When the next Tick is due, in nanoseconds."""
        return next_due(self.world)

    def execute(self, ts: int, command: Command) -> list[Event]:
        """Do one command at a time that never goes backwards; return its events."""
        world = self.world
        assert ts >= world.now
        world.previous, world.now = world.now, ts
        world.events = []
        try:
            RULES[type(command)](world, command)
        except RefusedError as refused:
            assert not world.events, "refused after something happened"
            world.now = world.previous
            return [Rejected(refused.reason, getattr(command, "account_id", 0), refused.detail)]
        tell_book(world)
        return world.events


def _open_account(world: World, account: int, name: str) -> None:
    world.names[account] = name
    for wallet in Wallet:
        world.wallets[account, wallet] = 0
    for symbol, contract in world.contracts.items():
        world.leverages[account, symbol] = contract.default_leverage


def _create_account(world: World, command: CreateAccount) -> None:
    account = len(world.names)
    demand(account <= world.rules.max_accounts, RejectReason.TOO_MANY_ACCOUNTS, world.rules.max_accounts)
    demand(len(command.name) <= NAME_MAX, RejectReason.VALUE_OUT_OF_RANGE)
    for amount in (command.deposit, command.funding_deposit):
        demand(0 <= amount <= MONEY_MAX, RejectReason.VALUE_OUT_OF_RANGE)
    _open_account(world, account, command.name)
    world.wallets[account, Wallet.FUTURES] = command.deposit
    world.wallets[account, Wallet.FUNDING] = command.funding_deposit
    world.net_deposits += command.deposit + command.funding_deposit
    world.events.append(AccountCreated(account, command.name))
    if command.deposit or command.funding_deposit:
        tell_account(world, account, BalanceReason.ADMIN_DEPOSIT, command.deposit)


def _check_amount(world: World, command: Deposit | Withdraw | Transfer) -> None:
    demand(command.account_id in world.names and command.account_id != FUND, RejectReason.UNKNOWN_ACCOUNT)
    demand(command.amount > 0, RejectReason.AMOUNT_NOT_POSITIVE)
    demand(command.amount <= MONEY_MAX, RejectReason.VALUE_OUT_OF_RANGE)


def _check_may_leave(world: World, account: int, amount: int) -> None:
    demand(account not in world.locked, RejectReason.IN_LIQUIDATION)
    most = withdrawable(world, account)
    demand(amount <= most, RejectReason.BALANCE_INSUFFICIENT, most)


def _deposit(world: World, command: Deposit) -> None:
    _check_amount(world, command)
    world.net_deposits += command.amount
    pay(world, command.account_id, BalanceReason.ADMIN_DEPOSIT, command.amount)


def _withdraw(world: World, command: Withdraw) -> None:
    _check_amount(world, command)
    _check_may_leave(world, command.account_id, command.amount)
    world.net_deposits -= command.amount
    pay(world, command.account_id, BalanceReason.ADMIN_WITHDRAW, -command.amount)


def _transfer(world: World, command: Transfer) -> None:
    _check_amount(world, command)
    account, amount = command.account_id, command.amount
    if command.source is Wallet.FUTURES:
        _check_may_leave(world, account, amount)
        world.wallets[account, Wallet.FUNDING] += amount
        pay(world, account, BalanceReason.WITHDRAW, -amount)
    else:
        there = world.wallets[account, Wallet.FUNDING]
        demand(amount <= there, RejectReason.BALANCE_INSUFFICIENT)
        world.wallets[account, Wallet.FUNDING] -= amount
        pay(world, account, BalanceReason.DEPOSIT, amount)


def _set_leverage(world: World, command: SetLeverage) -> None:
    account, symbol = command.account_id, command.symbol
    demand(account in world.names and account != FUND, RejectReason.UNKNOWN_ACCOUNT)
    demand(symbol in world.contracts, RejectReason.UNKNOWN_SYMBOL)
    demand(account not in world.locked, RejectReason.IN_LIQUIDATION)
    contract = world.contracts[symbol]
    highest = max(one.max_leverage for one in contract.brackets)
    demand(1 <= command.leverage <= highest, RejectReason.LEVERAGE_NOT_VALID, command.leverage)
    cap = notional_cap(contract, command.leverage)
    demand(open_notional(world, account, symbol) <= cap, RejectReason.POSITION_LIMIT, cap)
    if command.leverage < world.leverages[account, symbol]:
        enough = spare(world, account, leverages={symbol: command.leverage}) >= 0
        demand(enough, RejectReason.LEVERAGE_MARGIN_INSUFFICIENT)
    world.leverages[account, symbol] = command.leverage
    world.events.append(LeverageSet(account, symbol, command.leverage))


def _set_market_state(world: World, command: SetMarketState) -> None:
    demand(command.symbol in world.contracts, RejectReason.UNKNOWN_SYMBOL)
    world.quotes[command.symbol].state = command.state
    world.events.append(MarketStateSet(command.symbol, command.state))


def _annotate(world: World, command: Annotate) -> None:
    demand(len(command.kind) <= KIND_MAX and len(command.text) <= TEXT_MAX, RejectReason.VALUE_OUT_OF_RANGE)
    world.events.append(Annotated(command.kind, command.text))


RULES: dict[type[Command], Callable[[World, Any], None]] = {
    CreateAccount: _create_account,
    Deposit: _deposit,
    Withdraw: _withdraw,
    Transfer: _transfer,
    PlaceOrder: place,
    CancelOrder: cancel,
    CancelAllOrders: cancel_all,
    AmendOrder: amend,
    SetLeverage: _set_leverage,
    SetIndexPrice: set_index_price,
    SetMarketState: _set_market_state,
    Annotate: _annotate,
    Tick: tick,
    Resume: resume,
}
