"""A short full run of freqtrade by its documented page: `freqtrade trade` on a demo, with house bots on a moving day.

The page's own blocks are used, word for word. The bot must enter and leave trades, with its stops on the exchange, end
cleanly, and have in its database what the venue has.
"""

import json
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from tests.conformance_clients.stage import PATIENCE_S, SYMBOL, Keys, Stage

PAGE = Path("docs/clients/freqtrade.md")
RUN_SECONDS_MAX = 240
TRADES_MIN = 2
POLL_S = 1.0
HEARTBEAT = "Bot heartbeat"  # said at the end of a pause, every five seconds
REST_S = (
    2.5  # after that freqtrade has done its round and pauses: Ctrl-C in the middle of one may break off its database
)
ENDED_BY_SIGINT = 130
ORDERS = "select order_id, ft_order_side, status, filled, average from orders"
TRADES = "select count(*) from trades where is_open = 0"
REASONS = "select distinct exit_reason from trades where is_open = 0 order by exit_reason"


class RunError(Exception):
    """The run did not do what it should; the text says what, with the end of the log."""


def run(program: str, folder: Path) -> str:
    """Run freqtrade as the page says, in an empty folder; return what came of it. Raises RunError, AssertionError."""
    with demo(program, folder) as ready_path:
        _write_files(folder, ready_path)
        with trading(folder) as bot:
            _until(bot, folder, lambda: _count(folder) >= TRADES_MIN)
            beats = _log(folder).count(HEARTBEAT)
            _until(bot, folder, lambda: _log(folder).count(HEARTBEAT) > beats)
            time.sleep(REST_S)
            bot.send_signal(signal.SIGINT)
            code = bot.wait(timeout=60)
        log = _log(folder)
        assert code == ENDED_BY_SIGINT, f"freqtrade ended with {code}: {log[-2000:]}"
        assert "Traceback" not in log, log[log.index("Traceback") :][:2000]
        return compare(folder, ready_path)


@contextmanager
def demo(program: str, folder: Path) -> Iterator[Path]:
    """Run a demo until the block ends; give its ready file."""
    ready_path = folder / "ready.json"
    arguments = ["demo", "--port", "0", "--data", str(folder / "data"), "--ready-file", str(ready_path), "--json"]
    with (folder / "demo.log").open("wb") as log:
        process = subprocess.Popen([program, *arguments], stdout=log, stderr=log)
    try:
        until = time.monotonic() + PATIENCE_S
        while not ready_path.exists():
            if process.poll() is not None or time.monotonic() > until:
                raise RunError(f"the demo did not start: {(folder / 'demo.log').read_text('utf-8')[-2000:]}")
            time.sleep(POLL_S)
        yield ready_path
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE_S)


@contextmanager
def trading(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run the page's command in the folder until the block ends."""
    [command] = _blocks("")
    program, *arguments = command.split()
    with (folder / "freqtrade.log").open("wb") as log:
        bot = subprocess.Popen(
            [Path(sys.executable).parent.absolute() / program, *arguments], cwd=folder, stdout=log, stderr=log
        )
    try:
        yield bot
    finally:
        if bot.poll() is None:
            bot.kill()
            bot.wait()


def compare(folder: Path, ready_path: Path) -> str:
    """Compare freqtrade's orders with the venue's, fill by fill; return a sentence on them."""
    ready = json.loads(ready_path.read_text("utf-8"))
    stage = Stage(ready["rest"], ready["ws"], ready["adminToken"])
    first = ready["accounts"][0]
    keys = Keys(first["accountId"], first["apiKey"], first["secretKey"])
    fills = stage.signed(keys, "GET", "/fapi/v1/userTrades", {"symbol": SYMBOL, "limit": "1000"})
    conditional = stage.signed(keys, "GET", "/fapi/v1/allAlgoOrders", {"symbol": SYMBOL})
    became = {str(row["algoId"]): str(row["actualOrderId"] or row["algoId"]) for row in conditional}
    sums: dict[str, float] = {}
    for fill in fills:
        sums[str(fill["orderId"])] = round(sums.get(str(fill["orderId"]), 0) + float(fill["qty"]), 3)
    kept = _rows(folder, ORDERS)
    told = {became.get(row[0], row[0]): round(row[3] or 0, 3) for row in kept if row[3]}
    assert told == sums, f"freqtrade has {told}, the venue {sums}"
    stops = [row for row in kept if row[1] == "stoploss"]
    assert stops, "no stop was placed on the exchange"
    assert {row[0] for row in stops} <= set(became), "a stop that the algo service does not know"
    assert not stage.signed(keys, "GET", "/fapi/v1/openOrders", {}), "it left orders behind"
    fired = sum(row[2] == "closed" for row in stops)
    reasons = ", ".join(row[0] for row in _rows(folder, REASONS))
    stopped = f"{len(stops)} stops on the exchange, {fired} of them filled"
    return f"{_count(folder)} trades closed ({reasons}), {len(kept)} orders, {stopped}; the venue has the same fills"


def _write_files(folder: Path, ready_path: Path) -> None:
    connect, strategy = _blocks("python")
    [config] = _blocks("json")
    (folder / "config.json").write_text(config, "utf-8")
    (folder / "strategies").mkdir()
    (folder / "strategies" / "brief.py").write_text(strategy, "utf-8")
    script = connect.replace("data/ready.json", str(ready_path)).replace("venue.json", str(folder / "venue.json"))
    exec(compile(script, str(PAGE), "exec"), {})  # the page's own words are what is tested


def _blocks(kind: str) -> list[str]:
    """Return the page's blocks of a language; "" is that of commands."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    return [text for language, text in blocks if language == kind]


def _until(bot: subprocess.Popen[bytes], folder: Path, holds: Callable[[], bool]) -> None:
    until = time.monotonic() + RUN_SECONDS_MAX
    while not holds():
        if bot.poll() is not None or time.monotonic() > until:
            raise RunError(f"freqtrade did not trade: {_log(folder)[-3000:]}")
        time.sleep(POLL_S)


def _log(folder: Path) -> str:
    return (folder / "freqtrade.log").read_text("utf-8")


def _count(folder: Path) -> int:
    return int(_rows(folder, TRADES)[0][0]) if (folder / "tradesv3.sqlite").exists() else 0


def _rows(folder: Path, query: str) -> list[Any]:
    with closing(sqlite3.connect(f"file:{folder / 'tradesv3.sqlite'}?mode=ro", uri=True)) as database:
        return database.execute(query).fetchall()
