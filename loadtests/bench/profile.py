"""Profile the whole venue on the stream. Not a measurement: the profiler slows small functions most."""

import cProfile
import io
import pstats

from loadtests.bench.ours import WholeVenue
from loadtests.bench.stream import Stream

LINES = 40


def profile(stream: Stream) -> str:
    """Return the costliest functions, by cumulative and by own time."""
    venue = WholeVenue()
    venue.run(stream.resting)
    profiler = cProfile.Profile()
    profiler.runcall(venue.run, stream.operations)
    text = io.StringIO()
    statistics = pstats.Stats(profiler, stream=text).strip_dirs()
    for order in (pstats.SortKey.CUMULATIVE, pstats.SortKey.TIME):
        statistics.sort_stats(order).print_stats(LINES)
    return text.getvalue()
