"""The command line: flags in, exit codes out. Heavy imports stay inside the commands, so that --help answers at once.

stdout carries the result, stderr the progress. Exit 0: done; 1: failed; 2: misuse, as a contradiction with the journal.
"""

import asyncio
import gc
import math
import os
import re
import signal
import sys
from collections import Counter
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import click

if TYPE_CHECKING:
    from exchange.runtime.settings import Settings

Function = TypeVar("Function", bound=Callable[..., Any])
FAILED, MISUSE = 1, 2
DEMO_INDEX = "path:btcusd-2025-02-03@01:10"  # the crash of 02:07 comes in the first minute at 60x
DEMO_SPEED = 60.0
SECONDS_MAX = 366 * 86_400
SEEDS_MAX = 100_000  # in one range
INDEX_HELP = (
    "Where index prices come from. path: and walk: play BTC. file: plays minute bars or Binance's kline CSV, which are"
    " prices of the first contract (the first of --contracts; BTCUSDT when none are given); BTC and ETH follow each"
    " other at a fixed ratio, other contracts need a file and a venue of their own. @HH:MM after it begins that late."
)
POLICY_FORMS = "NAME|FILE.toml|module:Class"
POLICY_HELP = (
    "How short margin is liquidated: binance_smart (of a new journal the default), tier_ladder, deribit_incremental,"
    " dydx_v4, hyperliquid_backstop or naive_full; a file that changes one of them; or a class of your own, found from"
    " the current folder. docs/policies.md describes all three."
)
LIMITS = ["binance", "classroom", "off"]
LIMITS_HELP = (
    "What callers may ask: binance counts request weight per address and bans who goes on; classroom counts it per API"
    " key and bans nobody; off counts, but refuses nothing."
)
TIMINGS = ["instant", "real"]
EVENT_ORDERS = ["account-first", "order-first"]
TIMING_HELP = "When answers and events leave: at once, or with seeded delays per channel, as over a real network."

as_json = click.option("--json", "json_output", is_flag=True, help="Print the result as one JSON object.")
data_argument = click.argument("data", type=click.Path(exists=True, file_okay=False, path_type=Path))


