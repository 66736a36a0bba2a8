"""A user's own liquidation policy that asks for anything, sense or nonsense: what a venue must survive. No chance."""

from random import Random

from exchange.core.policies.case import Case, Deleverage, HandOver, Intent, PositionCase, SendOrder, Wait
from exchange.core.units import RATE_ONE


class OddPolicy:
    """Decides by a number that all fields of the case are mixed into: another field, another intent."""

    def __init__(self, seed: int, pause: int) -> None:
        """Take what makes it differ from others, and how long it waits, in nanoseconds."""
        self._seed = seed
        self._pause = pause

    def decide(self, case: Case) -> Intent | None:
        """Return any intent about any position, also one that was acted on before; or a wait; or nothing."""
        random = Random(hash((self._seed, *_numbers(case))))
        draw = random.random()
        if draw < 0.06:
            return None
        if draw < 0.16:
            return Wait(case.ts + random.choice((self._pause, 3 * self._pause, 0, -5)), random.randint(0, 3))
        position = random.choice(case.positions)
        symbol, side = position.contract.symbol, position.side
        if draw < 0.30:
            return HandOver(symbol, side)
        if draw < 0.38:
            return Deleverage(symbol, side)
        return SendOrder(
            symbol,
            side,
            _lots(random, abs(position.quantity)),
            _limit(random, position),
            fee_rate=random.choice((0, RATE_ONE // 200, RATE_ONE // 10, RATE_ONE)),
            fills_whole=random.random() < 0.2,
            fund_pays_gap=random.random() < 0.3,
        )


def _lots(random: Random, held: int) -> int:
    """Return lots, also out of bounds."""
    return random.choice((-1, 0, 1, held // 2, held, held, held + 1, 1_000 * held))


def _limit(random: Random, position: PositionCase) -> int:
    """Return a limit in ticks: at any price, near the mark or the best price, or out of bounds."""
    near: int = random.choice((position.mark_price, position.best_price))
    any_price = 1 if position.quantity > 0 else position.contract.max_price
    nonsense = random.choice((-3, 0, position.contract.max_price + 1))
    return random.choice((nonsense, near, near + random.randint(-5, 5), any_price, any_price, any_price))


def _numbers(case: Case) -> tuple[int, ...]:
    """Return all numbers of a case, those of a contract left out."""
    scope = (case.ts, case.account_id, case.isolated, case.equity, case.maintenance_margin, case.fund_equity)
    pass_so_far = (case.memory, case.steps)
    return (*scope, *pass_so_far, *(number for one in case.positions for number in _numbers_of(one)))


def _numbers_of(one: PositionCase) -> tuple[int, ...]:
    so_far = (one.orders, one.filled, one.unfilled)
    values = (one.mark_price, one.entry_value, one.maintenance_margin, one.bankruptcy_value, one.best_price)
    return (
        len(one.contract.symbol),
        ord(one.contract.symbol[0]),
        ord(one.side.value[0]),
        one.quantity,
        *values,
        *so_far,
    )
