"""A crowd of margined accounts in one venue, in process, and what a benchmark does with it. It measures nothing.

Every contract is the shipped BTCUSDT with its mark at the index, made once a second. Marks wander, but stay within
`MARK_BOUND_BP` of where they began. An account that opens can lose at least `CUSHION_BP_MIN` of its notional before its
margin call, which is more than marks can take from it: nobody is ever called.
"""

from collections.abc import Iterator
from importlib.resources import files
from random import Random

from msgspec.structs import replace

from exchange.core import commands as c
from exchange.core.account import FUND_ID, Account, Position
from exchange.core.contract import Contract, parse_contract
from exchange.core.enums import MarkRule, OrderType, Side
from exchange.core.events import AccountLocked, Event, MarginCalled, Rejected
from exchange.core.margin import available_balance, position_maintenance
from exchange.core.rules import VenueRules
from exchange.core.state import Market
from exchange.core.units import ATOMS_PER_QUOTE, RATE_ONE, SECOND, Atoms, Lots, Ticks, div_ceil
from exchange.core.venue import Venue

SYMBOLS = ("AAAUSDT", "BBBUSDT", "CCCUSDT")
HELD_WEIGHTS = (30, 55, 15)  # of accounts in one, two and three contracts
BASIS_POINT = 10_000  # of one
START = 1_000_000  # ticks, of every mark: a basis point is 100 ticks
MARK_BOUND_BP = 20
CUSHION_BP_MIN, CUSHION_BP_MAX = 50, 5_000  # spread evenly in their logarithms, so that many are near their call
LOTS_MIN, LOTS_MAX = 10, 20_000  # 1,000 to 2,000,000 quote: four brackets; spread likewise
BATCHES = 50  # of accounts that open at the same marks: whose intervals have the same middle
BATCH_STEP_BP = 5
FILL_LOTS_MAX = 5
GROWTH_LOTS = 200  # that a position can grow by at its leverage, by fills
SPARE = 500 * ATOMS_PER_QUOTE  # what an account must have free before it is asked to trade

Order = c.PlaceOrder


