"""`margincall coverage`: from a running venue by URL, ready file or data folder, and from what one left behind."""

import asyncio
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from exchange.cli import main
from exchange.composition import READY_NAME, ReadyFile, write_ready
from exchange.coverage import TOKEN_VARIABLE
from exchange.runtime.usage import USAGE_NAME
from tests.wire.conftest import Served, open_served


def command(*arguments: str, **environment: str) -> Result:
    return CliRunner(env=environment).invoke(main, ["coverage", *arguments])


async def seen(*arguments: str, **environment: str) -> dict[str, object]:
    """Return the object that the command prints, without the time at which it was asked."""
    result = await asyncio.to_thread(lambda: command(*arguments, "--json", **environment))
    assert result.exit_code == 0, result.output
    told: dict[str, object] = json.loads(result.stdout)
    del told["until"]
    return told


async def test_it_finds_a_running_venue_by_each_of_its_names(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    async with open_served(folder) as opened:
        write_ready(folder / READY_NAME, ReadyFile(opened.rest_url, opened.ws_url, opened.admin_token, []))
        async with opened.session.get(f"{opened.rest_url}/fapi/v1/ping?x=1"):
            pass
        told = await seen(str(folder))
        assert told["endpoints"] == [{"name": "GET /fapi/v1/ping", "calls": 1, "refused": 0, "ignored": {"x": 1}}]
        assert await seen(str(folder / READY_NAME)) == told
        assert await seen(opened.rest_url, "--token", opened.admin_token) == told
        assert await seen(opened.rest_url, **{TOKEN_VARIABLE: opened.admin_token}) == told
    assert await seen(str(folder)) == told, "and what it left, although its ready file is still there"


async def use(opened: Served) -> None:
    """Use a bit of everything."""
    client = await opened.create_account()
    await client.call("GET", "/fapi/v1/depth", symbol="BTCUSDT", foo="[bar]")
    await client.call("GET", "/fapi/v1/trades", symbol="NONE")
    await client.call("GET", "/fapi/v1/lost")
    async with opened.session.ws_connect(f"{opened.ws_url}/ws/btcusdt@trade"):
        pass
    async with opened.session.ws_connect(f"{opened.ws_url}/ws-fapi/v1") as api:
        await api.send_json({"id": 1, "method": "ticker.price", "params": {}})
        await api.receive_json()


async def test_it_prints_tables(tmp_path: Path) -> None:
    async with open_served(tmp_path / "data") as opened:
        await use(opened)
    result = command(str(tmp_path / "data"))
    assert result.exit_code == 0
    for text in (
        "GET /fapi/v1/depth",
        "foo (1)",
        "ticker.price",
        "<symbol>@trade",
        "GET /fapi/v1/lost",
        "-1121",
        "Invalid",
    ):
        assert text in result.stdout, text
    titles = ("Endpoints", "Methods of the WebSocket API", "Streams", "Not implemented", "Errors")
    places = [result.stdout.index(title) for title in titles]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("nowhere", "no URL, no ready file and no data folder"),
        (".", "none left its coverage there"),
        ("http://127.0.0.1:1", TOKEN_VARIABLE),
        ("wrong.json", "is no ready file"),
    ],
)
def test_it_says_why_there_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, reason: str) -> None:
    monkeypatch.chdir(tmp_path)
    Path("wrong.json").write_text("{}")
    result = command(source)
    assert result.exit_code == 2
    assert reason in result.stderr


async def test_another_token_or_nobody_there_is_told(still: Served) -> None:
    result = await asyncio.to_thread(lambda: command(still.rest_url, "--token", "wrong"))
    assert (result.exit_code, "the admin token is another one" in result.stderr) == (2, True)
    result = await asyncio.to_thread(lambda: command("http://127.0.0.1:1", "--token", "x"))
    assert (result.exit_code, "refused" in result.stderr) == (2, True)


def test_a_damaged_file_is_told(tmp_path: Path) -> None:
    (tmp_path / USAGE_NAME).write_text("{")
    assert command(str(tmp_path)).exit_code == 2
