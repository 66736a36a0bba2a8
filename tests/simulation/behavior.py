"""What the people of a simulated venue do next: random commands, sensible and senseless. It changes nothing."""

from collections.abc import Callable
from functools import partial
from random import Random
from typing import cast

from exchange.core.commands import (
    AdjustMargin,
    CancelAllOrders,
    Command,
    CreateAccount,
    Deposit,
    DropIndexSource,
    SetAutoAddMargin,
    SetIndexPrice,
    SetLeverage,
    SetMarginType,
    SetPositionMode,
    Transfer,
    Withdraw,
)
from exchange.core.enums import MarginType, PositionSide, Wallet
from exchange.core.units import MONEY_MAX, NEVER, Atoms, Ticks
from tests.reference.risk import profit, removable, total_equity, withdrawable
from tests.reference.world import FUND, World, held_legs, is_isolated
from tests.simulation.conditional_trading import ConditionalTrading
from tests.simulation.ingredients import Ingredients
from tests.simulation.knobs import Knobs
from tests.simulation.outside import Outside
from tests.simulation.ruin import Ruin
from tests.simulation.straining import Straining
from tests.simulation.trading import Trading

GO_ON_CHANCE = 0.8  # with a plan of several commands, before anything else happens


class Behavior:
    """Draws the next command of a life from one random source and the state of the reference."""

    def __init__(self, random: Random, knobs: Knobs, world: World) -> None:
        self._random = random
        self._knobs = knobs
        self._world = world
        self._of = Ingredients(random, knobs, world)
        self._trading = Trading(self._of)
        self._straining = Straining(self._of, self._trading)
        self._outside = Outside(self._of)
        self._conditional = ConditionalTrading(self._of, self._trading)
        self._ruin = Ruin(self._of)
        self._planned: list[Callable[[], Command]] = []

    def opening(self) -> list[Command]:
        """Return the commands of a venue's first morning."""
        random, symbols = self._random, self._of.symbols
        accounts = [CreateAccount("closer"), *(self._create_account() for _ in range(self._knobs.accounts))]
        choices: list[Command] = []
        for account in range(2, len(accounts) + 1):
            if random.random() < self._knobs.hedged:
                choices.append(SetPositionMode(account, hedge=True))
            isolated = [symbol for symbol in symbols if random.random() < self._knobs.isolated]
            choices += [SetMarginType(account, symbol, MarginType.ISOLATED) for symbol in isolated]
            choices += [SetAutoAddMargin(account, symbol, enabled=True) for symbol in isolated if random.random() < 0.5]
        priced = symbols if random.random() < 0.8 else symbols[:1]
        prices = [SetIndexPrice(symbol, Ticks(self._of.base[symbol])) for symbol in priced]
        return [*accounts, *choices, *prices]

    def next_command(self) -> Command:
        """Return what happens next."""
        if self._planned and self._random.random() < GO_ON_CHANCE:
            return self._planned.pop(0)()
        weights, draws = zip(*self._choices(), strict=True)
        (draw,) = self._random.choices(draws, weights)
        return cast("Callable[[], Command]", draw)()

    def _choices(self) -> tuple[tuple[int, Callable[[], Command]], ...]:
        return (
            (460, self._trading.place),
            (60, self._trading.quote),
            (60, self._trading.stretch),
            (25, self._trading.flee),
            (25, self._trading.turn_around),
            (30, self._dump),
            (35, self._straining.spoil),
            (70, self._lean),
            (60 if self._outside.stale() else 0, self._straining.blind),
            (70, self._ruin_somebody),
            (80 if self._world.locked or held_legs(self._world, FUND) else 0, self._swing_back),
            (110, self._trading.amend),
            (60, self._trading.cancel),
            (12, self._trading.cancel_all),
            (250, self._outside.index_price),
            (8, self._outside.drop_source),
            (40 if self._outside.stale() else 0, self._outside.revive),
            (90 if self._outside.closed() else 7, self._outside.market_state),
            (4, self._outside.annotate),
            (25, self._leverage),
            (12, self._margin_type),
            (6, self._position_mode),
            (8, self._auto_add),
            (60, self._adjust_margin),
            (12, self._start_over),
            (60, self._deposit),
            (40, self._withdraw),
            (15, self._drain),
            (15, self._corner),
            (15, self._blindfold),
            (30, self._transfer),
            (3, self._create_account),
            *self._conditional_choices(),
        )

    def _conditional_choices(self) -> tuple[tuple[int, Callable[[], Command]], ...]:
        often = self._knobs.conditionals
        return (
            (15, self._conditional.countdown),
            (10 + 130 * often, self._conditional.place),
            (5 + 40 * often, self._conditional.guard),
            (5 + 25 * often, self._conditional.cancel),
            (3, self._conditional.cancel_all),
            (90 * often if self._world.conditionals else 0, partial(self._plan, self._conditional.pull)),
            (15 * often, partial(self._plan, self._conditional.surround)),
            (6 * often, partial(self._plan, self._conditional.pack)),
            (6 * often, partial(self._plan, self._conditional.crowd)),
            (4, partial(self._plan, self._conditional.pile)),
            (400 if self._world.firing_due < NEVER else 0, self._conditional.give_up_due),
        )

    def _plan(self, draw: Callable[[], list[Callable[[], Command]]]) -> Command:
        """Do the first of several steps, and plan for the others."""
        steps = draw()
        self._planned = [*steps[1:], *self._planned]
        return steps[0]()

    # -------------------------------------------------------------------------------------------------- choices

    def _leverage(self) -> Command:
        symbol = self._of.symbol()
        contract = self._world.contracts.get(symbol)
        most = 1 if contract is None else max(one.max_leverage for one in contract.brackets)
        return SetLeverage(self._of.account(), symbol, self._random.choice((0, 1, 2, 8, 20, most, most, most + 1)))

    def _margin_type(self) -> Command:
        return SetMarginType(self._of.account(), self._of.symbol(), self._random.choice(tuple(MarginType)))

    def _position_mode(self) -> Command:
        return SetPositionMode(self._of.account(), hedge=self._random.random() < 0.5)

    def _auto_add(self) -> Command:
        return SetAutoAddMargin(self._of.account(), self._of.symbol(), enabled=self._random.random() < 0.6)

    def _start_over(self) -> Command:
        """Plan for an account to cancel and close all it has, and to choose other modes then."""
        account = self._of.account()
        symbols = self._of.symbols
        if account in self._world.names:
            self._planned += [
                partial(self._trading.close, leg, reduce_only=True) for leg in held_legs(self._world, account)
            ]
        hedge = account not in self._world.hedged
        self._planned.append(partial(SetPositionMode, account, hedge=hedge))
        for symbol in symbols:
            wanted = self._random.choice(tuple(MarginType))
            self._planned.append(partial(SetMarginType, account, symbol, wanted))
        cancels = [partial(CancelAllOrders, account, symbol) for symbol in symbols]
        self._planned = [*cancels, *self._planned]
        return self._planned.pop(0)()

    def _adjust_margin(self) -> Command:
        """Add to or take from an isolated position, around the most that is allowed; or to none."""
        random, add = self._random, self._random.random() < 0.5
        isolated = [leg for leg in self._of.held() if is_isolated(self._world, leg)]
        if not isolated or random.random() < 0.15:
            leg = self._of.leg(self._of.account(), self._of.symbol())
            return AdjustMargin(*leg[:2], Atoms(self._of.amount()), add, leg.side)
        leg = random.choice(isolated)
        most = withdrawable(self._world, leg.account) if add else removable(self._world, leg)
        amount = self._of.amount() if random.random() < 0.2 else self._of.around(most)
        if add and random.random() < 0.5:
            amount = most // 50 + 1  # a rescue in small steps leaves something for the next one
        side = leg.side if random.random() < 0.97 else random.choice(tuple(PositionSide))
        return AdjustMargin(leg.account, leg.symbol, Atoms(amount), add, side)

    # ---------------------------------------------------------------------------------------------------- money

    def _deposit(self) -> Command:
        people = self._of.people()
        if self._random.random() < 0.5 or not people:
            return Deposit(self._of.account(), Atoms(self._of.amount()))
        poorest = min(people, key=lambda account: total_equity(self._world, account))
        return Deposit(poorest, Atoms(self._random.choice((self._knobs.deposit, self._knobs.deposit // 4 + 1))))

    def _withdraw(self) -> Command:
        account = self._of.account()
        return Withdraw(account, Atoms(self._leaving(account)))

    def _drain(self) -> Command:
        """Take all that may leave from behind an isolated position, which then has nothing to fall back on."""
        isolated = [leg for leg in self._of.held() if is_isolated(self._world, leg)]
        if not isolated:
            return self._withdraw()
        return self._withdraw_all(self._random.choice(isolated).account)

    def _corner(self) -> Command:
        """Plan for an isolated position to be turned around with next to nothing to open the other side with."""
        isolated = [leg for leg in self._of.held() if is_isolated(self._world, leg) and leg.side is PositionSide.BOTH]
        if not isolated:
            return self._drain()
        losing = [leg for leg in isolated if profit(self._world, leg) < 0]  # they free less than they took
        leg = self._random.choice(losing or isolated)
        self._planned = [partial(self._trading.turn, leg), partial(self._trading.face, leg), *self._planned]
        if self._random.random() < 0.5:
            self._planned.insert(0, partial(self._outside.move_against, leg))
        return self._withdraw_all(leg.account)

    def _dump(self) -> Command:
        """Close at a bad price; half the time plan it, after somebody was found who pays that price."""
        orders = self._straining.dump()
        if not orders:
            return self._trading.place()
        taken, close = orders
        if self._random.random() < 0.5:
            return close
        self._planned = [lambda: close, *self._planned]
        return taken

    def _blindfold(self) -> Command:
        """Plan for a contract to lose its index in which one has a cross position, and for another one to crash."""
        held = self._of.held()
        cross = [leg for leg in held if not is_isolated(self._world, leg)]
        pairs = [
            (blind, leg)
            for blind in cross
            for leg in held
            if leg.account == blind.account and leg.symbol != blind.symbol
        ]
        if not pairs:
            return self._outside.drop_source()
        blind, leg = self._random.choice(pairs)
        crash = partial(self._outside.move_against, leg, self._knobs.crash_step)
        topped = SetAutoAddMargin(leg.account, leg.symbol, enabled=True)
        self._planned = [lambda: topped, crash, crash, *self._planned]
        return DropIndexSource(blind.symbol)

    def _ruin_somebody(self) -> Command:
        """Plan for a position to be liquidated, most often with somebody there to buy."""
        leg = self._ruin.doomed()
        if leg is None:
            return self._trading.place()
        catches = [partial(self._ruin.catch, leg)] * self._random.randint(0, 3)
        self._planned = [*catches, partial(self._ruin.strike, leg), partial(self._ruin.strike, leg), *self._planned]
        return self._planned.pop(0)()

    def _swing_back(self) -> Command:
        """Plan for the other side of a position in liquidation, or of the fund's, to be liquidated as well."""
        leg = self._ruin.opposed()
        if leg is None:
            return self._outside.index_price()
        strike = partial(self._ruin.strike, leg)
        self._planned = [strike, strike, *self._planned]
        return self._planned.pop(0)()

    def _lean(self) -> Command:
        """Plan for an account to order with the profit of its cross positions where that cannot go."""
        leg, account = self._straining.hopeful(), self._straining.rich()
        if leg is not None and (account is None or self._random.random() < 0.5):
            gain = partial(self._outside.move_for, leg, self._knobs.crash_step)
            self._planned = [gain, *self._leaning(leg.account), *self._planned]
            return gain()
        if account is None:
            return self._trading.place()
        steps = self._leaning(account)[1 if self._random.random() < 0.4 else 0 :]
        self._planned = [*steps[1:], *self._planned]
        return steps[0]()

    def _leaning(self, account: int) -> list[Callable[[], Command]]:
        orders = (self._straining.lean, self._straining.lower)
        return [partial(self._withdraw_all, account), *(partial(order, account) for order in orders)]

    def _withdraw_all(self, account: int) -> Command:
        return Withdraw(account, Atoms(withdrawable(self._world, account)))

    def _transfer(self) -> Command:
        random, account = self._random, self._of.account()
        source = random.choice(tuple(Wallet))
        if source is Wallet.FUTURES:
            return Transfer(account, source, Atoms(self._leaving(account)))
        there = self._world.wallets.get((account, Wallet.FUNDING), 0)
        return Transfer(account, source, Atoms(random.choice((there, there + 1, there // 2, self._of.amount()))))

    def _leaving(self, account: int) -> int:
        """Return an amount around the maximum that may leave."""
        if account not in self._world.names or self._random.random() < 0.2:
            return self._of.amount()
        return self._of.around(withdrawable(self._world, account))

    def _create_account(self) -> Command:
        random, usual = self._random, self._knobs.deposit
        if random.random() < 0.05:
            wrong = random.choice((-1, MONEY_MAX + 1))
            return CreateAccount(random.choice(("", "n" * 65)), Atoms(random.choice((0, wrong))), Atoms(0))
        deposit = random.choice((usual, usual, usual // 3, usual * 3, usual // 10, usual * 20, 0))
        return CreateAccount("trader", Atoms(deposit), Atoms(random.choice((0, usual // 2))))
