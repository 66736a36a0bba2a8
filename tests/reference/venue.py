"""The naive reference venue: commands in, events out, by docs/rules.md. The oracle, not the product."""

from collections.abc import Callable, Sequence
from typing import Any

from exchange.core.commands import (
    AdjustMargin,
    AmendOrder,
    Annotate,
    CancelAllConditionals,
    CancelAllOrders,
    CancelConditional,
    CancelOrder,
    Command,
    CreateAccount,
    Deposit,
    DropIndexSource,
    PlaceConditional,
    PlaceOrder,
    Resume,
    SetAutoAddMargin,
    SetCountdown,
    SetIndexPrice,
    SetLeverage,
    SetMarginType,
    SetMarketState,
    SetPositionMode,
    Tick,
    Transfer,
    Withdraw,
)
from exchange.core.contract import Contract
from exchange.core.enums import BalanceReason, RejectReason, Wallet
from exchange.core.events import AccountCreated, Annotated, Event, Rejected
from exchange.core.policies.case import Custom, LiquidationPolicy
from exchange.core.rules import VenueRules
from exchange.core.units import MONEY_MAX
from tests.reference.choices import (
    adjust_margin,
    set_auto_add_margin,
    set_leverage,
    set_margin_type,
    set_position_mode,
)
from tests.reference.clockwork import next_due, resume, tick
from tests.reference.conditional import cancel_all_conditionals, cancel_conditional, place_conditional
from tests.reference.consequences import follow_up
from tests.reference.deadlines import set_countdown
from tests.reference.orders import amend, cancel, cancel_all, place
from tests.reference.premium import list_quotes
from tests.reference.prices import drop_index_source, set_index_price, set_market_state
from tests.reference.refusal import RefusedError, demand
from tests.reference.risk import is_unjudged, withdrawable
from tests.reference.world import FUND, Scope, World, pay, tell_account, tell_book

NAME_MAX = 64
KIND_MAX = 32
TEXT_MAX = 4096


class ReferenceVenue:
    """A venue by the book, slow and plain. `world` is its whole state."""

    def __init__(
        self, rules: VenueRules, contracts: Sequence[Contract], policy: LiquidationPolicy | None = None
    ) -> None:
        listed = {one.symbol: one for one in contracts}
        chosen = policy or rules.engine.liquidation
        assert not isinstance(chosen, Custom), "a policy of the user's own must be given"
        self.world = World(rules, listed, {one.symbol: list_quotes(one) for one in contracts}, chosen)
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
        follow_up(world)
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
    demand(Scope(account) not in world.locked, RejectReason.IN_LIQUIDATION)
    demand(not is_unjudged(world, Scope(account)), RejectReason.INDEX_STALE)
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
    PlaceConditional: place_conditional,
    CancelConditional: cancel_conditional,
    CancelAllConditionals: cancel_all_conditionals,
    SetCountdown: set_countdown,
    SetLeverage: set_leverage,
    SetMarginType: set_margin_type,
    SetPositionMode: set_position_mode,
    AdjustMargin: adjust_margin,
    SetAutoAddMargin: set_auto_add_margin,
    SetIndexPrice: set_index_price,
    DropIndexSource: drop_index_source,
    SetMarketState: set_market_state,
    Annotate: _annotate,
    Tick: tick,
    Resume: resume,
}
