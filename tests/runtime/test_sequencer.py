"""The single writer: what leaves, when it leaves, and what happens when something fails."""

import asyncio
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import msgspec
import pytest

from exchange.core.commands import Annotate, Command, CreateAccount, Deposit, Resume, SetIndexPrice, Tick
from exchange.core.enums import RejectReason
from exchange.core.events import Annotated, Rejected, Resumed
from exchange.core.snapshot import state_hash
from exchange.core.units import SECOND, Atoms, Nanos, Ticks
from exchange.journal.recovery import Applied, replay, verify
from exchange.runtime import sequencer as module
from exchange.runtime.sequencer import InboxFullError, StoppedError
from tests.journal.recording import START
from tests.runtime.harness import Desk, desk

INDEX = SetIndexPrice("BTCUSDT", Ticks(1_000_000))


def note(text: str) -> Annotate:
    """A command that does nothing but be told."""
    return Annotate("news", text)


async def turn() -> None:
    """Let the loop run everything that is ready, and what that makes ready."""
    for _ in range(5):
        await asyncio.sleep(0)


def rows(running: Desk) -> list[tuple[int, int]]:
    """(first, last) sequence number of each committed row."""
    return [(row.first_seq, row.last_seq) for row in running.journal.batches()]


# ----------------------------------------------------------------------------------------------------------- one by one


async def test_the_first_command_is_resume(tmp_path: Path) -> None:
    async with desk(tmp_path) as running:
        assert [(done.seq, done.ts, done.command) for done in running.published] == [(1, START, Resume())]
        assert running.sequencer.seq == 1


async def test_what_fell_due_during_an_outage_is_not_caught_up(tmp_path: Path) -> None:
    async with desk(tmp_path) as running:
        await running.sequencer.submit(INDEX)
    async with desk(tmp_path, start=START + 10 * SECOND) as running:
        assert [(done.seq, type(done.command)) for done in running.published] == [(3, Resume)]
        assert running.sequencer.venue.next_due == START + 11 * SECOND


async def test_an_answer_carries_number_time_and_events(tmp_path: Path) -> None:
    async with desk(tmp_path) as running:
        done = await running.sequencer.submit(note("hello"))
        assert done == Applied(2, START, note("hello"), (Annotated("news", "hello"),))
        assert running.sequencer.seq == 2
        refused = await running.sequencer.submit(Deposit(77, Atoms(1)))
        assert refused.events == (Rejected(RejectReason.UNKNOWN_ACCOUNT, account_id=77),)


async def test_time_never_goes_backwards_across_a_restart(tmp_path: Path) -> None:
    async with desk(tmp_path) as running:
        running.clock.advance(30 * SECOND)
        await running.sequencer.submit(note("late"))
    async with desk(tmp_path, start=START + 10 * SECOND) as running:  # somebody set the machine's clock back
        assert running.published[0].ts == START + 30 * SECOND
        assert running.published[0].seq == 33


async def test_a_restart_goes_on_with_numbers_hash_and_state(tmp_path: Path) -> None:
    async with desk(tmp_path) as running:
        await running.sequencer.submit(INDEX)
        await running.sequencer.submit(CreateAccount("trader", Atoms(10**12)))
        before = state_hash(running.sequencer.venue.state)
    assert replay(tmp_path).state_hash == before
    async with desk(tmp_path, start=START + 3600 * SECOND) as running:
        assert isinstance(running.published[0].events[0], Resumed)
        assert running.published[0].events[0].outage == 3600 * SECOND
        assert running.published[0].seq == 4
    report = replay(tmp_path)
    assert (report.seq, report.event_hash) == (4, running.sequencer.event_hash.hex())


# --------------------------------------------------------------------------------------------------------- group commit


async def test_commands_of_one_turn_share_a_row(tmp_path: Path) -> None:
    async with desk(tmp_path) as running:
        done = await asyncio.gather(*(running.sequencer.submit(note(str(n))) for n in range(50)))
        assert [one.seq for one in done] == list(range(2, 52))
        assert [one.command for one in done] == [note(str(n)) for n in range(50)]
        assert rows(running) == [(1, 1), (2, 51)]
        assert running.batches == [(1, 1), (2, 51)]


async def test_nothing_leaves_before_the_commit(tmp_path: Path) -> None:
    async with desk(tmp_path) as running:
        running.journal.gate.clear()
        answer = asyncio.create_task(running.sequencer.submit(INDEX))
        await running.journal.commit_at_work()
        await turn()
        assert running.sequencer.venue.state.markets["BTCUSDT"].index_price == INDEX.price  # it is executed
        assert not answer.done()
        assert [done.seq for done in running.published] == [1]
        assert running.sequencer.seq == 1
        assert rows(running) == [(1, 1)]
        running.journal.gate.set()
        assert (await answer).seq == 2
        assert [done.seq for done in running.published] == [1, 2]


