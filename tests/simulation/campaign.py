"""Many random lives in processes, with a closing summary: the long run of the simulator. `make simulate` calls it.

Exit 0: no divergence, and every interesting thing happened. 1: one of these is not so. 2: misuse.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field

from tests.simulation.census import INTERESTING
from tests.simulation.life import DivergenceError, live

SHOWN_MAX = 5  # divergences printed in full
REPORT_EVERY_S = 10
CHOSEN_TIMES = 2  # so that one rule may change without a new choice, most often


@dataclass(slots=True)
class Summary:
    """What the lives of a campaign came to."""

    lives: int = 0
    commands: int = 0
    seconds: float = 0
    counts: Counter[str] = field(default_factory=Counter)
    divergences: list[str] = field(default_factory=list)
    seen: dict[int, frozenset[str]] = field(default_factory=dict)  # by seed

    @property
    def missing(self) -> list[str]:
        """The interesting things that never happened."""
        return [name for name in INTERESTING if not self.counts[name]]

    def seeds_enough(self, times: int) -> list[int]:
        """Return a few seeds in which all that was seen is seen `times`, if it ever was: each adds the most."""
        left = Counter({name: min(times, sum(name in one for one in self.seen.values())) for name in INTERESTING})
        chosen: list[int] = []
        while +left:
            others = sorted(set(self.seen) - set(chosen))
            best = max(others, key=lambda seed: sum(left[name] > 0 for name in self.seen[seed]))
            left.subtract(self.seen[best])
            chosen.append(best)
        return sorted(chosen)


def run_life(seed: int, commands: int) -> tuple[int, int, Counter[str], str]:
    """Live one life; return its seed, length, counts, and the text of its divergence, if any. Runs in a process."""
    try:
        life = live(seed, commands)
    except DivergenceError as error:
        return seed, 0, Counter(), str(error)
    return seed, len(life.journal), life.census.counts, ""


def run_campaign(first_seed: int, seeds: int, commands: int, processes: int) -> Summary:
    """Share about `commands` commands out over `seeds` lives and live them."""
    summary, started = Summary(), time.monotonic()
    reported = started
    with ProcessPoolExecutor(processes) as pool:
        each = -(-commands // seeds)
        lives = [pool.submit(run_life, seed, each) for seed in range(first_seed, first_seed + seeds)]
        for done in as_completed(lives):
            seed, length, counts, divergence = done.result()
            summary.seen[seed] = frozenset(counts)
            summary.lives += 1
            summary.commands += length
            summary.counts.update(counts)
            summary.divergences += [divergence] if divergence else []
            summary.seconds = time.monotonic() - started
            if time.monotonic() - reported > REPORT_EVERY_S:
                reported = time.monotonic()
                _progress(summary, seeds)
    return summary


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a campaign as the command line asks; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.campaign", description=__doc__.splitlines()[0])
    parser.add_argument("--commands", type=int, default=1_000_000, help="in all (default %(default)s)")
    parser.add_argument("--seeds", type=int, default=500, help="lives to share them (default %(default)s)")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("-j", "--processes", type=int, default=2)
    parser.add_argument("--choose", action="store_true", help="print a few seeds that saw all twice, for the test")
    asked = parser.parse_args(arguments)
    if min(asked.commands, asked.seeds, asked.processes) < 1:
        parser.error("--commands, --seeds and --processes must be positive")
    summary = run_campaign(asked.first_seed, asked.seeds, asked.commands, asked.processes)
    _print(summary)
    if asked.choose:
        sys.stdout.write(f"seeds: {summary.seeds_enough(CHOSEN_TIMES)}\n")
    return 1 if summary.divergences or summary.missing else 0


def _progress(summary: Summary, seeds: int) -> None:
    lives, gone_apart = f"{summary.lives}/{seeds} lives", f"{len(summary.divergences)} divergences"
    sys.stderr.write(f"{lives}, {summary.commands} commands, {summary.seconds:.0f} s, {gone_apart}\n")


def _print(summary: Summary) -> None:
    write = sys.stdout.write
    for name in sorted(summary.counts):
        write(f"{summary.counts[name]:>10}  {name}\n")
    for divergence in summary.divergences[:SHOWN_MAX]:
        write(f"\nDIVERGENCE {divergence}\n")
    for name in summary.missing:
        write(f"NEVER HAPPENED: {name}\n")
    gone_apart = len(summary.divergences)
    write(f"{summary.commands} commands, {summary.lives} seeds, {summary.seconds:.0f} s, {gone_apart} divergences\n")


if __name__ == "__main__":
    sys.exit(main())