class Crowd:
    """A venue and its crowd. Time goes on by a second with each mark tick."""

    def __init__(self, accounts: int, seed: int) -> None:
        """Open an even number of accounts, two by two, while the marks wander."""
        shipped = parse_contract((files("exchange") / "data/contracts/BTCUSDT.toml").read_text("utf-8"))
        contracts = [_at_index(shipped, symbol) for symbol in SYMBOLS]
        self.venue = Venue(VenueRules(max_accounts=accounts + 1), contracts)
        self.random = Random(seed)
        self.offsets_bp = dict.fromkeys(SYMBOLS, 0)
        self._ts = 0
        self.do(c.Resume())
        for batch in range(BATCHES):
            self.wander(BATCH_STEP_BP)
            while len(self.venue.state.accounts) - 1 < accounts * (batch + 1) // BATCHES:
                self._open_pair()
        self.wander(0)

    def do(self, command: c.Command) -> list[Event]:
        """Execute a command that the venue must not refuse, and that must call and liquidate nobody."""
        events = self.venue.execute(self._ts, command)
        bad = [event for event in events if isinstance(event, Rejected | MarginCalled | AccountLocked)]
        assert not bad, f"the benchmark is about a quiet venue: {bad[0]}"
        return events

    def traders(self) -> list[Account]:
        """Return all accounts but the fund, by id."""
        return [account for number, account in self.venue.state.accounts.items() if number != FUND_ID]

    def market(self, symbol: str) -> Market:
        """Return one of the three contracts as it trades."""
        return self.venue.state.markets[symbol]

    def price(self, symbol: str) -> Ticks:
        """Return the index of a contract: its mark from the next tick on."""
        return Ticks(START + self.offsets_bp[symbol] * START // BASIS_POINT)

    def wander(self, step_bp: int) -> None:
        """Tick with each mark moved by so much, up or down; one that would leave the bound turns round."""
        self.prepare({symbol: self.random.choice((-1, 1)) * step_bp for symbol in SYMBOLS})
        self.do(c.Tick())

    def prepare(self, moves_bp: dict[str, int]) -> None:
        """Move the indexes and let a second pass: the next `Tick` makes the marks of it."""
        for symbol, move in moves_bp.items():
            moved = self.offsets_bp[symbol] + move
            self.offsets_bp[symbol] += move if abs(moved) <= MARK_BOUND_BP else -move
            self.do(c.SetIndexPrice(symbol, self.price(symbol)))
        self._ts += SECOND

    def fills(self, count: int, among: list[Account]) -> Iterator[tuple[Order, Order]]:
        """Yield makers' and takers' orders that match, of random ones of some accounts that have margin for it."""
        able = [account for account in among if available_balance(self.venue.state, account) > SPARE]
        assert len(able) > 1, "nobody can trade"
        for _ in range(count):
            symbol, lots = self.random.choice(SYMBOLS), self.random.randint(1, FILL_LOTS_MAX)
            maker, taker = self.random.sample(able, 2)
            side = self.random.choice((Side.BUY, Side.SELL))
            yield self._order(maker, symbol, side, lots), self._order(taker, symbol, Side(-side), lots)

    def _order(self, account: Account, symbol: str, side: Side, lots: int) -> Order:
        return Order(account.account_id, symbol, side, OrderType.LIMIT, Lots(lots), self.price(symbol))

    def _open_pair(self) -> None:
        """Open two accounts that take the two sides of the same positions."""
        held = self.random.sample(SYMBOLS, self.random.choices((1, 2, 3), HELD_WEIGHTS)[0])
        positions = [(symbol, round(self._spread(LOTS_MIN, LOTS_MAX))) for symbol in held]
        pair = [self._create(positions), self._create(positions)]
        for symbol, lots in positions:
            self.random.shuffle(pair)
            for account, side in zip(pair, (Side.BUY, Side.SELL), strict=True):
                self.do(self._order(account, symbol, side, lots))

    def _create(self, positions: list[tuple[str, int]]) -> Account:
        """Create an account that can hold these positions, with a cushion, and choose the highest leverages."""
        cushion_bp = self._spread(CUSHION_BP_MIN, CUSHION_BP_MAX)
        call_ratio = self.venue.state.rules.margin_call_ratio
        with_cushion = least = fees = 0
        leverages = {}
        for symbol, lots in positions:
            market = self.market(symbol)
            contract, notional = market.contract, market.contract.notional(market.mark_price, lots)
            grown = contract.notional(market.mark_price, lots + GROWTH_LOTS)
            leverages[symbol] = contract.bracket_of(grown).max_leverage
            with_cushion += div_ceil(position_maintenance(market, Position(lots)) * RATE_ONE, call_ratio)
            with_cushion += round(notional * cushion_bp) // BASIS_POINT
            least += div_ceil(notional, leverages[symbol])
            fees += div_ceil(notional * contract.taker_fee, RATE_ONE)
        state = self.venue.state
        account_id = state.next_account_id
        self.do(c.CreateAccount(f"crowd{account_id}", Atoms(max(with_cushion, least) + 2 * fees)))
        for symbol, leverage in leverages.items():
            self.do(c.SetLeverage(account_id, symbol, leverage))
        return state.accounts[account_id]

    def _spread(self, low: int, high: int) -> float:
        return float(low * (high / low) ** self.random.random())


def _at_index(contract: Contract, symbol: str) -> Contract:
    """Return a contract under another symbol, whose mark is its index, so that a benchmark sets the marks."""
    mark = replace(contract.mark, rule=MarkRule.INDEX)
    return replace(contract, symbol=symbol, base_asset=symbol.removesuffix(contract.quote_asset), mark=mark)
