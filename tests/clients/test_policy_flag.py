"""`--policy` and `check-policy` as a user meets them: a class beside the data folder, real processes, exit codes."""

import asyncio
import json
import signal
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Any

import pytest

from tests.conformance import twap

PATIENCE_S = 60
MINE = "mypolicy:Twap"


async def start(folder: Path, *arguments: str) -> Process:
    """Start a command in a folder."""
    main = "import sys; sys.path.remove(''); from exchange.cli import main; main()"  # as an installed script is started
    return await asyncio.create_subprocess_exec(
        sys.executable, "-c", main, *arguments, cwd=folder, stdout=PIPE, stderr=PIPE
    )


async def run(folder: Path, *arguments: str) -> tuple[int, str, str]:
    """Return exit code, stdout and stderr of a command that ends by itself."""
    process = await start(folder, *arguments)
    async with asyncio.timeout(PATIENCE_S):
        out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def served(folder: Path, *flags: str) -> dict[str, Any]:
    """Serve in a folder until connections are accepted, stop, and return what was printed."""
    process = await start(folder, "serve", "--data", "data", "--port", "0", "--json", *flags)
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE_S):
        printed: dict[str, Any] = json.loads(await process.stdout.readline())
        process.send_signal(signal.SIGTERM)
        assert await process.wait() == 0
    return printed


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the policy of docs/policies.md in it."""
    (tmp_path / "mypolicy.py").write_text(Path(twap.__file__).read_text("utf-8"), "utf-8")
    return tmp_path


async def test_a_class_of_the_users_is_checked_served_and_replayed(folder: Path) -> None:
    code, out, err = await run(folder, "check-policy", MINE, "--seeds", "7")
    assert (code, out, err) == (0, f"{MINE} is fine in 7 worlds\n", "")
    assert (await served(folder, "--policy", MINE))["policy"] == MINE
    again = await served(folder)
    assert again["policy"] == MINE
    code, out, err = await run(folder, "serve", "--data", "data", "--port", "0", "--policy", "dydx_v4")
    assert (code, out) == (2, "")
    assert "rules.engine.liquidation.path: journal 'mypolicy:Twap', now nothing" in err
    code, out, _ = await run(folder, "replay", "data", "--json")
    assert (code, json.loads(out)["seq"] >= again["seq"]) == (0, True)

    (folder / "mypolicy.py").unlink()
    for command in (("replay", "data"), ("serve", "--data", "data", "--port", "0")):
        code, out, err = await run(folder, *command)
        assert (code, out) == (1, "")
        assert err.startswith("margincall: policy mypolicy:Twap: no module 'mypolicy', neither in ")
    code, out, _ = await run(folder, "verify", "data", "--json")
    assert (code, json.loads(out)["problems"]) == (0, [])


async def test_a_preset_is_named_when_serving(tmp_path: Path) -> None:
    assert (await served(tmp_path))["policy"] == "binance_smart"
    code, _, err = await run(tmp_path, "serve", "--data", "data", "--port", "0", "--policy", "naive_full")
    assert code == 2
    assert "rules.engine.liquidation.policy: journal 'binance_smart', now 'naive_full'" in err


async def test_check_policy_tells_what_is_wrong_and_exits_with_1(folder: Path) -> None:
    (folder / "lazy.py").write_text("class Lazy:\n    def decide(self, case):\n        return None\n", "utf-8")
    (folder / "lazy.toml").write_text('[liquidation]\npolicy = "lazy:Lazy"\n', "utf-8")
    code, out, _ = await run(folder, "check-policy", "lazy:Lazy", "--seeds", "1")
    assert code == 1
    assert out.startswith("on a deep book account 2 is still in liquidation after ")
    assert out.count("\n") == 1
    code, out, _ = await run(folder, "check-policy", "lazy.toml", "--seeds", "1", "--json")
    report = json.loads(out)
    assert (code, report["policy"], report["worlds"], len(report["problems"])) == (1, "lazy.toml", 1, 1)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("check-policy", "nonsense"), "none of these: a preset"),
        (("check-policy", "mypolicy:Twop"), "mypolicy.py has no class Twop"),
        (("check-policy", "nowhere.toml"), "nowhere.toml"),
        (("serve", "--policy", "nowhere:Class"), "no module 'nowhere'"),
        (("serve", "--policy", "bad.toml"), "policy file bad.toml: adl.drop = 0.3 is not decimal text"),
        (("demo", "--policy", "nonsense"), "none of these: a preset"),
    ],
)
async def test_a_policy_that_is_nothing_exits_with_2(folder: Path, arguments: tuple[str, ...], told: str) -> None:
    (folder / "bad.toml").write_text("[adl]\ndrop = 0.3\n", "utf-8")
    code, out, err = await run(folder, *arguments)
    assert (code, out) == (2, "")
    assert told in err
    assert not (folder / "data").exists()
