"""Writes journals for tests without a sequencer: a timeline of commands, executed with the ticks that fall due."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from msgspec.structs import replace

from exchange.core.commands import Command, Tick
from exchange.core.contract import Contract
from exchange.core.events import Event
from exchange.core.price_rules import BreakerRules, IndexSource
from exchange.core.rules import VenueRules
from exchange.core.units import SECOND, Nanos, RateE8
from exchange.core.venue import Venue
from exchange.journal.codec import GENESIS, encode_command, encode_entries, hash_events
from exchange.journal.header import Header
from exchange.journal.policies import policy_of
from exchange.journal.store import Batch, Journal, create
from exchange.runtime.settings import read_contracts

START = 1_738_540_800 * SECOND  # 3 February 2025, 00:00 UTC
FUNDING_SECONDS = 60
DEFAULT_RULES = VenueRules()


def contracts() -> tuple[Contract, ...]:
    """The shipped contracts, with a funding every minute so that a short life sees some.

    ETHUSDT has two index sources and a circuit breaker.
    """
    interval = Nanos(FUNDING_SECONDS * SECOND)
    bitcoin, ether = (
        replace(contract, funding=replace(contract.funding, interval=interval, shortened_interval=interval))
        for contract in read_contracts(())
    )
    sources = (IndexSource("spot", 2), IndexSource("other", 1))
    breaker = BreakerRules(RateE8(5_000_000), Nanos(60 * SECOND), Nanos(10 * SECOND))
    return bitcoin, replace(ether, index=replace(ether.index, sources=sources), breaker=breaker)


def header(rules: VenueRules = DEFAULT_RULES) -> Header:
    """A header of the contracts above."""
    return Header(rules, contracts(), {"index": "manual", "coupled": "false", "seed": "1"})


def record(
    data: Path, timeline: Iterable[tuple[int, Command]], batch_size: int = 3, rules: VenueRules = DEFAULT_RULES
) -> list[Event]:
    """Begin a journal in `data`, execute the timeline, commit `batch_size` commands a row; return all events."""
    create(data, header(rules))
    venue = Venue(rules, contracts(), policy_of(rules))
    entries: list[tuple[int, Command]] = []
    events: list[Event] = []
    hashes = [GENESIS]
    for ts, command in timeline:
        while venue.next_due <= ts and entries and not _after_outage(venue.next_due, ts):
            entries.append((venue.next_due, Tick()))
            _execute(venue, entries[-1], events, hashes)
        entries.append((ts, command))
        _execute(venue, entries[-1], events, hashes)
    with Journal(data) as journal:
        for first in range(0, len(entries), batch_size):
            journal.append(row(first + 1, entries[first : first + batch_size], hashes))
    return events


def row(first_seq: int, entries: Sequence[tuple[int, Command]], hashes: Sequence[bytes]) -> Batch:
    """Return the row of these entries; `hashes[n]` is the running hash after sequence number n."""
    last_seq = first_seq + len(entries) - 1
    text = encode_entries([(ts, encode_command(command)) for ts, command in entries])
    return Batch(first_seq, last_seq, entries[-1][0], text, hashes[last_seq])


def _after_outage(due: int, ts: int) -> bool:
    """A venue that was down for five minutes or more resumes; it does not catch up."""
    return ts - due >= 300 * SECOND


def _execute(venue: Venue, entry: tuple[int, Command], events: list[Event], hashes: list[bytes]) -> None:
    found = venue.execute(*entry)
    events.extend(found)
    hashes.append(hash_events(hashes[-1], found))
