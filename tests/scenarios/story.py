"""A story told by hand to a kernel, with a recorder that listens: the contracts of the market tables, mark = index."""

from collections.abc import Collection
from pathlib import Path

from exchange.core.commands import Command, CreateAccount, PlaceOrder, SetIndexPrice, SetLeverage, SetMarginType
from exchange.core.enums import MarginType, OrderType, Side, TimeInForce
from exchange.core.units import ATOMS_PER_QUOTE, SECOND, Atoms, Lots, Ticks
from exchange.core.venue import Venue
from scenarios.kernel import Kernel
from scenarios.record.recorder import Recorder, RunFacts, Sampling
from scenarios.record.schema import COLUMNS
from scenarios.record.sink import Tables, read_tables
from tests.market.engine_words import read_rules
from tests.market.notation import read_contract

START = 20_000 * 86_400 * SECOND
BTC = "BTCUSDT"
PRICE = 10_000  # ticks of 0.1: 1000 USDT; a lot is 0.001, so a lot at a tick is worth 10,000 atoms
VALUE_UNIT = 10_000


class Story:
    """BTCUSDT at 1000; maintenance 1 %, highest leverage 50."""

    def __init__(
        self,
        rules: dict[str, str] | None = None,
        contract: dict[str, str] | None = None,
        out: Path | None = None,
        sampling: Sampling | None = None,
        start_price: int = PRICE,
        only: Collection[str] = COLUMNS,
    ) -> None:
        """Open the venue; words as in the market tables."""
        self.contract = read_contract(dict(contract or {}))
        self.rules = read_rules(rules or {})
        self.kernel = Kernel(Venue(self.rules, [self.contract]), START)
        self.out = out
        self.recorder = Recorder([self.contract], self.rules, out, RunFacts('{"story":1}', 7), sampling, only)
        self.kernel.listen(self.recorder)
        self.price(start_price)

    def do(self, command: Command, origin: str = "teller") -> None:
        """Execute a command now."""
        self.kernel.submit(command, origin)

    def price(self, ticks: int) -> None:
        """Set the index, and so the mark."""
        self.do(SetIndexPrice(BTC, Ticks(ticks)), "index")

    def later(self, seconds: int) -> None:
        """Let time pass."""
        self.kernel.run(self.kernel.now + seconds * SECOND)

    def account(self, deposit: int, leverage: int = 20, margin_type: MarginType = MarginType.CROSS) -> int:
        """Open an account with a deposit in atoms."""
        account_id = self.kernel.venue.state.next_account_id
        self.do(CreateAccount(f"trader {account_id}", Atoms(deposit)))
        self.do(SetLeverage(account_id, BTC, leverage))
        if margin_type is MarginType.ISOLATED:
            self.do(SetMarginType(account_id, BTC, margin_type))
        return account_id

    def rich(self) -> int:
        """Open an account with a million."""
        return self.account(1_000_000 * ATOMS_PER_QUOTE)

    def order(self, account_id: int, side: Side, lots: int, ticks: int, origin: str = "teller") -> None:
        """Place a limit order that can rest."""
        order = PlaceOrder(account_id, BTC, side, OrderType.LIMIT, Lots(lots), Ticks(ticks), TimeInForce.GTC)
        self.do(order, origin)

    def trade(self, buyer: int, seller: int, lots: int, ticks: int = PRICE) -> None:
        """Let two accounts trade; the buyer takes."""
        self.order(seller, Side.SELL, lots, ticks)
        self.order(buyer, Side.BUY, lots, ticks)

    def tables(self) -> Tables:
        """End the recording and return the tables."""
        tables = self.recorder.close()
        return tables if self.out is None else read_tables(self.out)
