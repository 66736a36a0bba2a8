"""What the demo shows: first screen, a line a second, one for each event that matters, the summary. It only reads."""

import asyncio
import shlex
import shutil
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from rich.console import Console
from rich.markup import escape
from rich.text import Text

from exchange.composition import Served
from exchange.core.account import Account
from exchange.core.checks import conservation_residue
from exchange.core.contract import Contract
from exchange.core.enums import MarginType, MarketState, SourceStatus
from exchange.core.events import CircuitBroken, IndexSourceChanged, MarketStateSet
from exchange.core.state import State
from exchange.core.units import ATOM_DECIMALS, ATOMS_PER_QUOTE, SECOND, format_decimal
from exchange.journal.policies import policy_name
from exchange.meter import Liquidation, MarketNews, Meter
from exchange.projections.views import open_interest

LINE_S = 1.0
PROGRAM = "margincall"
INDENT = "  "
STATE_WORDS = {
    MarketState.TRADING: "[green]trades again[/green]",
    MarketState.CANCEL_ONLY: "[yellow]only lets orders be cancelled[/yellow]",
    MarketState.HALTED: "[yellow]is halted[/yellow]: orders can only be cancelled, liquidation waits",
    MarketState.INDEX_STALE: "[yellow]has no living index[/yellow]: only reduce-only orders, mark and liquidation wait",
}
SOURCE_WORDS = {
    SourceStatus.LIVE: "is back",
    SourceStatus.STALE: "has fallen silent",
    SourceStatus.LOST: "is lost",
}


class Summary(msgspec.Struct, rename="camel"):
    """What a demo run came to; money as decimal text, times in seconds from the first printed line, None: never."""

    seconds: float
    orders: int
    trades: int
    liquidations: int
    deleveragings: int
    first_trade_s: float | None
    first_liquidation_s: float | None
    fund: str
    fund_change: str
    shortfall: str
    residue: str
    data_folder: str
    replay: str


