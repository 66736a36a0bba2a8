"""What each agent sends in a market small enough to be counted by hand. A lot is worth 1 USDT at the index. Seed 5."""

import pytest

from exchange.core.commands import CancelOrder, PlaceOrder
from exchange.core.enums import Side
from scenarios.agents.agent import Desk
from scenarios.agents.arbitrage import Arbitrage, Arbitrageur
from scenarios.agents.fundamental import Fundamental, FundamentalTrader
from scenarios.agents.leveraged import Leveraged, LeveragedTrader
from scenarios.agents.maker import Maker, MarketMaker
from scenarios.agents.momentum import Momentum, MomentumTrader
from scenarios.agents.noise import Noise, NoiseTrader
from scenarios.kernel import Executed
from tests.scenarios.story import BTC, PRICE, Story

SEED = 5
NAME = "agent-1"
FULL = 5_000  # lots, and USDT at the index: a full inventory

Sent = list[tuple[Side, int, int]]  # side, lots, ticks (0: at market)


class Seat:
    """A story with one agent's desk, which acts without latency, and all that it sends."""

    def __init__(self, held: int = 0) -> None:
        """Have the agent hold so many lots from the start."""
        self.story = Story()
        self.other = self.story.rich()
        self.desk = Desk(self.story.kernel, NAME, self.story.rich(), BTC, 0, SEED)
        if held:
            buyer, seller = (self.desk.account_id, self.other) if held > 0 else (self.other, self.desk.account_id)
            self.story.trade(buyer, seller, abs(held))
        self.canceled = 0
        self._sent: Sent = []
        self.story.kernel.listen(self._note)

    def sent(self) -> Sent:
        """Return the orders sent since this was asked last."""
        sent, self._sent = self._sent, []
        return sent

    def _note(self, executed: Executed) -> None:
        command = executed.command
        if executed.origin == NAME and isinstance(command, PlaceOrder):
            self._sent.append((command.side, command.quantity, command.price))
        self.canceled += executed.origin == NAME and isinstance(command, CancelOrder)


def test_a_desk_turns_amounts_into_whole_lots_and_prices_into_ticks() -> None:
    desk = Seat().desk
    assert desk.ticks(1_000.0) == PRICE
    assert [desk.ticks(price) for price in (1_000.04, 1_000.06, 0.0)] == [10_000, 10_001, 1]
    assert [desk.lots_of(amount, PRICE) for amount in (1_000, 1_000.99, 0.5)] == [1_000, 1_000, 1]
    assert desk.lots_of(1_000, PRICE / 2) == 2_000
    assert desk.quote_of(-1_000, PRICE) == -1_000


@pytest.mark.parametrize(
    ("held", "side", "ticks", "expected"),
    [
        (0, Side.BUY, 10_008, []),  # within 8 basis points of the index
        (0, Side.BUY, 10_009, [(Side.SELL, 500, 10_008)]),
        (0, Side.SELL, 9_992, []),
        (0, Side.SELL, 9_991, [(Side.BUY, 500, 9_992)]),
        (FULL, Side.BUY, 10_003, [(Side.SELL, 500, 10_002)]),  # 6 of the 8 are given up to be rid of it
        (FULL, Side.SELL, 9_900, []),  # no more of it
        (-FULL, Side.SELL, 9_997, [(Side.BUY, 500, 9_998)]),
        (-FULL, Side.BUY, 10_100, []),
    ],
)
def test_arbitrage_takes_what_is_beyond_its_edge(held: int, side: Side, ticks: int, expected: Sent) -> None:
    seat = Seat(held)
    group = Arbitrage(name="agent", size_quote=500, inventory_max_quote=FULL, edge_bp=8, lean_bp=6)
    seat.story.order(seat.other, side, 1, ticks)
    Arbitrageur(seat.desk, group).wake()
    assert seat.sent() == expected


def ladder(seat: Seat) -> list[int]:
    """Return the prices at which the agent has orders."""
    return sorted(order.price for order in seat.desk.orders.values())


def maker(seat: Seat) -> MarketMaker:
    """Return a market maker of two levels."""
    group = Maker(
        name="agent",
        distances_bp=(10, 20),
        sizes_quote=(1_000, 2_000),
        inventory_max_quote=FULL,
        lean_bp=10,
        requote_seconds=4,
        stress_from_bp=40,
        stress_full_bp=120,
        stress_widening=2.5,
        withdrawn_share=0.5,
    )
    return MarketMaker(seat.desk, group)


def test_a_maker_quotes_around_the_index_and_leaves_what_has_not_moved() -> None:
    seat = Seat()
    agent = maker(seat)
    agent.wake()
    assert seat.sent() == [
        (Side.BUY, 1_000, 9_990),
        (Side.SELL, 1_000, 10_010),
        (Side.BUY, 2_000, 9_980),
        (Side.SELL, 2_000, 10_020),
    ]
    seat.story.price(PRICE + 2)  # a fifth of the nearest distance
    agent.wake()
    assert seat.sent() == []
    seat.story.price(PRICE + 3)
    agent.wake()
    assert seat.sent() == [(Side.BUY, 999, 9_993), (Side.SELL, 999, 10_013)]
    assert seat.canceled == 2


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        (FULL, [(Side.SELL, 1_001, 10_000), (Side.SELL, 2_002, 10_010)]),
        (-FULL, [(Side.BUY, 999, 10_000), (Side.BUY, 1_998, 9_990)]),
    ],
)
def test_a_full_maker_leans_and_quotes_one_side_only(held: int, expected: Sent) -> None:
    seat = Seat(held)
    maker(seat).wake()
    assert seat.sent() == expected


