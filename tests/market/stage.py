"""Plays the lines of a market table on a venue of its own, and holds each against what the line states."""

from collections.abc import Callable, Sequence
from fractions import Fraction

from exchange.core import commands as c
from exchange.core import margin
from exchange.core.account import FUND_ID, Account
from exchange.core.book import Order
from exchange.core.checks import conservation_residue, violations
from exchange.core.contract import Contract, VenueRules
from exchange.core.enums import MarketState, OrderType, SelfTradePrevention, Side, TimeInForce, Wallet
from exchange.core.events import Event, OrderUpdated, Rejected
from exchange.core.snapshot import state_hash
from exchange.core.state import Market
from exchange.core.units import ATOMS_PER_QUOTE, Atoms, Lots, Ticks
from exchange.core.venue import Venue
from tests.market.happenings import Names, told
from tests.market.notation import Line, counted, nanos, plain, read_contract

START_TS = 20_000 * 86_400 * 10**9  # a midnight: a multiple of every interval that tables use
STATES = {"open": MarketState.TRADING, "restrict": MarketState.CANCEL_ONLY, "halt": MarketState.HALTED}
SETTINGS = {"fund_seed", "margin_call_ratio", "margin_call_rearm", "fund_cap", "unwind_share", "unwind_bound"}


class Stage:
    """One venue, and the names that a table gives to accounts and orders. Account FUND is the insurance fund."""

    def __init__(self) -> None:
        """Make a stage without contracts; the first line that is neither `contract` nor `venue` opens it."""
        self.ts = START_TS
        self.contracts: list[Contract] = []
        self.settings: dict[str, int] = {}
        self.names = Names({FUND_ID: "FUND"}, {}, {})
        self._venue: Venue | None = None

    @property
    def venue(self) -> Venue:
        """The venue; it opens when it is first asked for."""
        if self._venue is None:
            self.contracts = self.contracts or [read_contract({})]
            self.names.contracts.update({contract.symbol: contract for contract in self.contracts})
            self._venue = Venue(VenueRules(**self.settings), self.contracts)  # type: ignore[arg-type]
            self._venue.execute(self.ts, c.Resume())
        return self._venue

    def play(self, line: Line) -> None:
        """Play one line. Raises AssertionError when something else happens than it states."""
        verb, *words = line.words
        if verb in SETUP:
            SETUP[verb](self, words)
            return
        happened = [READERS[verb](self, words)] if verb in READERS else self._told(COMMANDS[verb](self, words), line)
        assert happened == list(line.outcomes), f"line {line.number}: {line.text}\n  happened: {'; '.join(happened)}"
        state = self.venue.state
        assert conservation_residue(state) == 0, f"line {line.number}: {line.text}: money appeared or vanished"
        assert violations(state) == [], f"line {line.number}: {line.text}"

    def execute(self, command: c.Command) -> list[Event]:
        """Execute a command now; a refusal must be the only event and leave the state as it was."""
        before = state_hash(self.venue.state)
        events = list(self.venue.execute(self.ts, command))
        if any(isinstance(event, Rejected) for event in events):
            assert len(events) == 1, events
            assert state_hash(self.venue.state) == before, f"{command} was refused and yet changed something"
        return events

    def _told(self, events: Sequence[Event], line: Line) -> list[str]:
        """Return what happened. An order that is let in gets the single word that the line gives it as name."""
        if line.words[0] == "place":
            named = [outcome for outcome in line.outcomes[:1] if outcome.isalnum()]
            born = next((event.order.order_id for event in events if isinstance(event, OrderUpdated)), 0)
            self.names.orders[born] = named[0] if named else "an order without a name"
        return told(events, self.names)

    def advance(self, until: int) -> list[Event]:
        """Let time pass: every tick that falls due is executed at its due time."""
        events: list[Event] = []
        while self.venue.next_due <= until:
            self.ts = self.venue.next_due
            events += self.venue.execute(self.ts, c.Tick())
        self.ts = until
        return events

    def account(self, name: str) -> Account:
        """Return the account that a table calls `name`."""
        ids = {known: account_id for account_id, known in self.names.accounts.items()}
        return self.venue.state.accounts[ids[name]]

    def market(self, words: Sequence[str]) -> Market:
        """Return the market whose symbol is among the words, or the first one; symbols may be shortened to the base."""
        markets = self.venue.state.markets
        named = [market for market in markets.values() if market.contract.base_asset in words]
        return (named or list(markets.values()))[0]

    def order(self, name: str) -> Order:
        """Return the open order that a table calls `name`."""
        orders = {
            self.names.orders.get(order.order_id): order
            for account in self.venue.state.accounts.values()
            for holding in account.holdings.values()
            for order in holding.orders.values()
        }
        return orders[name]