class Screen:
    """Prints to a console, which leaves colours out where nobody sees them."""

    def __init__(self, console: Console, venue: Served, meter: Meter) -> None:
        self._console = console
        self._venue = venue
        self._meter = meter
        self._contracts = {contract.symbol: contract for contract in venue.app.journal.header.contracts}
        self._fund_begin = self._state.fund.wallet_balance
        self._shown_trades = meter.trades

    @property
    def _state(self) -> State:
        return self._venue.app.venue.state

    def greet(self) -> None:
        """Print the first screen: where things are and a key to begin with."""
        self._meter.begun = time.monotonic()
        ready, app = self._venue.ready, self._venue.app
        account = ready.accounts[0]
        held = self._state.accounts[account.account_id]
        futures, funding = _money(held.wallet_balance), _money(held.funding_wallet)
        asset = next(iter(self._contracts.values())).quote_asset
        coupled = ", coupled to its own flow" if app.settings.coupled else ""
        contracts = ", ".join(self._contracts)
        lines = [
            ("Margincall", f"a perpetual-futures exchange for bots: {contracts}"),
            ("REST", f"{ready.rest}/fapi/v1/ping"),
            ("streams", f"{ready.ws}/ws"),
            ("account", f"{account.account_id}, with {futures} {asset} in futures and {funding} in funding"),
            ("apiKey", account.api_key),
            ("secretKey", account.secret_key),
            ("admin", f"token in {escape(str(self._venue.ready_path))}"),
            ("index", f"{escape(str(app.settings.index))} at {app.settings.speed:g}x{coupled}"),
            ("policy", escape(policy_name(self._state.rules.engine))),
            ("data", escape(str(app.data_folder))),
        ]
        for name, text in lines:
            self._print(f"[bold]{name:<12}[/bold]{text}")
        self._print("House bots trade over the wire. Ctrl-C ends and sums up.")
        self._print("Each second: time (of the path), index / mark / last price, open interest,")
        self._print("trades, insurance fund")
        self._print("")

    async def run(self) -> None:
        """Print a line a second, and each liquidation and change of a market, until cancelled."""
        while True:
            await asyncio.sleep(LINE_S)
            await self._venue.app.sequencer.durable()
            fresh, self._meter.fresh = self._meter.fresh, []
            for news in fresh:
                self._print_parts(self._news_parts(news))
            self._print_parts(self._status_parts())

    def summary(self) -> Summary:
        """Return what the run came to, as of now."""
        meter, state, folder = self._meter, self._state, self._venue.app.data_folder
        fund = state.fund.wallet_balance
        return Summary(
            seconds=round(meter.elapsed_s, 1),
            orders=meter.orders,
            trades=meter.trades,
            liquidations=meter.liquidations,
            deleveragings=meter.deleveragings,
            first_trade_s=_rounded(meter.first_trade_s),
            first_liquidation_s=_rounded(meter.first_liquidation_s),
            fund=format_decimal(fund, ATOM_DECIMALS),
            fund_change=format_decimal(fund - self._fund_begin, ATOM_DECIMALS),
            shortfall=format_decimal(state.shortfall_total, ATOM_DECIMALS),
            residue=format_decimal(conservation_residue(state), ATOM_DECIMALS),
            data_folder=str(folder),
            replay=f"{program(sys.argv[0])} replay {shlex.quote(str(folder))}",
        )

    def farewell(self, summary: Summary) -> None:
        """Print the summary for people."""
        self._print("")
        self._print(f"[bold]{summary.seconds:.0f} s[/bold]: {summary.orders} orders, {summary.trades} trades, ", end="")
        adl = f", {summary.deleveragings} deleveragings" if summary.deleveragings else ""
        self._print(f"{summary.liquidations} liquidations{adl}")
        self._print(f"first trade after {_after(summary.first_trade_s)}, ", end="")
        self._print(f"first liquidation after {_after(summary.first_liquidation_s)}")
        self._print(f"insurance fund {summary.fund} USDT ({_signed(summary.fund_change)}), residue {summary.residue}")
        self._print("everything stands in the journal; this replays it and checks every hash:")
        self._print(f"{INDENT}{escape(summary.replay)}")

    def _status_parts(self) -> list[str]:
        app, state = self._venue.app, self._state
        trades = self._meter.trades - self._shown_trades
        self._shown_trades = self._meter.trades
        source_ts = max(market.index_source_ts for market in state.markets.values())
        path_time = _clock_text(source_ts)
        in_liquidation = sum(_in_liquidation(account) for account in state.accounts.values())
        wall_time = _clock_text(app.clock.now())
        markets = [self._market_part(contract) for contract in self._contracts.values()]
        return [
            f"{wall_time} [dim]({path_time})[/dim]{INDENT}{markets[0]}",
            *markets[1:],
            f"{trades} trades/s",
            f"fund {state.fund.wallet_balance // ATOMS_PER_QUOTE:,}",
            *([f"in liquidation {in_liquidation}"] if in_liquidation else []),
        ]

    def _market_part(self, contract: Contract) -> str:
        market = self._state.markets[contract.symbol]
        known = (market.index_price, market.mark_price, market.last_price)  # 0: none yet
        index, mark, last = (_price(contract, ticks) if ticks else "-" for ticks in known)
        held = open_interest(self._state, contract.symbol) * contract.step_e8 / ATOMS_PER_QUOTE
        asset = contract.base_asset
        state = "" if market.state is MarketState.TRADING else f" [yellow]{market.state.value}[/yellow]"
        return f"[bold]{asset}[/bold] {index} / {mark} / {last} open {held:,.1f}{state}"

    def _news_parts(self, news: Liquidation | MarketNews) -> list[str]:
        if isinstance(news, Liquidation):
            return self._liquidation_parts(news)
        return market_news_parts(self._contracts[news.symbol], news)

    def _liquidation_parts(self, liquidation: Liquidation) -> list[str]:
        name = escape(self._state.accounts[liquidation.event.account_id].name)
        return liquidation_parts(self._contracts[liquidation.event.symbol], name, liquidation)

    def _print_parts(self, parts: Sequence[str]) -> None:
        self._print(folded(parts, self._console.width if self._console.is_terminal else sys.maxsize))

    def _print(self, text: str, end: str = "\n") -> None:
        self._console.print(text, end=end, highlight=False, soft_wrap=True)