class FiniteRange(click.FloatRange):
    """A range that refuses what is no number: `nan` is neither below its minimum nor above its maximum."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number. Raises BadParameter."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return number


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="margincall", prog_name="margincall")
def main() -> None:
    """Margincall: a perpetual-futures exchange that you can run."""


def serve_options(*, speed: float, index_default: str, limits: str) -> Callable[[Function], Function]:
    """Return the flags that `serve` and `demo` share, as one decorator."""
    file = click.Path(exists=True, dir_okay=False, path_type=Path)
    options = [
        click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on."),
        click.option(
            "--port", default=8080, show_default=True, type=click.IntRange(0, 65_535), help="0: any free one."
        ),
        click.option("--data", type=click.Path(file_okay=False, path_type=Path), help="Folder of the journal."),
        click.option("--contracts", multiple=True, type=file, help="Contract file; may be repeated."),
        click.option(
            "--index", metavar="path:NAME|file:PATH|walk:SEED|manual", help=f"{INDEX_HELP} Default: {index_default}."
        ),
        click.option("--policy", metavar=POLICY_FORMS, help=POLICY_HELP),
        click.option("--coupled/--uncoupled", default=None, help="Let the contract's own flow move its index."),
        click.option(
            "--speed",
            default=speed,
            show_default=True,
            type=FiniteRange(0, 10_000, min_open=True),
            help="Of the price playback; venue time is wall time.",
        ),
        click.option("--seed", type=click.IntRange(0, 2**63 - 1), help="Of all chance in prices and bots."),
        click.option("--durability", type=click.Choice(["commit", "relaxed"]), default="commit", show_default=True),
        click.option("--limits", type=click.Choice(LIMITS), default=limits, show_default=True, help=LIMITS_HELP),
        click.option("--legacy-stops", is_flag=True, help="Take stop orders on the ordinary order endpoint, too."),
        click.option("--timing", type=click.Choice(TIMINGS), default="instant", show_default=True, help=TIMING_HELP),
        click.option(
            "--event-order",
            type=click.Choice(EVENT_ORDERS),
            default="account-first",
            show_default=True,
            help="Whether a fill is told as ACCOUNT_UPDATE or as ORDER_TRADE_UPDATE first.",
        ),
        click.option("--ready-file", type=click.Path(dir_okay=False, path_type=Path), help="Default: DATA/ready.json."),
        as_json,
    ]

    def decorate(function: Function) -> Function:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


@main.command()
@serve_options(speed=1.0, index_default="as the journal was begun, else manual", limits="binance")
def serve(json_output: bool, data: Path | None, **flags: Any) -> None:  # noqa: FBT001  click passes flags
    """Serve a venue until Ctrl-C or SIGTERM; the journal of a data folder goes on where it ended."""
    settings = _settings(data or Path("data"), flags)
    _run(lambda stop: _serve(settings, stop, json_output=json_output))


@main.command()
@serve_options(speed=DEMO_SPEED, index_default=DEMO_INDEX, limits="classroom")
@click.option("--seconds", type=FiniteRange(0, SECONDS_MAX, min_open=True), help="End by itself after so long.")
def demo(json_output: bool, data: Path | None, seconds: float | None, **flags: Any) -> None:  # noqa: FBT001
    """Serve a day of real prices at 60x with house bots trading on it, and show what happens."""
    import tempfile

    from exchange.demo import run_demo
    from exchange.journal.store import JOURNAL_NAME

    if data is None:
        data = Path(tempfile.mkdtemp(prefix="margincall-demo-"))
    new = not (data / JOURNAL_NAME).exists()
    flags["index"] = flags["index"] or (DEMO_INDEX if new else None)
    settings = _settings(data, flags)
    _run(lambda stop: run_demo(settings, stop, seconds=seconds, json_output=json_output))


@main.command()
@data_argument
@as_json
def replay(json_output: bool, data: Path) -> None:  # noqa: FBT001
    """Re-execute the journal in DATA against its recorded hashes; exit 1 where it diverges."""
    import msgspec

    from exchange.journal.errors import JournalError
    from exchange.journal.recovery import replay as replay_journal

    try:
        report = replay_journal(data)
    except JournalError as error:
        _fail(str(error), FAILED)
    _print_report(msgspec.to_builtins(report), json_output=json_output)


@main.command()
@data_argument
@as_json
def verify(json_output: bool, data: Path) -> None:  # noqa: FBT001
    """Check the storage of the journal in DATA, executing nothing; exit 1 when it is not sound."""
    import msgspec

    from exchange.journal.errors import JournalError
    from exchange.journal.recovery import verify as verify_journal

    try:
        report = verify_journal(data)
    except JournalError as error:
        _fail(str(error), FAILED)
    _print_report(msgspec.to_builtins(report), json_output=json_output)
    if report.problems:
        sys.exit(FAILED)


@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@as_json
def vectors(json_output: bool, file: Path) -> None:  # noqa: FBT001
    """Evaluate FILE, in the format of vectors.toml, through what the core calls; exit 1 on a mismatch."""
    import msgspec

    from exchange.conformance.vectors import VectorFileError, evaluate

    try:
        results = evaluate(file)
    except VectorFileError as error:
        _fail(str(error), MISUSE)
    counts = Counter(result.status for result in results)
    if json_output:
        click.echo(msgspec.json.encode({"counts": counts, "vectors": results}))
    else:
        for result in results:
            detail = f"  {result.reason}" if result.reason else ""
            click.echo(f"{result.status:<12} {result.id:<6} {result.formula}{detail}")
        click.echo(", ".join(f"{count} {status}" for status, count in sorted(counts.items())))
    if counts["mismatch"]:
        sys.exit(FAILED)


@main.command("check-policy")
@click.argument("policy", metavar=POLICY_FORMS)
@click.option("--seeds", default=50, show_default=True, type=click.IntRange(1, 10_000), help="How many small worlds.")
@as_json
def check_policy(json_output: bool, seeds: int, policy: str) -> None:  # noqa: FBT001
    """Run POLICY in small worlds of every kind and say what it must not do; exit 1 when there is something."""
    from exchange.conformance import check_policy as problems_of
    from exchange.core.rules import VenueRules
    from exchange.journal.errors import PolicyError
    from exchange.journal.policies import policy_of
    from exchange.runtime.engines import read_engine
    from exchange.runtime.settings import SettingsError

    try:
        engine = read_engine(policy)
        problems = problems_of(policy_of(VenueRules(engine=engine)), seeds=seeds, engine=engine)
    except (SettingsError, PolicyError) as error:
        _fail(str(error), MISUSE)
    if json_output:
        _print_report({"policy": policy, "worlds": seeds, "problems": problems}, json_output=True)
    else:
        click.echo("\n".join(problems) or f"{policy} is fine in {seeds} worlds")
    if problems:
        sys.exit(FAILED)


@main.command()
@data_argument
@click.option(
    "--policy", "policies", multiple=True, metavar=POLICY_FORMS, help="May be repeated. Default: all presets."
)
@click.option("--coupled", is_flag=True, help="Let the index follow the contract's own flow of each run.")
@as_json
def whatif(json_output: bool, data: Path, policies: tuple[str, ...], coupled: bool) -> None:  # noqa: FBT001
    """Run the commands of the journal in DATA under other liquidation engines, and compare each with none at all."""
    import msgspec

    from exchange.journal.errors import JournalError
    from exchange.runtime.comparison import compare, lines
    from exchange.runtime.settings import SettingsError

    try:
        comparison = compare(data, policies, coupled=coupled)
    except SettingsError as error:
        _fail(str(error), MISUSE)
    except JournalError as error:
        _fail(str(error), FAILED)
    click.echo(msgspec.json.encode(comparison) if json_output else "\n".join(lines(comparison)))


@main.command()
@click.argument("source", metavar="DATA|READY_FILE|URL")
@click.option("--token", help="The admin token, for a URL; or set MARGINCALL_ADMIN_TOKEN.")
@as_json
def coverage(json_output: bool, source: str, token: str | None) -> None:  # noqa: FBT001
    """Say what clients used of a venue, what they sent in vain, and what they asked for that it has not."""
    import msgspec

    from exchange.coverage import CoverageError, print_coverage, read_coverage

    try:
        report = read_coverage(source, token)
    except CoverageError as error:
        _fail(str(error), MISUSE)
    if json_output:
        click.echo(msgspec.json.encode(report))
    else:
        print_coverage(report)


def seeds_of(_ctx: click.Context, _param: click.Parameter, text: str) -> list[int]:
    """Return the seeds of a text: numbers, and ranges with both ends, with commas between. Raises BadParameter."""
    found: list[int] = []
    for part in text.split(","):
        written = re.fullmatch(r"([0-9]{1,18})(?::([0-9]{1,18}))?", part)
        first, last = (int(written[1]), int(written[2] or written[1])) if written else (0, -1)
        if not 0 <= last - first < SEEDS_MAX:
            raise click.BadParameter(f"{part!r} is neither a seed of up to 18 digits nor a range like 1:50.")
        found += range(first, last + 1)
    return list(dict.fromkeys(found))


@main.command()
@click.argument("scenario", metavar="NAME|FILE.toml")
@click.option(
    "--seed", "--seeds", "seeds", default="1", show_default=True, callback=seeds_of, help="As 7, 1:50 or 1,4."
)
@click.option("--policy", "policies", help=f"Instead of the scenario's; several with commas. {POLICY_HELP}")
@click.option("--muted", is_flag=True, help="Let nobody be liquidated.")
@click.option("--against-muted", is_flag=True, help="Run each seed with the engine muted, too: for amplification.")
@click.option("--coupled/--uncoupled", default=None, help="Whether the contract's own flow moves its index.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Default: runs/NAME.")
@click.option("--tables/--no-tables", default=None, help="Write Parquet tables and picture. Default: of a single run.")
@click.option("-j", "--jobs", default=1, show_default=True, type=click.IntRange(1, 256), help="Processes.")
@click.option("--show", is_flag=True, help="Print the scenario's file, to begin your own with, and do nothing.")
@as_json
def run(
    scenario: str,
    seeds: list[int],
    policies: str | None,
    out: Path | None,
    jobs: int,
    json_output: bool,  # noqa: FBT001  same
    tables: bool | None,  # noqa: FBT001  same
    **flags: Any,
) -> None:
    """Run a scenario in virtual time, or many of them: what is done already is not done again."""
    from concurrent.futures import BrokenExecutor

    from exchange.journal.errors import DataFolderLockedError, PolicyError

    report = _research()
    named = [policy.strip() for policy in policies.split(",")] if policies is not None else []
    if not all(named):
        _fail(f"--policy {policies!r}: a name is missing", MISUSE)
    chosen: list[str | None] = [*dict.fromkeys(named)] or [None]
    if flags["muted"] and flags["against_muted"]:
        _fail("--muted and --against-muted contradict each other", MISUSE)
    single = len(seeds) * len(chosen) == 1
    out = out or Path("runs") / Path(scenario).stem
    try:
        if flags.pop("show"):
            report.show(scenario)
            return
        todo = report.planned(
            scenario,
            seeds,
            chosen,
            out=out,
            tables=single if tables is None else tables,
            **flags,
        )
    except (ValueError, PolicyError) as error:  # a scenario, policy or index that cannot be had
        _fail(str(error), MISUSE)
    try:
        report.run(todo, out=out, workers=jobs, json_output=json_output)
    except DataFolderLockedError as error:
        _fail(f"{error}: wait for it, or name another folder with --out", FAILED)
    except BrokenExecutor:
        _fail("one of the processes has ended; repeat the command to do what is left", FAILED)
    except OSError as error:
        _fail(str(error), FAILED)


@main.command()
@click.argument("experiments", nargs=-1, required=True, type=click.Choice(["A1", "A2"]), metavar="A1|A2...")
@click.option("--repetitions", type=click.IntRange(100), help="Of each cell (A1) or pair (A2). Default: the paper's.")
@click.option("-j", "--jobs", default=1, show_default=True, type=click.IntRange(1, 256), help="Processes.")
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0, 2**63 - 1))
@as_json
def reproduce(experiments: tuple[str, ...], json_output: bool, jobs: int, **flags: Any) -> None:  # noqa: FBT001
    """Run published experiments through the venue, published against measured; exit 1 on a miss.

    A1: the 25 cells of Cont, Stoikov and Talreja's table 3. A2: the Borel-Tanner law of cascades, and a ladder of exact
    integers. docs/reproduce.md says how.
    """
    report = _research()
    if not report.reproduce(experiments, workers=jobs, json_output=json_output, **flags):
        sys.exit(FAILED)


async def _serve(settings: "Settings", stop: asyncio.Event, *, json_output: bool) -> None:
    """Serve until told to stop, having printed where things are (never a secret: those stand in the ready file)."""
    from exchange.composition import served
    from exchange.journal.policies import policy_name

    async with served(settings) as venue:
        places = {
            "rest": venue.ready.rest,
            "ws": venue.ready.ws,
            "readyFile": str(venue.ready_path),
            "dataFolder": str(venue.app.data_folder),
            "seq": venue.app.sequencer.seq,
            "policy": policy_name(venue.app.venue.state.rules.engine),
            "limits": settings.limits,
        }
        _print_report(places, json_output=json_output)
        # All that stands now stands until the end. A full collection that walks it too takes twice as long, and
        # nobody is answered meanwhile.
        gc.collect()
        gc.freeze()
        await venue.wait(stop)


def _settings(data: Path, flags: dict[str, Any]) -> "Settings":
    from exchange.journal.store import Durability
    from exchange.runtime.settings import Settings

    index = flags["index"]
    if index and index.startswith("file:"):  # the journal remembers it: a restart may come from another folder
        flags["index"] = f"file:{os.path.realpath(index.removeprefix('file:'))}"
        if not flags["index"].isprintable():
            _fail(f"--index {flags['index']!r}: the path must be printable text, since the journal keeps it", MISUSE)
    return Settings(data, **{**flags, "durability": Durability(flags["durability"])})


def _run(work: Callable[[asyncio.Event], Coroutine[Any, Any, None]]) -> None:
    """Run on uvloop, where there is one, until `work` ends; SIGINT and SIGTERM set the event it is given."""
    from exchange.journal.errors import HeaderMismatchError, JournalError
    from exchange.projections.derived import DerivedFileError
    from exchange.runtime.feeds.minutes import MalformedBarsError
    from exchange.runtime.feeds.sources import UnknownIndexError
    from exchange.runtime.keys import KeysError
    from exchange.runtime.settings import SettingsError

    async def until_signal() -> None:
        stop = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        await work(stop)

    try:
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(until_signal())
    except (HeaderMismatchError, MalformedBarsError, UnknownIndexError, SettingsError) as error:
        _fail(str(error), MISUSE)
    except (JournalError, KeysError, DerivedFileError, OSError) as error:
        _fail(str(error), FAILED)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # it does not exist for Windows
        return None
    return uvloop.new_event_loop


def _research() -> Any:
    """Return the module that runs research and prints it; end with a word where its packages are missing."""
    try:
        from scenarios import report
    except ModuleNotFoundError as error:
        _fail(f"research needs {error.name}: install margincall[research]", MISUSE)
    return report


def _print_report(report: dict[str, Any], *, json_output: bool) -> None:
    """Print names in camel case as one JSON object, or one `name: value` a line."""
    named = {_camel(name): value for name, value in report.items()}
    if json_output:
        import orjson

        click.echo(orjson.dumps(named))
    else:
        for name, value in named.items():
            click.echo(f"{name}: {', '.join(value) or 'none' if isinstance(value, tuple | list) else value}")


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)


def _fail(message: str, code: int) -> NoReturn:
    click.echo(f"margincall: {message}", err=True)
    sys.exit(code)