def test_a_maker_under_stress_quotes_further_away_and_less() -> None:
    seat = Seat()
    agent = maker(seat)
    agent.wake()
    seat.sent()
    seat.story.price(10_200)  # 198 basis points from its average: more than 40 + 120
    agent.wake()
    assert seat.sent() == [  # 1.02 a lot, half of the size; its own asks at 10,010 are not in its way
        (Side.BUY, 490, 10_174),
        (Side.SELL, 490, 10_226),
        (Side.BUY, 980, 10_149),
        (Side.SELL, 980, 10_251),
    ]
    assert ladder(seat) == [10_149, 10_174, 10_226, 10_251]


@pytest.mark.parametrize("price", [9_800, 10_200])
def test_no_new_quote_is_refused_for_an_old_one_of_the_same_maker(price: int) -> None:
    seat = Seat()
    agent = maker(seat)
    agent.wake()
    seat.story.price(price)
    agent.wake()
    assert len(ladder(seat)) == 4
    assert all(abs(quote / price - 1) < 60e-4 for quote in ladder(seat))


def test_a_maker_does_not_cross_what_others_quote() -> None:
    seat = Seat()
    seat.story.order(seat.other, Side.SELL, 1, 9_985)
    maker(seat).wake()
    assert [order for order in seat.sent() if order[0] is Side.BUY] == [
        (Side.BUY, 1_000, 9_984),
        (Side.BUY, 2_000, 9_980),
    ]


def test_momentum_follows_the_mark_by_a_third_of_its_size() -> None:
    seat = Seat()
    agent = MomentumTrader(seat.desk, Momentum(name="agent", size_quote=909, band_bp=5))
    agent.wake()
    seat.story.later(15)
    agent.wake()
    assert seat.sent() == []
    for price, side in ((10_100, Side.BUY), (9_000, Side.SELL)):
        seat.story.price(price)
        seat.story.later(15)
        agent.wake()
        assert seat.sent() == [(side, 909 * PRICE // price // 3, 0)]


@pytest.mark.parametrize(
    ("held", "value", "expected"),
    [
        (0, 1_001.0, []),
        (0, 1_002.0, [(Side.BUY, 300, 0)]),
        (0, 998.0, [(Side.SELL, 300, 0)]),
        (FULL, 1_010.0, []),
        (FULL, 990.0, [(Side.SELL, 300, 0)]),
        (-FULL, 990.0, []),
    ],
)
def test_a_fundamental_trader_acts_beyond_its_band_up_to_its_largest_position(
    held: int, value: float, expected: Sent
) -> None:
    seat = Seat(held)
    group = Fundamental(name="agent", size_quote=300, position_max_quote=FULL, bias_bp=0, band_bp=15)
    FundamentalTrader(seat.desk, group, lambda: value).wake()
    assert seat.sent() == expected


@pytest.mark.parametrize(("held", "share"), [(0, 0.5), (FULL, 0.1), (-FULL, 0.9)])
def test_noise_buys_less_often_the_more_it_holds(held: int, share: float) -> None:
    """400 market orders into an empty book: nothing trades, so the position stays. Within 4 standard errors."""
    seat = Seat(held)
    group = Noise(
        name="agent",
        orders_per_minute=1,
        market_share=1,
        cancel_share=0,
        size_quote=100,
        position_max_quote=FULL,
    )
    agent = NoiseTrader(seat.desk, group)
    for _ in range(400):
        agent.wake()
    sides = [side for side, _, _ in seat.sent()]
    assert len(sides) == 400
    assert sides.count(Side.BUY) / 400 == pytest.approx(share, abs=4 * (share * (1 - share) / 400) ** 0.5)


@pytest.mark.parametrize("side", [1, -1])
def test_a_leveraged_trader_bets_what_its_stake_carries_in_slices(side: int) -> None:
    """Half of 1,030.01 is 515.005; margin of 1/20 and costs of 0.0015 a unit carry 10,000.1 of notional."""
    seat = Seat()
    group = Leveraged(
        name="agent",
        side=Side(side).value,
        leverages=(20,),
        weights=(1,),
        deposit_quote=1_030.01,
        stake_sigma=0,
        used_least=0.5,
        used_most=0.5,
    )
    agent = LeveragedTrader(seat.desk, group)
    assert (agent.leverage, agent.deposit_quote) == (20, 1_030.01)
    left = 10_000
    for lots in (3_334, 3_334, 3_332):
        seat.story.order(seat.other, Side(-side), lots, PRICE)
        agent.wake()
        assert seat.sent() == [(Side(side), lots, 0)]
        left -= lots
    assert left == 0
    agent.wake()
    assert seat.sent() == []
    assert seat.desk.position.quantity == side * 10_000


def test_a_leveraged_trader_does_not_buy_back_what_it_has_lost() -> None:
    seat = Seat()
    group = Leveraged(name="agent", side=1, leverages=(20,), weights=(1,), deposit_quote=1_000, wake_seconds=1)
    agent = LeveragedTrader(seat.desk, group)
    seat.story.order(seat.other, Side.SELL, 100_000, PRICE)
    for _ in range(group.slices + 1):
        agent.wake()
    held = sum(lots for _, lots, _ in seat.sent())
    assert seat.desk.position.quantity == held
    seat.story.order(seat.other, Side.BUY, held // 2, PRICE - 5)
    seat.story.order(seat.desk.account_id, Side.SELL, held // 2, PRICE - 5)
    assert seat.desk.position.quantity == held - held // 2
    for _ in range(10):
        agent.wake()
    assert seat.sent() == []