def liquidation_parts(contract: Contract, name: str, liquidation: Liquidation) -> list[str]:
    """Return what was done about a position, for a trader to read, in console markup."""
    event = liquidation.event
    word, colour = ("long", "red") if event.quantity > 0 else ("short", "magenta")
    word = f"isolated {word}" if event.margin_type is MarginType.ISOLATED else word
    size = abs(event.quantity)
    closed = event.filled_quantity + event.taken_over_quantity
    value = event.filled_value + event.taken_over_value
    price = f" at {_price(contract, value // (closed * contract.value_unit))}" if closed else ""
    left = size - closed - liquidation.deleveraged
    shares = [
        f", {_lots(contract, lots)} {where}"
        for lots, where in (
            (event.taken_over_quantity, "to the fund"),
            (liquidation.deleveraged, "deleveraged"),
            (left, "left"),
        )
        if lots
    ]
    return [
        f"[{colour}]liquidated[/{colour}] {name} {word} {_lots(contract, size)} {contract.base_asset}{price}",
        f"(mark {_price(contract, event.mark_price)}{''.join(shares)})",
        f"fund {_signed(_money(liquidation.fund_change))}",
    ]


def market_news_parts(contract: Contract, event: MarketNews) -> list[str]:
    """Return what happened to a contract as a whole, for a trader to read, in console markup."""
    symbol = f"[bold]{contract.symbol}[/bold]"
    match event:
        case MarketStateSet():
            return [f"{symbol} {STATE_WORDS[event.state]}"]
        case IndexSourceChanged():
            return [f"{symbol} index source {event.source} {SOURCE_WORDS[event.status]}"]
        case CircuitBroken():
            mark, reference = _price(contract, event.mark_price), _price(contract, event.reference_price)
            until = _clock_text(event.until_ts)
            return [
                f"{symbol} [yellow]circuit breaker[/yellow]: the mark went from {reference} to {mark}",
                f"until {until}",
            ]


def folded(parts: Sequence[str], columns: int) -> str:
    """Return the parts, in console markup, as one line, or as several of whole parts where so many columns ask it."""
    lines = [parts[0]]
    for part in parts[1:]:
        longer = f"{lines[-1]}{INDENT}{part}"
        lines[-1:] = [longer] if Text.from_markup(longer).cell_len <= columns else [lines[-1], f"{INDENT}{part}"]
    return "\n".join(lines)


def program(started_as: str) -> str:
    """Return what to type to start this program again from here, given what it was started as."""
    path = Path(started_as)
    if path.stem != PROGRAM:
        return PROGRAM  # not started by its own name: from a test, or by another program
    found = shutil.which(PROGRAM)
    if found and path.exists() and Path(found).samefile(path):
        return PROGRAM
    return shlex.quote(str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path))


def _in_liquidation(account: Account) -> bool:
    """Tell whether its cross positions or one of its isolated ones are being liquidated."""
    return account.in_liquidation or any(leg.in_liquidation for _, _, leg in account.legs())


def _clock_text(ts: int) -> str:
    return datetime.fromtimestamp(ts // SECOND, UTC).strftime("%H:%M:%S")


def _money(atoms: int) -> str:
    return f"{atoms / ATOMS_PER_QUOTE:,.2f}"


def _price(contract: Contract, ticks: int) -> str:
    return f"{ticks * contract.tick_atoms / ATOMS_PER_QUOTE:,.{contract.price_digits}f}"


def _lots(contract: Contract, lots: int) -> str:
    return f"{lots * contract.step_e8 / ATOMS_PER_QUOTE:.{contract.quantity_digits}f}"


def _signed(text: str) -> str:
    return text if text.startswith("-") else f"+{text}"


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 1)


def _after(seconds: float | None) -> str:
    return "- (none)" if seconds is None else f"{seconds:.1f} s"
