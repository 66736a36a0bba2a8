"""Refusals of `Venue.execute` that a market table cannot write down, and proof that every reason is tried somewhere."""

import re
from collections.abc import Callable

import pytest

from exchange.core import commands as c
from exchange.core.enums import MarginType, MarketState, OrderType, RejectReason, Side, Wallet
from exchange.core.events import Rejected
from exchange.core.rules import VenueRules
from exchange.core.snapshot import state_hash
from exchange.core.units import MONEY_MAX, Atoms, Lots, Ticks
from exchange.core.venue import Venue
from tests.market.notation import TABLES, read_contract

TS = 1_000 * 10**9
ACCOUNT, FUND, NOBODY = 1, 0, 7
LONG_NAME, LONG_ID = "n" * 65, "i" * 37


def place(
    account: int = ACCOUNT,
    symbol: str = "BTCUSDT",
    order_type: OrderType = OrderType.LIMIT,
    price: int = 100_000,
    client_order_id: str = "",
) -> c.PlaceOrder:
    return c.PlaceOrder(account, symbol, Side.BUY, order_type, Lots(1), Ticks(price), client_order_id=client_order_id)


def amend(account: int = ACCOUNT, symbol: str = "BTCUSDT", order_id: int = 1, price: int = 90_000) -> c.AmendOrder:
    return c.AmendOrder(account, symbol, Side.BUY, Lots(1), Ticks(price), order_id)


def open_venue() -> Venue:
    """A venue at 10,000 with two contracts, one account of 1,000, and its resting order 1 at 9,990 in BTCUSDT."""
    contracts = [read_contract({}), read_contract({"symbol": "ETHUSDT"})]
    venue = Venue(VenueRules(max_accounts=1, max_amendments=2), contracts)
    venue.execute(TS, c.Resume())
    venue.execute(TS, c.CreateAccount("A", Atoms(1000 * 10**8)))
    for contract in contracts:
        venue.execute(TS, c.SetIndexPrice(contract.symbol, Ticks(100_000)))
    venue.execute(TS, place(price=99_900, client_order_id="mine"))
    return venue


ACCOUNT_COMMANDS: list[Callable[[int], c.Command]] = [
    lambda account: c.Deposit(account, Atoms(1)),
    lambda account: c.Withdraw(account, Atoms(1)),
    lambda account: c.Transfer(account, Wallet.FUTURES, Atoms(1)),
    place,
    amend,
    lambda account: c.CancelOrder(account, "BTCUSDT", 1),
    lambda account: c.CancelAllOrders(account, "BTCUSDT"),
    lambda account: c.SetLeverage(account, "BTCUSDT", 2),
    lambda account: c.SetMarginType(account, "BTCUSDT", MarginType.ISOLATED),
    lambda account: c.SetPositionMode(account, hedge=True),
    lambda account: c.SetAutoAddMargin(account, "BTCUSDT", enabled=True),
    lambda account: c.AdjustMargin(account, "BTCUSDT", Atoms(1), add=True),
]

SYMBOL_COMMANDS: list[c.Command] = [
    place(symbol="DOGE"),
    amend(symbol="DOGE"),
    c.CancelOrder(ACCOUNT, "DOGE", 1),
    c.CancelAllOrders(ACCOUNT, "DOGE"),
    c.SetLeverage(ACCOUNT, "DOGE", 2),
    c.SetMarginType(ACCOUNT, "DOGE", MarginType.ISOLATED),
    c.SetAutoAddMargin(ACCOUNT, "DOGE", enabled=True),
    c.AdjustMargin(ACCOUNT, "DOGE", Atoms(1), add=True),
    c.SetIndexPrice("DOGE", Ticks(1)),
    c.DropIndexSource("DOGE"),
    c.SetMarketState("DOGE", MarketState.HALTED),
]

