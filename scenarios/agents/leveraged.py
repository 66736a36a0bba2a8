"""Leveraged traders: each bets a stake on one side at a drawn leverage, holds, and meets the liquidation engine."""

from bisect import bisect
from itertools import accumulate

from exchange.core.commands import Deposit
from exchange.core.enums import Side
from exchange.core.units import ATOMS_PER_QUOTE, SECOND, Atoms
from scenarios.agents.agent import Desk
from scenarios.agents.group import Count, Direction, Group, Interval, NotNegative, Share

COSTS = 0.0015  # fee and slippage per unit of notional, to be left beside the margin
CAP_SHARE = 0.9  # of the notional that the brackets allow at a leverage
ENTERED_SHARE = 0.95  # of the wanted position: so much is enough


class Leveraged(Group, frozen=True, kw_only=True, tag="leveraged"):
    """Whom it is drawn from: leverages with their weights, lognormal stakes, and the share of a stake that is used.

    `deposit_quote` is the median stake. A bet begins in the first `enter_seconds` after `enter_after_seconds`, in
    `slices` market orders. Who holds less than when it last looked (liquidated, deleveraged) buys no more. At every
    wake it leaves with `exit_chance`; who is out comes back with `return_chance` and a full stake.
    """

    side: Direction
    leverages: tuple[Count, ...]
    weights: tuple[NotNegative, ...]
    stake_sigma: NotNegative = 0.8  # in powers of two
    used_least: Share = 0.6
    used_most: Share = 0.95
    enter_after_seconds: NotNegative = 0.0
    enter_seconds: NotNegative = 600.0
    wake_seconds: Interval = 20.0
    slices: Count = 3
    exit_chance: Share = 0.0
    return_chance: Share = 0.0

    def __post_init__(self) -> None:
        """Refuse two lists that differ in length, and those of which nothing can be drawn."""
        if len(self.leverages) != len(self.weights) or not sum(self.weights):
            raise ValueError(f"agents {self.name!r}: each of leverages has one of weights, and not all of these are 0")

    @property
    def leverage_most(self) -> int:
        """The highest that can be drawn."""
        return max(self.leverages)


class LeveragedTrader:
    """Draws its bet when it takes its seat. Every wake draws the same numbers, whatever becomes of them."""

    def __init__(self, desk: Desk, group: Leveraged) -> None:
        """Take the seat and draw the bet."""
        self.desk, self.group = desk, group
        bet = desk.chance("bet")
        sums = list(accumulate(group.weights))
        self.leverage = group.leverages[bisect(sums, bet.random() * sums[-1], hi=len(sums) - 1)]
        self.deposit_quote = group.deposit_quote * 2.0 ** (group.stake_sigma * bet.standard_normal())
        self._used = bet.uniform(group.used_least, group.used_most)
        self._begins_s = group.enter_after_seconds + group.enter_seconds * bet.random()
        self._side = Side(group.side)
        self._clock, self._coin = desk.chance("clock"), desk.chance("coin")
        self._wanted = 0  # lots; 0: it has not begun, or is out
        self._slices_left = 0
        self._held = 0  # lots, when it last looked
        self._begun = False

    def begin(self) -> int:
        """Sleep until the bet begins."""
        return int(self._begins_s * SECOND)

    def wake(self) -> int:
        """Enter, hold, leave, or come back."""
        leaves, returns = self._coin.random(2).tolist()
        desk = self.desk
        mark, held, before = desk.market.mark_price, abs(desk.position.quantity), self._held
        self._held = held
        if held < before:
            self._slices_left = 0
        if mark and not desk.account.in_liquidation:
            if not self._begun:
                self._bet(mark)
            elif self._wanted and held and leaves < self.group.exit_chance:
                desk.place(self._side.opposite, held, reduce_only=True)
                self._wanted = 0
            elif self._slices_left and held < ENTERED_SHARE * self._wanted:
                self._enter()
            elif not held and returns < self.group.return_chance:
                self._restock()
                self._bet(mark)
        return int(self.group.wake_seconds * SECOND * self._clock.standard_exponential())

    def _bet(self, mark: int) -> None:
        """Decide upon a position, the largest that stake and brackets carry, and begin to enter it."""
        desk, self._begun = self.desk, True
        notional_quote = self._used * self.deposit_quote / (1 / self.leverage + COSTS)
        cap_quote = CAP_SHARE * desk.market.contract.notional_cap(self.leverage) / ATOMS_PER_QUOTE
        self._wanted = desk.lots_of(min(notional_quote, cap_quote), mark)
        self._slices_left = 2 * self.group.slices  # some may find the book too thin
        self._enter()

    def _enter(self) -> None:
        self._slices_left -= 1
        missing = self._wanted - abs(self.desk.position.quantity)
        self.desk.place(self._side, max(1, min(missing, -(-self._wanted // self.group.slices))))

    def _restock(self) -> None:
        """Bring new money in for what the last bet lost."""
        desk = self.desk
        missing = round(self.deposit_quote * ATOMS_PER_QUOTE) - desk.account.cross_wallet
        if missing > 0:
            desk.kernel.submit(Deposit(desk.account_id, Atoms(missing)), desk.name, desk.latency_ns)