async def test_the_next_batch_is_executed_while_a_commit_is_in_flight(tmp_path: Path) -> None:
    async with desk(tmp_path) as running:
        running.journal.gate.clear()
        first = asyncio.create_task(running.sequencer.submit(note("first")))
        await running.journal.commit_at_work()
        later = []
        for n in range(3):  # three turns of the loop, three times
            running.clock.advance(1)
            later.append(asyncio.create_task(running.sequencer.submit(note(str(n)))))
            await turn()
        assert running.sequencer._executed_seq == 5
        assert not first.done()
        assert not any(task.done() for task in later)
        assert running.sequencer._timer is not None
        running.sequencer._timer.cancel()  # it is the end of the first commit that begins the second
        running.journal.gate.set()
        assert [(await task).ts for task in [first, *later]] == [START, START + 1, START + 2, START + 3]
        assert rows(running) == [(1, 1), (2, 2), (3, 5)]  # what gathered is committed in one row
        assert running.batches == [(1, 1), (2, 2), (3, 5)]
    assert replay(tmp_path).seq == 5


async def test_listeners_have_seen_the_batch_when_an_answer_arrives(tmp_path: Path) -> None:
    async with desk(tmp_path) as running:
        seen_at_answer = []

        async def place(text: str) -> None:
            done = await running.sequencer.submit(note(text))
            seen_at_answer.append(running.published[-1].seq >= done.seq)

        await asyncio.gather(place("a"), place("b"))
        assert seen_at_answer == [True, True]


async def test_answers_come_in_the_order_of_the_commands(tmp_path: Path) -> None:
    async with desk(tmp_path) as running:
        order: list[int] = []

        async def place(n: int) -> None:
            await running.sequencer.submit(note(str(n)))
            order.append(n)

        await asyncio.gather(*(place(n) for n in range(20)))
        assert order == list(range(20))


# ---------------------------------------------------------------------------------------------------------------- reads


async def test_a_read_waits_for_what_it_saw(tmp_path: Path) -> None:
    async with desk(tmp_path) as running:
        await running.sequencer.durable()  # nothing is open: at once
        running.journal.gate.clear()
        first = asyncio.create_task(running.sequencer.submit(INDEX))
        await running.journal.commit_at_work()
        read = asyncio.create_task(running.sequencer.durable())
        await turn()
        second = asyncio.create_task(running.sequencer.submit(note("after the read")))
        await turn()
        assert not read.done()
        running.journal.gate.set()
        await read
        assert running.sequencer.seq >= 2
        await asyncio.gather(first, second)


async def test_a_read_waits_for_the_second_commit_when_it_saw_what_that_holds(tmp_path: Path) -> None:
    async with desk(tmp_path) as running:
        running.journal.gate.clear()
        first = asyncio.create_task(running.sequencer.submit(note("first")))
        await running.journal.commit_at_work()
        early = asyncio.create_task(running.sequencer.durable())
        second = asyncio.create_task(running.sequencer.submit(INDEX))
        await turn()  # the second is executed while the first is being committed
        late = asyncio.create_task(running.sequencer.durable())
        await turn()
        running.journal.let_one()
        await first
        await early
        await running.journal.commit_at_work()
        await turn()
        assert not late.done()
        assert not second.done()
        running.journal.gate.set()
        await late
        assert running.sequencer.seq == 3
        await second


async def test_a_read_does_not_wait_for_later_commands(tmp_path: Path) -> None:
    async with desk(tmp_path) as running:
        running.journal.gate.clear()
        first = asyncio.create_task(running.sequencer.submit(INDEX))
        await running.journal.commit_at_work()
        read = asyncio.create_task(running.sequencer.durable())
        await turn()
        second = asyncio.create_task(running.sequencer.submit(note("later")))
        await turn()
        running.journal.gate.set()
        await first
        running.journal.gate.clear()
        await read
        running.journal.gate.set()
        assert (await second).seq == 3


async def test_a_reader_that_gave_up_hinders_nobody(tmp_path: Path) -> None:
    async with desk(tmp_path) as running:
        running.journal.gate.clear()
        answer = asyncio.create_task(running.sequencer.submit(INDEX))
        await running.journal.commit_at_work()
        impatient, patient = (asyncio.create_task(running.sequencer.durable()) for _ in range(2))
        await turn()
        impatient.cancel()
        running.journal.gate.set()
        await patient
        await answer


