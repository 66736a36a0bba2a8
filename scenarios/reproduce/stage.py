"""A venue for published models: one contract of unit lots, rich accounts, and the virtual clock. It has no strategy."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from exchange.core.commands import AdjustMargin, Command, CreateAccount, PlaceOrder, SetIndexPrice
from exchange.core.contract import Bracket, Contract, parse_contract
from exchange.core.enums import MarkRule, OrderType, Side
from exchange.core.events import AccountCreated, AccountUpdated, Event, Rejected, TradePrinted
from exchange.core.policies.case import LiquidationPolicy
from exchange.core.policies.presets import EngineRules
from exchange.core.rules import VenueRules
from exchange.core.units import INT63_MAX, MONEY_MAX, Atoms, Lots, Nanos, RateE8, Ticks
from exchange.core.venue import Venue
from scenarios.kernel import Executed, Kernel

MARK_INTERVAL = 10**9  # ns, of contracts whose mark is not the index
DRIVER = "driver"


def unit_contract(
    mark: MarkRule = MarkRule.INDEX, rate: RateE8 | None = None, max_leverage: int | None = None
) -> Contract:
    """Return the contract of unit lots: one lot is worth one atom per tick.

    `rate` (1e-8) is of its one maintenance bracket, by default the least there is; `max_leverage` is that of the
    bracket, and what accounts begin with.
    """
    contract = parse_contract(Path(__file__).with_name("unit.toml").read_text("utf-8"))
    (bracket,) = contract.brackets
    leverage = max_leverage or bracket.max_leverage
    bracket = Bracket(bracket.floor, bracket.cap, rate or bracket.rate, bracket.cum, leverage)
    interval = contract.mark.interval if mark is MarkRule.INDEX else Nanos(MARK_INTERVAL)
    return msgspec.structs.replace(
        contract,
        brackets=(bracket,),
        default_leverage=leverage,
        mark=msgspec.structs.replace(contract.mark, rule=mark, interval=interval),
    )


class Bench:
    """A venue with one contract at work in virtual time; what the last command led to stands in `events`."""

    def __init__(self, contract: Contract, engine: EngineRules, policy: LiquidationPolicy | None = None) -> None:
        """Begin a venue. Its backstop is never unwound: there is nothing that it would take over."""
        still = msgspec.structs.replace(engine.unwind, interval=Nanos(INT63_MAX // 4))
        rules = VenueRules(engine=msgspec.structs.replace(engine, unwind=still))
        self.contract = contract
        self.venue = Venue(rules, [contract], policy)
        self.kernel = Kernel(self.venue, 0)
        self.commands = 0
        self.events: list[Event] = []
        self.kernel.listen(self._note)

    def do(self, command: Command) -> list[Event]:
        """Have a command done now, and return what happened. None of a study's commands may be refused."""
        self.events = []
        self.kernel.submit(command, DRIVER)
        refused = bool(self.events) and isinstance(self.events[0], Rejected)
        assert not refused, f"{command} was refused: {self.events}"
        return self.events

    def wait(self, duration_ns: int) -> None:
        """Let time pass."""
        self.events = []
        self.kernel.run(self.kernel.now + duration_ns)

    def until_due(self) -> list[Event]:
        """Let the time come to what the venue does next by itself, a mark, and return what happened."""
        self.events = []
        self.kernel.run(self.venue.next_due + 1)
        return self.events

    def order(self, account_id: int, side: Side, quantity: int, price: int = 0) -> PlaceOrder:
        """Return an order for lots at a price in ticks, at market without one."""
        kind = OrderType.LIMIT if price else OrderType.MARKET
        return PlaceOrder(account_id, self.contract.symbol, side, kind, Lots(quantity), Ticks(price))

    def go_long(self, account_id: int, quantity: int, margin: int) -> None:
        """Have an account buy lots at market, and bring the isolated margin of its position to so many atoms."""
        events = self.do(self.order(account_id, Side.BUY, quantity))
        updates = [event for event in events if isinstance(event, AccountUpdated) and event.account_id == account_id]
        missing = margin - updates[-1].positions[0].isolated_wallet
        assert missing >= 0, "the initial margin is more than this account may have"
        if missing:
            self.do(AdjustMargin(account_id, self.contract.symbol, Atoms(missing), add=True))

    def price_index(self, price: int) -> None:
        """Set the index, in ticks."""
        self.do(SetIndexPrice(self.contract.symbol, Ticks(price)))

    def open_account(self, name: str) -> int:
        """Open an account with the largest deposit there is, and return its id."""
        created = self.do(CreateAccount(name, MONEY_MAX))[0]
        assert isinstance(created, AccountCreated)
        return created.account_id

    def _note(self, executed: Executed) -> None:
        self.commands += 1
        self.events.extend(executed.events)


def traded(events: Sequence[Event]) -> int:
    """Return the lots that were traded on the book."""
    return sum(event.quantity for event in events if isinstance(event, TradePrinted))