REFUSED: list[tuple[RejectReason, c.Command]] = [
    *((RejectReason.UNKNOWN_ACCOUNT, make(account)) for make in ACCOUNT_COMMANDS for account in (FUND, NOBODY, -1)),
    *((RejectReason.UNKNOWN_SYMBOL, command) for command in SYMBOL_COMMANDS),
    (RejectReason.UNKNOWN_ORDER, c.CancelOrder(ACCOUNT, "BTCUSDT", 2)),
    (RejectReason.UNKNOWN_ORDER, c.CancelOrder(ACCOUNT, "BTCUSDT")),
    (RejectReason.UNKNOWN_ORDER, c.CancelOrder(ACCOUNT, "ETHUSDT", 1)),
    (RejectReason.UNKNOWN_ORDER, c.CancelOrder(ACCOUNT, "ETHUSDT", client_order_id="mine")),
    (RejectReason.UNKNOWN_ORDER, amend(order_id=2)),
    (RejectReason.UNKNOWN_ORDER, amend(symbol="ETHUSDT")),
    (RejectReason.VALUE_OUT_OF_RANGE, place(order_type=OrderType.LIQUIDATION)),
    (RejectReason.VALUE_OUT_OF_RANGE, place(client_order_id=LONG_ID)),
    # Ids that the venue makes itself.
    *((RejectReason.VALUE_OUT_OF_RANGE, place(client_order_id=name)) for name in ("mc-1", "autoclose-1", "unwind-1")),
    (RejectReason.VALUE_OUT_OF_RANGE, c.Annotate("k" * 33, "")),
    (RejectReason.VALUE_OUT_OF_RANGE, c.Annotate("", "t" * 4097)),
    (RejectReason.VALUE_OUT_OF_RANGE, c.Deposit(ACCOUNT, Atoms(MONEY_MAX + 1))),
    (RejectReason.VALUE_OUT_OF_RANGE, c.SetMarketState("BTCUSDT", MarketState.INDEX_STALE)),
    (RejectReason.VALUE_OUT_OF_RANGE, c.AdjustMargin(ACCOUNT, "BTCUSDT", Atoms(MONEY_MAX + 1), add=True)),
    (RejectReason.UNKNOWN_INDEX_SOURCE, c.SetIndexPrice("BTCUSDT", Ticks(1), source="nowhere")),
    (RejectReason.UNKNOWN_INDEX_SOURCE, c.DropIndexSource("BTCUSDT", "nowhere")),
    (RejectReason.PRICE_NOT_ALLOWED, place(order_type=OrderType.MARKET, price=1)),
    (RejectReason.TOO_MANY_ACCOUNTS, c.CreateAccount("B")),
]


@pytest.mark.parametrize(("reason", "command"), REFUSED, ids=lambda value: getattr(value, "name", type(value).__name__))
def test_it_is_refused_and_changes_nothing(reason: RejectReason, command: c.Command) -> None:
    venue = open_venue()
    before = state_hash(venue.state)
    (event,) = venue.execute(TS + 1, command)
    assert isinstance(event, Rejected)
    assert event.reason is reason
    assert state_hash(venue.state) == before


@pytest.mark.parametrize(
    ("name", "deposit", "funding"),
    [(LONG_NAME, 0, 0), ("B", -1, 0), ("B", MONEY_MAX + 1, 0), ("B", 0, -1), ("B", 0, MONEY_MAX + 1)],
)
def test_an_account_is_refused_that_is_out_of_range(name: str, deposit: int, funding: int) -> None:
    venue = Venue(VenueRules(), [read_contract({})])
    venue.execute(TS, c.Resume())
    (event,) = venue.execute(TS, c.CreateAccount(name, Atoms(deposit), Atoms(funding)))
    assert event == Rejected(RejectReason.VALUE_OUT_OF_RANGE)
    assert list(venue.state.accounts) == [FUND]


def test_an_order_is_amended_only_so_often() -> None:
    venue = open_venue()
    for price in (99_800, 99_700):
        assert not isinstance(venue.execute(TS, amend(price=price))[0], Rejected)
    assert venue.execute(TS, amend(price=99_600)) == [Rejected(RejectReason.AMEND_LIMIT_REACHED, ACCOUNT)]


def test_an_order_is_found_by_its_client_order_id() -> None:
    venue = open_venue()
    venue.execute(TS, c.CancelOrder(ACCOUNT, "BTCUSDT", client_order_id="mine"))
    assert not venue.state.accounts[ACCOUNT].holdings["BTCUSDT"].orders


@pytest.mark.parametrize(
    ("command", "detail"),
    [
        (place(price=300_000), 200_000),
        (c.CreateAccount("B"), 1),
        (c.SetIndexPrice("BTCUSDT", Ticks(10_000_001)), 10_000_000),
        (c.Withdraw(ACCOUNT, Atoms(MONEY_MAX)), 999_5005_0000),
    ],
)
def test_a_refusal_names_the_limit_that_was_crossed(command: c.Command, detail: int) -> None:
    (event,) = open_venue().execute(TS, command)
    assert isinstance(event, Rejected)
    assert event.detail == detail


def test_every_reason_is_tried_by_a_table_or_here() -> None:
    tables = "\n".join(path.read_text("utf-8") for path in TABLES.glob("*.market"))
    tried = set(re.findall(r"refused ([A-Z_]+)", tables)) | {reason.name for reason, _ in REFUSED}
    assert tried | {"AMEND_LIMIT_REACHED"} == {reason.name for reason in RejectReason}


def test_time_does_not_go_backwards() -> None:
    with pytest.raises(AssertionError, match="time goes backwards"):
        open_venue().execute(TS - 1, c.Tick())


def test_nothing_comes_before_the_first_resume() -> None:
    with pytest.raises(AssertionError, match="first command of a venue is Resume"):
        Venue(VenueRules(), [read_contract({})]).execute(TS, c.Tick())