# ---------------------------------------------------------------------------------------------------------------- ticks


async def test_due_ticks_come_before_the_batch_with_their_own_time(tmp_path: Path) -> None:
    async with desk(tmp_path) as running:
        await running.sequencer.submit(INDEX)
        running.clock.advance(2 * SECOND + 500)
        done = await running.sequencer.submit(note("now"))
        assert [(one.ts - START, type(one.command)) for one in running.published[2:]] == [
            (1 * SECOND, Tick),
            (2 * SECOND, Tick),
            (2 * SECOND + 500, Annotate),
        ]
        assert rows(running)[-1] == (3, 5)
        assert done.seq == 5


async def test_an_idle_venue_ticks_by_itself(tmp_path: Path) -> None:
    async with desk(tmp_path, start=START + SECOND - 20_000_000) as running:  # 20 ms before a tick is due
        ticked = asyncio.Event()
        running.sequencer.subscribe(lambda _: ticked.set())
        running.clock.advance(20_000_000)  # the timer was set for the time that is now
        await asyncio.wait_for(ticked.wait(), 10)
        assert (running.published[-1].ts, running.published[-1].command) == (START + SECOND, Tick())


async def test_a_timer_that_comes_early_does_nothing(tmp_path: Path) -> None:
    async with desk(tmp_path) as running:
        running.sequencer.wake()
        running.sequencer.wake()
        await turn()
        assert [done.seq for done in running.published] == [1]


async def test_after_a_long_stall_the_venue_resumes(tmp_path: Path) -> None:
    async with desk(tmp_path) as running:
        await running.sequencer.submit(INDEX)
        running.clock.advance(module.STALL_NS_MAX + 10 * SECOND)
        await running.sequencer.submit(note("the lid was opened"))
        assert [type(done.command) for done in running.published[2:]] == [Resume, Annotate]
        running.clock.advance(30 * SECOND)
        await running.sequencer.submit(note("a short one"))
        assert [type(done.command) for done in running.published[4:]] == [Tick] * 30 + [Annotate]
    assert replay(tmp_path).seq == 35


# --------------------------------------------------------------------------------------------------------------- limits


async def test_a_full_inbox_takes_nothing_and_recovers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "INBOX_MAX", 3)
    async with desk(tmp_path) as running:
        running.journal.gate.clear()
        taken = [asyncio.create_task(running.sequencer.submit(note(str(n)))) for n in range(2)]
        await running.journal.commit_at_work()
        taken.append(asyncio.create_task(running.sequencer.submit(note("2"))))
        await turn()  # two in flight, one executed
        with pytest.raises(InboxFullError, match="3 commands wait"):
            await running.sequencer.submit(note("too much"))
        running.journal.gate.set()
        await asyncio.gather(*taken)
        assert (await running.sequencer.submit(note("again"))).seq == 5
        assert note("too much") not in [done.command for done in running.published]


@pytest.mark.parametrize(
    "command",
    [
        Annotate("news", "\ud800"),
        Deposit(1, cast("Atoms", "100")),
        SetIndexPrice("BTCUSDT", Ticks(1), cast("Nanos", None)),
    ],
)
async def test_what_cannot_be_journaled_is_not_executed(tmp_path: Path, command: Command) -> None:
    async with desk(tmp_path) as running:
        with pytest.raises(ValueError, match=r"surrogates|Expected `int`"):
            await running.sequencer.submit(command)
        assert (await running.sequencer.submit(note("next"))).seq == 2
        assert running.fatal == []


def test_a_wrong_type_is_a_value_error() -> None:
    assert issubclass(msgspec.ValidationError, ValueError)


async def test_a_caller_that_gave_up_hinders_nobody(tmp_path: Path) -> None:
    async with desk(tmp_path) as running:
        running.journal.gate.clear()
        impatient = asyncio.create_task(running.sequencer.submit(note("impatient")))
        patient = asyncio.create_task(running.sequencer.submit(note("patient")))
        await running.journal.commit_at_work()
        impatient.cancel()
        running.journal.gate.set()
        assert (await patient).seq == 3  # the other one was executed, too
        assert running.published[1].command == note("impatient")


async def test_no_command_before_the_start_and_after_the_stop(tmp_path: Path) -> None:
    async with desk(tmp_path) as running:
        last = asyncio.create_task(running.sequencer.submit(note("last")))
        await asyncio.sleep(0)
        await running.sequencer.stop()
        assert (await last).seq == 2  # what was taken is finished
        with pytest.raises(StoppedError):
            await running.sequencer.submit(note("too late"))
        assert running.sequencer._timer is None
    assert replay(tmp_path).seq == 2


