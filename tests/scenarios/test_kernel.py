"""Virtual time passes in order, and names part draws. Seed 1."""

import pytest

from exchange.core.commands import Annotate, Tick
from exchange.core.enums import MarkRule
from exchange.core.policies.presets import EngineRules
from exchange.core.units import SECOND
from scenarios.chance import stream
from scenarios.kernel import VENUE, Executed, Kernel
from scenarios.reproduce.stage import Bench, unit_contract

Told = list[tuple[int, str]]  # when, and who


def told(kernel: Kernel) -> Told:
    """Return what will hold the time and the sender of each command from now on."""
    heard: Told = []

    def note(executed: Executed) -> None:
        assert isinstance(executed.command, Tick) == (executed.origin == VENUE)
        heard.append((executed.ts, executed.origin))

    kernel.listen(note)
    return heard


@pytest.fixture
def kernel() -> Kernel:
    """A venue whose mark is made with each whole second, at time 0."""
    bench = Bench(unit_contract(MarkRule.LAST_PRICE), EngineRules())
    bench.price_index(1_000)
    bench.wait(1)
    return bench.kernel


def test_commands_arrive_after_their_delay_and_at_one_time_in_the_order_of_sending(kernel: Kernel) -> None:
    heard, now = told(kernel), kernel.now
    for origin, delay_ns in (("slow", 30), ("first", 20), ("second", 20), ("at once", 0)):
        kernel.submit(Annotate("news", origin), origin, delay_ns)
    assert heard == [(now, "at once")]
    kernel.run(now + 100)
    assert heard[1:] == [(now + 20, "first"), (now + 20, "second"), (now + 30, "slow")]


def test_the_venue_does_what_is_due_before_anything_of_the_same_time(kernel: Kernel) -> None:
    heard = told(kernel)
    kernel.call_at(SECOND, lambda: kernel.submit(Annotate("news", ""), "agent"))
    kernel.run(2 * SECOND)
    assert heard == [(SECOND, VENUE), (SECOND, "agent")]


def test_a_run_ends_before_its_time_and_goes_on_from_there(kernel: Kernel) -> None:
    heard = told(kernel)
    kernel.call_at(SECOND, lambda: kernel.submit(Annotate("news", ""), "agent"))
    kernel.run(SECOND)
    assert (kernel.now, heard) == (SECOND, [])
    kernel.run(SECOND + 1)
    assert heard == [(SECOND, VENUE), (SECOND, "agent")]


def test_nothing_is_wanted_for_the_past(kernel: Kernel) -> None:
    kernel.run(10)
    with pytest.raises(AssertionError, match="past"):
        kernel.call_at(9, lambda: None)


def test_draws_follow_from_seed_and_name_alone_on_every_machine() -> None:
    assert stream(1, "maker-1", "clock").integers(1_000_000, size=3).tolist() == [328_619, 450_607, 620_532]
    first = [stream(*name).random() for name in ((1, "a", "bc"), (1, "ab", "c"), (1, "abc"), (2, "a", "bc"))]
    assert len(set(first)) == 4
