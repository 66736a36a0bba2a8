"""The command line as a user meets it: real processes, real signals, exit codes, and where results go."""

import asyncio
import json
import re
import shlex
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from clients.reference import Rest, read_ready

PATIENCE_S = 60
SEED = "7"


async def start(*arguments: str) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", "from exchange.cli import main; main()", *arguments, stdout=PIPE, stderr=PIPE
    )


async def run(*arguments: str) -> tuple[int, str, str]:
    """Return exit code, stdout and stderr of a command that ends by itself."""
    process = await start(*arguments)
    async with asyncio.timeout(PATIENCE_S):
        out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


def mode_of(path: str) -> int:
    return Path(path).stat().st_mode & 0o777


@asynccontextmanager
async def serving(folder: Path, *flags: str) -> AsyncIterator[tuple[Process, dict[str, Any]]]:
    """Yield a process that serves, and what it printed when it accepted connections."""
    process = await start("serve", "--data", str(folder), "--port", "0", "--json", *flags)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(PATIENCE_S):
            yield process, json.loads(await process.stdout.readline())
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.parametrize(
    ("flags", "limits", "last", "statuses", "without_key"),
    [
        ((), "binance", 418, {200, 429, 418}, 418),
        (("--limits", "classroom"), "classroom", 429, {200, 429}, 200),
        (("--limits", "off"), "off", 200, {200}, 200),
    ],
)
async def test_serve_limits_as_it_is_told(
    tmp_path: Path, flags: tuple[str, ...], limits: str, last: int, statuses: set[int], without_key: int
) -> None:
    async with serving(tmp_path / "data", *flags) as (_, printed), aiohttp.ClientSession() as session:
        assert printed["limits"] == limits
        ready = read_ready(printed["readyFile"])

        async def status(headers: dict[str, str]) -> int:
            """Ask for what costs 40 of the 2400."""
            async with session.get(f"{ready.rest}/fapi/v1/ticker/24hr", headers=headers) as response:
                return response.status

        found = set[int]()
        for _ in range(200):  # enough for a ban, also where a minute turns on the way
            found.add(await status({"X-MBX-APIKEY": ready.accounts[0].api_key}))
            if last in found - {200}:
                break
        assert found == statuses
        assert await status({}) == without_key


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_serve_ends_cleanly_and_its_journal_replays(tmp_path: Path, number: signal.Signals) -> None:
    folder = tmp_path / "data"
    async with serving(folder, "--index", "walk:4", "--seed", SEED) as (process, printed):
        assert mode_of(printed["readyFile"]) == 0o600
        ready = read_ready(printed["readyFile"])
        async with aiohttp.ClientSession() as session:
            account = await Rest(ready.rest, ready.accounts[0], session).futures_account()
        assert float(account["totalWalletBalance"]) == 10_000
        process.send_signal(number)
        assert await process.wait() == 0
    code, out, _ = await run("replay", str(folder), "--json")
    report = json.loads(out)
    assert code == 0
    assert report["seq"] > 0
    assert int(report["stateHash"], 16) > 0
    code, out, _ = await run("verify", str(folder), "--json")
    assert (code, json.loads(out)["problems"]) == (0, [])


async def test_flags_that_contradict_the_journal_exit_with_2(tmp_path: Path) -> None:
    async with serving(tmp_path, "--index", "walk:4") as (process, _):
        process.terminate()
        assert await process.wait() == 0
    code, out, err = await run("serve", "--data", str(tmp_path), "--port", "0", "--index", "walk:5")
    assert (code, out) == (2, "")
    assert "settings.index: journal 'walk:4', now 'walk:5'" in err
    async with serving(tmp_path) as (process, printed):
        assert printed["seq"] > 0
        process.terminate()
        assert await process.wait() == 0


async def test_a_data_folder_in_use_is_refused(tmp_path: Path) -> None:
    async with serving(tmp_path):
        code, _, err = await run("serve", "--data", str(tmp_path), "--port", "0")
        assert code == 1
        assert "in use by process" in err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("serve", "--index", "nonsense"), 2, "use path:NAME"),
        (("serve", "--index", "file:packed.csv"), 2, "packed.csv is no text in UTF-8"),
        (("serve", "--index", "file:missing.csv"), 2, "missing.csv: No such file"),
        (("serve", "--index", "file:loop.csv"), 2, "loop.csv: Too many levels of symbolic links"),
        (("serve", "--index", "file:\udcff.csv"), 2, "printable"),
        (("serve", "--index", "walk:\u00b2"), 2, "whole number"),
        (("serve", "--speed", "0"), 2, "--speed"),
        (("serve", "--speed", "nan"), 2, "finite"),
        (("demo", "--seconds", "nan"), 2, "finite"),
        (("demo", "--seconds", "inf"), 2, "--seconds"),
        (("serve", "--durability", "none"), 2, "--durability"),
        (("replay", "."), 1, "there is no journal"),
        (("verify", "."), 1, "there is no journal"),
        (("replay", "nowhere"), 2, "does not exist"),
        (("vectors", "bad.toml"), 2, "schema"),
        (("fly",), 2, "No such command"),
    ],
)
async def test_misuse_says_so_on_stderr(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], code: int, message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.toml").write_text("schema = 99\n")
    (tmp_path / "packed.csv").write_bytes(b"\x1f\x8b\xff")
    (tmp_path / "loop.csv").symlink_to("loop.csv")
    found = await run(*arguments)
    assert found[:2] == (code, "")
    assert message in found[2]


@pytest.mark.slow
async def test_a_demo_of_twenty_seconds_trades_sums_up_and_replays(tmp_path: Path) -> None:
    flags = ("--data", str(tmp_path), "--port", "0", "--seed", SEED, "--seconds", "20", "--json")
    code, out, err = await run("demo", *flags)
    summary = json.loads(out)
    assert code == 0
    assert summary["residue"] == "0.00000000"
    assert summary["trades"] >= 20
    assert summary["firstTradeS"] < 15
    assert "\x1b[" not in err
    assert "apiKey" in err
    code, out, _ = await run(*summary["replay"].split()[1:], "--json")
    assert (code, json.loads(out)["seq"] > 0) == (0, True)


async def test_a_demo_says_that_its_port_is_taken(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, out, err = await run("demo", "--data", str(tmp_path / "data"), "--port", port, "--seconds", "1")
    assert code == 0, err
    assert f"port {port} is in use, so the demo listens on another one" in out


async def test_ctrl_c_ends_a_demo_with_its_summary(tmp_path: Path) -> None:
    folder = tmp_path / "[bold]"  # a name that the console must not take for its own markup
    process = await start("demo", "--data", str(folder), "--port", "0")
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE_S):
        assert (await process.stdout.readline()).startswith(b"Margincall")
        greeting = b""
        while b"trades/s" not in (line := await process.stdout.readline()):
            assert process.returncode is None
            greeting += line
        process.send_signal(signal.SIGINT)
        out, _ = await process.communicate()
    assert process.returncode == 0
    assert re.search(rb"^policy +binance_smart$", greeting, re.MULTILINE)
    assert f"margincall replay {shlex.quote(str(folder))}" in out.decode()
    assert "residue 0.00000000" in out.decode()