# -------------------------------------------------------------------------------------------------------------- failing


async def test_a_failed_commit_answers_nothing_more(tmp_path: Path) -> None:
    async with desk(tmp_path) as running:
        running.journal.gate.clear()
        first = asyncio.create_task(running.sequencer.submit(note("first")))
        await running.journal.commit_at_work()
        second = asyncio.create_task(running.sequencer.submit(note("second")))
        read = asyncio.create_task(running.sequencer.durable())
        await turn()
        running.journal.failing = True
        running.journal.gate.set()
        await running.failed.wait()
        await turn()
        assert not first.done()
        assert not second.done()
        assert not read.done()
        assert running.published[1:] == []
        assert len(running.fatal) == 1
        assert "sequence number 2, the last durable one is 1" in running.fatal[0]
        assert "DiskFullError" in running.fatal[0]
        with pytest.raises(StoppedError):
            await running.sequencer.submit(note("third"))
        running.sequencer.wake()
        await turn()
        assert rows(running) == [(1, 1)]
        for task in (first, second, read):
            task.cancel()
    assert replay(tmp_path).seq == 1  # a restart recovers what was acknowledged


async def test_a_core_that_fails_stops_everything_even_the_commit_in_flight(tmp_path: Path) -> None:
    async with desk(tmp_path) as running:
        running.journal.gate.clear()
        first = asyncio.create_task(running.sequencer.submit(note("first")))
        await running.journal.commit_at_work()
        running.sequencer.venue.state.markets.clear()  # as a bug of the core might leave it
        running.sequencer.venue.state.accounts.clear()
        second = asyncio.create_task(running.sequencer.submit(Deposit(0, Atoms(1))))
        third = asyncio.create_task(running.sequencer.submit(INDEX))
        running.sequencer.venue.state.ts = 2**62
        await running.failed.wait()
        running.journal.gate.set()
        await asyncio.to_thread(running.sequencer._writer.shutdown)
        await turn()
        assert not any(task.done() for task in (first, second, third))
        assert "sequence number 3" in running.fatal[0]
        assert "time goes backwards" in running.fatal[0]
        for task in (first, second, third):
            task.cancel()
    assert replay(tmp_path).seq == 2  # it was durable, though nobody was told


async def test_a_listener_that_fails_stops_everything(tmp_path: Path) -> None:
    async with desk(tmp_path) as running:

        def broken(batch: Sequence[Applied]) -> None:
            raise KeyError(f"projection lost at {batch[0].seq}")

        running.sequencer.subscribe(broken)
        await running.sequencer.submit(note("hello"))
        assert "projection lost at 2" in running.fatal[0]
        with pytest.raises(StoppedError):
            await running.sequencer.submit(note("again"))


FILL_DISK = """
import asyncio, sys
from pathlib import Path
from exchange.core.commands import Annotate
from exchange.runtime.sequencer import exit_process
from tests.runtime.harness import desk

async def main():
    async with desk(Path(sys.argv[1])) as running:
        running.sequencer._on_fatal = exit_process
        running.journal._connection.execute("PRAGMA max_page_count = 40")
        while True:
            done = await running.sequencer.submit(Annotate("news", "x" * 1_000))
            print(done.seq, flush=True)

asyncio.run(main())
"""


def test_a_full_disk_ends_the_process_and_loses_nothing_that_was_answered(tmp_path: Path) -> None:
    command = [sys.executable, "-c", FILL_DISK, str(tmp_path)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 1
    answered = int(done.stdout.split()[-1])
    assert answered > 10
    where = f"margincall: stopped at sequence number {answered + 1}, the last durable one is {answered}; a restart"
    assert done.stderr.startswith(where)
    assert "no space is left" in done.stderr
    assert replay(tmp_path).seq == answered
    assert verify(tmp_path).problems == ()


# --------------------------------------------------------------------------------------------------------------- health


async def test_commit_lag_counts_the_open_batch(tmp_path: Path) -> None:
    async with desk(tmp_path) as running:
        await running.sequencer.submit(note("quick"))
        quick = running.sequencer.commit_lag_ms
        assert quick > 0
        running.journal.gate.clear()
        answer = asyncio.create_task(running.sequencer.submit(note("slow")))
        await running.journal.commit_at_work()
        loop = asyncio.get_running_loop()
        until = loop.time() + quick / 1000 + 0.02
        passed = asyncio.Event()
        loop.call_at(until, passed.set)
        await passed.wait()
        assert running.sequencer.commit_lag_ms > quick
        running.journal.gate.set()
        await answer
        assert running.sequencer.commit_lag_ms > quick
