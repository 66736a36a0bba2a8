"""A venue behind the dialect's routes without a socket: parse, execute, fold, respond, at times that a test sets."""

from dataclasses import dataclass, field
from importlib.resources import files

from exchange.core.commands import Command, CreateAccount, Resume, SetIndexPrice, Tick
from exchange.core.contract import Contract, parse_contract
from exchange.core.events import Event, Rejected
from exchange.core.rules import VenueRules
from exchange.core.units import SECOND, Atoms, Ticks
from exchange.core.venue import Venue
from exchange.dialects.binance.rest.routes import find
from exchange.dialects.binance.route import BatchRoute, CommandRoute, Context, Params, Part, ReadRoute
from exchange.dialects.binance.streams.listen_keys import ListenKeys
from exchange.dialects.binance.text.errors import DialectError
from exchange.dialects.binance.text.numbers import to_ms
from exchange.dialects.binance.text.rejections import rejection
from exchange.projections.adl import AdlQueues
from exchange.projections.history import History
from exchange.projections.market_data import MarketData

START = 1_764_000_000 * SECOND  # 24 November 2025, 16:00:00 UTC: far from a funding time


def shipped_contracts() -> list[Contract]:
    """Return the contracts of the package, by name."""
    folder = files("exchange") / "data" / "contracts"
    return [parse_contract(path.read_text("utf-8")) for path in sorted(folder.iterdir(), key=lambda path: path.name)]


@dataclass
class Desk:
    """BTCUSDT at 50000 and ETHUSDT at 2500 when opened; `ts` is the time of the next command, in nanoseconds."""

    contracts: list[Contract] = field(default_factory=shipped_contracts)
    rules: VenueRules = field(default_factory=VenueRules, kw_only=True)
    ts: int = START
    seq: int = 0
    legacy_conditional: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        """Open the venue and give it prices."""
        self.venue = Venue(self.rules, self.contracts)
        self.history = History(None)
        self.market_data = MarketData(self.contracts)
        self.listen_keys = ListenKeys(lambda: "a-listen-key")
        self.adl_queues = AdlQueues()
        self.execute(Resume())
        self.execute(SetIndexPrice("BTCUSDT", Ticks(500_000)))
        self.execute(SetIndexPrice("ETHUSDT", Ticks(250_000)))

    def execute(self, command: Command) -> list[Event]:
        """Do a command now and fold what it caused."""
        events = self.venue.execute(self.ts, command)
        self.seq += 1
        for projection in (self.history, self.market_data):
            projection.fold(self.seq, self.ts, command, events)
        return events

    def account(self, deposit: int, funding: int = 0) -> int:
        """Open an account with whole quote units in its wallets; return its id."""
        before = self.venue.state.next_account_id
        unit = 10**8
        self.execute(CreateAccount("trader", Atoms(deposit * unit), Atoms(funding * unit)))
        return before

    def later(self, milliseconds: int) -> None:
        """Let time pass; ticks that fall due are done at their own times."""
        target = self.ts + milliseconds * 10**6
        while self.venue.next_due <= target:
            self.ts = self.venue.next_due
            self.execute(Tick())
        self.ts = target

    def context(self, account_id: int) -> Context:
        """Return what an endpoint may look at now."""
        return Context(
            state=self.venue.state,
            contracts={contract.symbol: contract for contract in self.contracts},
            market_data=self.market_data,
            history=self.history,
            listen_keys=self.listen_keys,
            adl_queues=self.adl_queues,
            now_ms=to_ms(self.ts),
            account_id=account_id,
            legacy_conditional=self.legacy_conditional,
        )

    def call(self, account_id: int, method: str, path: str, params: Params) -> object:
        """Answer a request as the gateway would; raises DialectError for a refusal."""
        route = find(method, path)
        assert route is not None, f"no route for {method} {path}"
        context = self.context(account_id)
        if isinstance(route, ReadRoute):
            return route.read(context, params)
        if isinstance(route, BatchRoute):
            parts = route.parse(context, params)
            return [self._part(route, context, part) for part in parts]
        return self._done(route, context, params, route.parse(context, params))

    def _part(self, route: BatchRoute, context: Context, part: Part) -> object:
        """Return what one part came to, or the body of its error."""
        try:
            if isinstance(part.command, DialectError):
                raise part.command
            return self._done(route, context, part.params, part.command)
        except DialectError as error:
            return error.body()

    def _done(self, route: CommandRoute | BatchRoute, context: Context, params: Params, command: Command) -> object:
        """Do a command and render what it did."""
        events = self.execute(command)
        for event in events:
            if isinstance(event, Rejected):
                raise rejection(context.contracts, command, event)
        return route.respond(context, params, self.seq, events)
