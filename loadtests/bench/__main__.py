"""The command of the benchmarks: `python -m loadtests.bench [PART ...]`. It prints tables, and writes JSON if asked."""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from loadtests.bench import books, fanout, trips
from loadtests.bench.figures import ROUNDS, Figure, as_json, machine, table
from loadtests.bench.profile import profile
from loadtests.bench.stream import OPERATIONS, Stream, make_stream
from loadtests.venue import VenueError

PROFILED = 30_000  # operations
Say = Callable[[str], None]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is asked, print it, and return 0, whatever the figures are; exit with 1 if a book did other work."""
    parser = argparse.ArgumentParser(prog="python -m loadtests.bench", description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help="books, trips, fanout or profile; all but profile")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--operations", type=int, default=OPERATIONS, help="of the stream (default %(default)s)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--ours", action="store_true", help="leave the peers out; they need packages of their own")
    parser.add_argument("--json", type=Path, metavar="FILE")
    asked = parser.parse_args(arguments)
    unknown = [part for part in asked.parts if part not in {"books", "trips", "fanout", "profile"}]
    if unknown or asked.rounds < 1 or asked.operations < 1:
        parser.error(f"no such part: {', '.join(unknown)}" if unknown else "rounds and operations must be positive")
    parts = asked.parts or ["books", "trips", "fanout"]
    if "books" in parts and not asked.ours and (missing := books.missing()):
        parser.error(f"no {', '.join(missing)} here: `make bench` has an environment for them; or add --ours")
    if asked.json:
        try:
            asked.json.touch()  # before minutes are measured in vain
        except OSError as error:
            parser.error(f"--json: {error}")
    if "profile" in parts:
        print(profile(make_stream(asked.seed, min(asked.operations, PROFILED))))
    try:
        figures = _measure(parts, asked)
    except (books.TradedElseError, VenueError) as error:
        sys.exit(str(error))
    if figures:
        print(f"{machine()}; seed {asked.seed}, {asked.rounds} rounds\n\n{table(figures)}")
    if asked.json:
        settings = {"seed": asked.seed, "rounds": asked.rounds, "operations": asked.operations}
        asked.json.write_text(json.dumps(as_json(figures, settings), indent=1) + "\n", "utf-8")
    return 0


def _measure(parts: Sequence[str], asked: argparse.Namespace) -> list[Figure]:
    figures: list[Figure] = []
    if "books" in parts:
        stream = make_stream(asked.seed, asked.operations)
        _say(_described(stream))
        figures += books.measure(
            stream, asked.rounds, books.OURS if asked.ours else {**books.OURS, **books.PEERS}, _say
        )
    if "trips" in parts:
        figures += trips.measure(asked.rounds, _say)
    if "fanout" in parts:
        figures += fanout.measure(asked.rounds, _say)
    return figures


def _described(stream: Stream) -> str:
    return (
        f"{len(stream.resting):,} resting orders; {stream.adds:,} adds, {stream.cancels:,} cancels, "
        f"{stream.marketable:,} marketable; {stream.trades:,} trades of {stream.traded_lots:,} lots; "
        f"{stream.resting_at_end:,} rest at the end"
    )


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