def _contract(stage: Stage, words: list[str]) -> None:
    changes = dict(word.split("=") for word in words)
    if "base_asset" in changes:
        changes["symbol"] = changes["base_asset"] + "USDT"
    stage.contracts.append(read_contract(changes))


def _venue(stage: Stage, words: list[str]) -> None:
    changes = dict(word.split("=") for word in words)
    assert changes.keys() <= SETTINGS, changes
    stage.settings = {key: counted(value) for key, value in changes.items()}


def _accounts(stage: Stage, words: list[str]) -> None:
    """`accounts A B 10000 [leverage 5] [funding 100]`: open accounts with a deposit each, and choose a leverage."""
    first = next(index for index, word in enumerate(words) if word[0].isdigit())
    options = dict(zip(words[first + 1 :: 2], words[first + 2 :: 2], strict=True))
    deposit, funding = Atoms(counted(words[first])), Atoms(counted(options.pop("funding", "0")))
    leverage = int(options.pop("leverage", "0"))
    assert not options, options
    for name in words[:first]:
        stage.names.accounts[stage.venue.state.next_account_id] = name
        stage.execute(c.CreateAccount(name, deposit, funding))
        for symbol in stage.venue.state.markets if leverage else ():
            stage.execute(c.SetLeverage(stage.account(name).account_id, symbol, leverage))


def _place(stage: Stage, words: list[str]) -> list[Event]:
    """`place A BUY 1 [ETH] @ 10000|market [IOC] [reduce-only] [stp=NONE] [id=mine]`."""
    contract = stage.market(words).contract
    name, side, quantity = words[:3]
    price, options = words[words.index("@") + 1], words[words.index("@") + 2 :]
    market = price == "market"
    keyed = dict(word.split("=") for word in options if "=" in word)
    flags = {word for word in options if "=" not in word} - {"reduce-only"}
    command = c.PlaceOrder(
        stage.account(name).account_id,
        contract.symbol,
        Side[side],
        OrderType.MARKET if market else OrderType.LIMIT,
        Lots(counted(quantity, contract.step_e8)),
        Ticks(0 if market else counted(price, contract.tick_atoms)),
        TimeInForce[flags.pop()] if flags else TimeInForce.GTC,
        "reduce-only" in options,
        keyed.get("id", ""),
        SelfTradePrevention[keyed.get("stp", "EXPIRE_MAKER")],
    )
    assert not flags, options
    return stage.execute(command)


def _amend(stage: Stage, words: list[str]) -> list[Event]:
    """`amend o1 to 2 @ 10000 [as SELL] [reduce-only]`: a new total quantity and price."""
    order = stage.order(words[0])
    contract = stage.names.contracts[order.symbol]
    quantity, price = counted(words[2], contract.step_e8), counted(words[4], contract.tick_atoms)
    side = Side[words[6]] if "as" in words else order.side
    reduce_only = "reduce-only" in words
    return stage.execute(
        c.AmendOrder(
            order.account_id, order.symbol, side, Lots(quantity), Ticks(price), order.order_id, reduce_only=reduce_only
        )
    )


def _cancel(stage: Stage, words: list[str]) -> list[Event]:
    order = stage.order(words[0])
    return stage.execute(c.CancelOrder(order.account_id, order.symbol, order.order_id))


def _cancel_all(stage: Stage, words: list[str]) -> list[Event]:
    return stage.execute(c.CancelAllOrders(stage.account(words[0]).account_id, stage.market(words).contract.symbol))


def _index(stage: Stage, words: list[str]) -> list[Event]:
    contract = stage.market(words).contract
    return stage.execute(c.SetIndexPrice(contract.symbol, Ticks(counted(words[0], contract.tick_atoms))))


def _transfer(stage: Stage, words: list[str]) -> list[Event]:
    """`transfer A 100 in|out`: into the futures wallet, or out of it."""
    source = {"in": Wallet.FUNDING, "out": Wallet.FUTURES}[words[2]]
    return stage.execute(c.Transfer(stage.account(words[0]).account_id, source, Atoms(counted(words[1]))))


def _deposit(stage: Stage, words: list[str]) -> list[Event]:
    return stage.execute(c.Deposit(stage.account(words[0]).account_id, Atoms(counted(words[1]))))


def _withdraw(stage: Stage, words: list[str]) -> list[Event]:
    return stage.execute(c.Withdraw(stage.account(words[0]).account_id, Atoms(counted(words[1]))))


def _leverage(stage: Stage, words: list[str]) -> list[Event]:
    symbol = stage.market(words).contract.symbol
    return stage.execute(c.SetLeverage(stage.account(words[0]).account_id, symbol, int(words[1])))


def _market(stage: Stage, words: list[str]) -> list[Event]:
    return stage.execute(c.SetMarketState(stage.market(words).contract.symbol, STATES[words[0]]))


