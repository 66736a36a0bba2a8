"""The real client ccxt on isolated margin, hedge mode and funding, against a served venue over a real socket."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import ccxt
import pytest

from exchange.core import liquidation_price as core_price
from exchange.core.account import Account
from exchange.core.enums import PositionSide
from exchange.core.units import ATOMS_PER_QUOTE, SECOND
from tests.runtime.manual_clock import ManualClock
from tests.wire.ccxt_client import SYMBOL, MakeClient, RecordingClient, clients_of
from tests.wire.conftest import Served, open_served

FUNDING = 1_764_028_800 * SECOND
MAKER, TRADER = 1, 2  # account ids, in the order in which they are opened


@pytest.fixture
async def still(tmp_path: Path) -> AsyncIterator[Served]:
    """Serve a venue whose clock stands ten seconds before a funding."""
    async with open_served(tmp_path / "data", ManualClock(FUNDING - 10 * SECOND)) as opened:
        yield opened


@pytest.fixture
async def client_of(still: Served) -> AsyncIterator[MakeClient]:
    """Return a function that opens an account and gives the ccxt client of its owner."""
    async with clients_of(still) as make:
        yield make


@pytest.fixture
async def trader(still: Served, client_of: MakeClient) -> RecordingClient:
    """Return a trader with 10,000; a maker quotes 99,990 and 100,010, two BTC each."""
    await still.set_index("BTCUSDT", "100000")
    maker = await client_of("10000000")
    for side, price in (("sell", 100010), ("buy", 99990)):
        await maker.create_order(SYMBOL, "limit", side, 2, price)
    return await client_of("10000")


def account_of(still: Served) -> Account:
    return still.app.venue.state.accounts[TRADER]


def liquidation_price(still: Served, side: PositionSide = PositionSide.BOTH) -> float:
    """Return the price that the core itself tells, in quote."""
    ticks = core_price.liquidation_price(still.app.venue.state, account_of(still), "BTCUSDT", side)
    assert ticks is not None
    return ticks / 10


async def let_pass(still: Served, seconds: int) -> None:
    """Move the clock and wait until the venue has done what fell due."""
    clock = still.app.clock
    assert isinstance(clock, ManualClock)
    clock.advance(seconds * SECOND)
    await still.controlled("/annotate", {"kind": "after", "text": "time passed"})


async def test_isolated_margin_is_chosen_added_and_taken_back(still: Served, trader: RecordingClient) -> None:
    """0.5 BTC at 20x, bought 10 above the mark: 2,500.25 of margin and 5 of loss, less 25.0025 of fee.

    Then 300 comes, 100.5 goes.
    """
    assert (await trader.set_margin_mode("isolated", SYMBOL))["code"] == 200
    with pytest.raises(ccxt.MarginModeAlreadySet):
        await trader.set_margin_mode("isolated", SYMBOL)
    assert (await trader.create_order(SYMBOL, "market", "buy", 0.5))["status"] == "closed"
    [opened] = await trader.fetch_positions([SYMBOL])

    added = await trader.add_margin(SYMBOL, 300)
    assert (added["type"], added["amount"]) == ("add", 300)
    reduced = await trader.reduce_margin(SYMBOL, 100.5)
    assert (reduced["type"], reduced["amount"]) == ("reduce", 100.5)
    wallet = account_of(still).leg("BTCUSDT").isolated_wallet
    assert wallet == int((2505.25 - 25.0025 + 300 - 100.5) * ATOMS_PER_QUOTE)
    [position] = await trader.fetch_positions([SYMBOL])
    assert (position["marginMode"], position["side"], position["contracts"]) == ("isolated", "long", 0.5)
    assert float(position["info"]["isolatedWallet"]) == wallet / ATOMS_PER_QUOTE
    assert position["liquidationPrice"] == liquidation_price(still) < opened["liquidationPrice"]

    moves = await trader.fetch_margin_adjustment_history(SYMBOL)
    assert [(move["type"], move["amount"]) for move in moves] == [("add", 2505.25), ("add", 300), ("reduce", 100.5)]
    balance = await trader.fetch_balance()
    assert float(balance["info"]["totalCrossWalletBalance"]) == pytest.approx(10000 - 2505.25 - 300 + 100.5)


async def test_refusals_of_isolated_margin_are_ccxts_errors(still: Served, trader: RecordingClient) -> None:
    """What the venue refuses raises, and changes nothing."""

    async def refused(code: int, call: Any) -> None:
        before = await still.state()
        with pytest.raises(ccxt.ExchangeError, match=f'"code":{code}'):
            await call
        assert await still.state() == before

    await refused(-4049, trader.add_margin(SYMBOL, 10))
    await trader.set_margin_mode("isolated", SYMBOL)
    await refused(-4054, trader.add_margin(SYMBOL, 10))
    await trader.create_order(SYMBOL, "market", "sell", 0.5)
    await refused(-4048, trader.set_margin_mode("cross", SYMBOL))
    await refused(-4068, trader.set_position_mode(True))
    await refused(-4161, trader.set_leverage(10, SYMBOL))
    await refused(-4050, trader.add_margin(SYMBOL, 7501))
    await refused(-4051, trader.reduce_margin(SYMBOL, 1))
    await refused(-4061, trader.add_margin(SYMBOL, 10, {"positionSide": "LONG"}))
    await refused(-4061, trader.create_order(SYMBOL, "market", "buy", 0.1, None, {"hedged": True}))


async def test_hedge_mode_opens_and_closes_both_legs(still: Served, trader: RecordingClient) -> None:
    """Long 0.4 and short 0.1 beside each other, one liquidation price for both; then each is closed by itself."""
    assert (await trader.set_position_mode(True))["code"] == 200
    assert (await trader.fetch_position_mode(SYMBOL))["hedged"]
    hedged = {"hedged": True}
    await trader.create_order(SYMBOL, "market", "buy", 0.4, None, hedged)
    await trader.create_order(SYMBOL, "market", "sell", 0.1, None, hedged)
    positions = {position["side"]: position for position in await trader.fetch_positions([SYMBOL])}
    assert {side: position["contracts"] for side, position in positions.items()} == {"long": 0.4, "short": 0.1}
    assert all(position["hedged"] for position in positions.values())
    shared = liquidation_price(still, PositionSide.LONG)
    assert shared == liquidation_price(still, PositionSide.SHORT)
    assert [position["liquidationPrice"] for position in positions.values()] == [shared, shared]
    with pytest.raises(ccxt.ExchangeError, match="-4061"):
        await trader.create_order(SYMBOL, "market", "sell", 0.4)

    for side, amount in (("sell", 0.4), ("buy", 0.1)):
        closing = {"hedged": True, "reduceOnly": True}  # ccxt turns this into the leg, and sends no reduceOnly
        assert (await trader.create_order(SYMBOL, "market", side, amount, None, closing))["status"] == "closed"
    assert await trader.fetch_positions([SYMBOL]) == []
    trades = await trader.fetch_my_trades(SYMBOL)
    assert [trade["info"]["positionSide"] for trade in trades] == ["LONG", "SHORT", "LONG", "SHORT"]
    assert (await trader.set_position_mode(False))["code"] == 200


async def test_funding_is_settled_told_and_paid(still: Served, trader: RecordingClient) -> None:
    """A long holds over a settlement: the rate is told before; history, income and wallet agree after."""
    await trader.create_order(SYMBOL, "market", "buy", 0.5)
    await let_pass(still, 5)
    told = await trader.fetch_funding_rate(SYMBOL)
    assert told["fundingTimestamp"] == FUNDING // 10**6
    assert await trader.fetch_funding_rate_history(SYMBOL) == []
    before = account_of(still).wallet_balance
    await let_pass(still, 6)
    [settled] = await trader.fetch_funding_rate_history(SYMBOL)
    assert (settled["timestamp"], settled["fundingRate"]) == (FUNDING // 10**6, 0.0001)
    [paid] = await trader.fetch_funding_history(SYMBOL)
    assert paid["amount"] == (account_of(still).wallet_balance - before) / ATOMS_PER_QUOTE
    assert paid["amount"] == pytest.approx(-0.5 * 100000 * 0.0001, rel=1e-3)


async def test_choices_of_a_contract_are_fetched_back(trader: RecordingClient) -> None:
    """Leverage and margin mode come from symbolConfig, where ccxt looks for them."""
    await trader.set_leverage(50, SYMBOL)
    await trader.set_margin_mode("isolated", SYMBOL)
    leverage = await trader.fetch_leverage(SYMBOL)
    assert (leverage["marginMode"], leverage["longLeverage"], leverage["shortLeverage"]) == ("isolated", 50, 50)
    assert (await trader.fetch_margin_mode(SYMBOL))["marginMode"] == "isolated"
    assert (await trader.fetch_leverage("ETH/USDT:USDT"))["marginMode"] == "cross"
