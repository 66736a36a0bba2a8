"""A venue of table contracts with the tapes of liquidations beside it: the index is the mark, at once. No fees."""

from collections.abc import Sequence

from exchange.core.commands import (
    AdjustMargin,
    Command,
    CreateAccount,
    Deposit,
    PlaceOrder,
    Resume,
    SetIndexPrice,
    SetLeverage,
    SetMarginType,
    Tick,
)
from exchange.core.enums import MarginType, OrderType, Side, TimeInForce
from exchange.core.events import AccountLocked, Event, Rejected
from exchange.core.units import ATOMS_PER_QUOTE, SECOND, Atoms, Lots, Ticks
from exchange.core.venue import Venue
from exchange.projections.case_files import Liquidation
from exchange.projections.liquidations import Liquidations
from tests.market.engine_words import read_rules
from tests.market.notation import read_contract

START = 20_000 * 86_400 * SECOND
BTC, ETH = "BTCUSDT", "ETHUSDT"
PRICE = 10_000  # ticks of 0.1: 1000 USDT; a lot is 0.001


class Stand:
    """BTCUSDT, and ETHUSDT alike, at 1000; maintenance 1 %, highest leverage 50."""

    def __init__(self, rules: dict[str, str] | None = None, contract: dict[str, str] | None = None) -> None:
        """Open the venue; words as in the market tables."""
        changes = contract or {}
        self.contracts = [
            read_contract(dict(changes)),
            read_contract({**changes, "symbol": ETH, "base_asset": "ETH"}),
        ]
        self.rules = read_rules(rules or {})
        self.venue = Venue(self.rules, self.contracts)
        self.tapes = Liquidations(self.contracts, self.rules.fund_seed)
        self.seq, self.ts = 0, START
        self.do(Resume())
        for symbol in (BTC, ETH):
            self.price(PRICE, symbol)

    def do(self, command: Command) -> list[Event]:
        """Execute a command now; it must not be refused."""
        events = list(self.venue.execute(self.ts, command))
        assert not any(isinstance(event, Rejected) for event in events), (command, events)
        self.seq += 1
        self.tapes.fold(self.seq, self.ts, command, events)
        return events

    def price(self, ticks: int, symbol: str = BTC) -> list[Event]:
        """Set the index, and so the mark."""
        return self.do(SetIndexPrice(symbol, Ticks(ticks)))

    def later(self, seconds: int) -> None:
        """Let time pass."""
        target = self.ts + seconds * SECOND
        while self.venue.next_due <= target:
            self.ts = self.venue.next_due
            self.do(Tick())
        self.ts = target

    def account(self, deposit: int, leverage: int = 20, margin_type: MarginType = MarginType.CROSS) -> int:
        """Open an account with a deposit in atoms."""
        account_id = self.venue.state.next_account_id
        self.do(CreateAccount("trader", Atoms(deposit)))
        for symbol in (BTC, ETH):
            self.do(SetLeverage(account_id, symbol, leverage))
            if margin_type is MarginType.ISOLATED:
                self.do(SetMarginType(account_id, symbol, margin_type))
        return account_id

    def rich(self) -> int:
        """Open an account with a million."""
        return self.account(1_000_000 * ATOMS_PER_QUOTE)

    def order(self, account_id: int, side: Side, lots: int, ticks: int, symbol: str = BTC) -> list[Event]:
        """Place a limit order that can rest."""
        order = PlaceOrder(account_id, symbol, side, OrderType.LIMIT, Lots(lots), Ticks(ticks), TimeInForce.GTC)
        return self.do(order)

    def trade(self, buyer: int, seller: int, lots: int, ticks: int = PRICE, symbol: str = BTC) -> None:
        """Let two accounts trade; the buyer takes."""
        self.order(seller, Side.SELL, lots, ticks, symbol)
        self.order(buyer, Side.BUY, lots, ticks, symbol)

    def add(self, account_id: int, amount: int, symbol: str = "") -> None:
        """Add atoms to the cross wallet, or to the isolated position in a contract."""
        if not amount:
            return
        self.do(Deposit(account_id, Atoms(amount)))
        if symbol:
            self.do(AdjustMargin(account_id, symbol, Atoms(amount), add=True))

    @property
    def files(self) -> Sequence[Liquidation]:
        """The liquidations so far."""
        return list(self.tapes.liquidations)


def locked(events: Sequence[Event], account_id: int) -> AccountLocked | None:
    """Return the beginning of an account's liquidation, if the events hold it."""
    found = [event for event in events if isinstance(event, AccountLocked) and event.account_id == account_id]
    return found[0] if found else None