def _tick(stage: Stage, words: list[str]) -> list[Event]:
    return stage.advance(stage.ts + nanos(words[0]))


def _outage(stage: Stage, words: list[str]) -> list[Event]:
    """`outage 20h`: nothing runs for that long, then the venue resumes."""
    stage.ts += nanos(words[0])
    return stage.execute(c.Resume())


def _book(stage: Stage, words: list[str]) -> str:
    """`book -> bids 1@99 2@98 | asks none`."""
    market = stage.market(words)
    sides = []
    for name, side in (("bids", Side.BUY), ("asks", Side.SELL)):
        levels = [
            f"{plain(quantity * market.contract.step_e8)}@{plain(price * market.contract.tick_atoms)}"
            for price, quantity in market.book.depth(side, 100)
        ]
        sides.append(" ".join([name, *(levels or ["none"])]))
    return " | ".join(sides)


def _position(stage: Stage, words: list[str]) -> str:
    """`flat`, `long 1 @ 10000`, or, when the average price has no end, `long 0.003 for 29.99999`."""
    contract = stage.market(words).contract
    position = stage.account(words[0]).holdings[contract.symbol].position
    if not position.quantity:
        assert position.entry_value == 0
        return "flat"
    quantity = abs(position.quantity) * contract.step_e8
    average = Fraction(abs(position.entry_value) * ATOMS_PER_QUOTE, quantity)
    value = f"@ {plain(int(average))}" if average.denominator == 1 else f"for {plain(abs(position.entry_value))}"
    return f"{'long' if position.quantity > 0 else 'short'} {plain(quantity)} {value}"


def _orders(stage: Stage, words: list[str]) -> str:
    orders = stage.account(words[0]).holdings[stage.market(words).contract.symbol].orders
    return " ".join(stage.names.orders[order_id] for order_id in orders) or "none"


def _filled(stage: Stage, words: list[str]) -> str:
    """`filled o1 -> 0.5 of 1`."""
    order = stage.order(words[0])
    step = stage.names.contracts[order.symbol].step_e8
    return f"{plain(order.filled * step)} of {plain(order.quantity * step)}"


def _liquidation_price(stage: Stage, words: list[str]) -> str:
    contract = stage.market(words).contract
    price = margin.liquidation_price(stage.venue.state, stage.account(words[0]), contract.symbol)
    return "none" if price is None else plain(price * contract.tick_atoms)


def _open_loss(stage: Stage, words: list[str]) -> int:
    holdings = stage.account(words[0]).holdings
    return sum(
        margin.exposure_of(market, holdings[symbol]).open_loss for symbol, market in stage.venue.state.markets.items()
    )


def _mark(stage: Stage, words: list[str]) -> str:
    market = stage.market(words)
    return plain(market.mark_price * market.contract.tick_atoms)


def _money(read: Callable[[Stage, list[str]], int]) -> Callable[[Stage, list[str]], str]:
    return lambda stage, words: plain(read(stage, words))


def _of_account(read: Callable[..., int]) -> Callable[[Stage, list[str]], str]:
    return lambda stage, words: plain(read(stage.venue.state, stage.account(words[0])))


SETUP: dict[str, Callable[[Stage, list[str]], None]] = {
    "contract": _contract,
    "venue": _venue,
    "accounts": _accounts,
}

COMMANDS: dict[str, Callable[[Stage, list[str]], list[Event]]] = {
    "place": _place,
    "amend": _amend,
    "cancel": _cancel,
    "cancel-all": _cancel_all,
    "index": _index,
    "deposit": _deposit,
    "withdraw": _withdraw,
    "transfer": _transfer,
    "leverage": _leverage,
    "market": _market,
    "tick": _tick,
    "outage": _outage,
}

READERS: dict[str, Callable[[Stage, list[str]], str]] = {
    "book": _book,
    "position": _position,
    "orders": _orders,
    "filled": _filled,
    "prevention": lambda stage, words: stage.order(words[0]).self_trade_prevention.name,
    "mark": _mark,
    "liquidation-price": _liquidation_price,
    "wallet": _money(lambda stage, words: stage.account(words[0]).wallet_balance),
    "funding-wallet": _money(lambda stage, words: stage.account(words[0]).wallets[Wallet.FUNDING]),
    "fees": _money(lambda stage, _: stage.venue.state.trading_fees),
    "dust": _money(lambda stage, _: stage.venue.state.dust),
    "shortfall": _money(lambda stage, _: stage.venue.state.shortfall_total),
    "open-loss": _money(_open_loss),
    "equity": _of_account(margin.equity),
    "initial-margin": _of_account(margin.initial_margin),
    "maintenance": _of_account(margin.maintenance_margin),
    "available": _of_account(margin.available_balance),
    "withdrawable": _of_account(margin.max_withdrawable),
}
