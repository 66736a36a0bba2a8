"""The pages of docs/clients say what works: the first Python block of each is run as it stands on a venue."""

import asyncio
import re
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from exchange.composition import served
from exchange.runtime.settings import Settings

ROOT = Path(__file__).parents[2]
PAGES = ROOT / "docs" / "clients"
SEED = 4
PATIENCE_S = 60
TOLD = {  # by page: the first and the last line that its block prints
    "ccxt": ("10000.0", "canceled"),
    "ccxt-pro": ("0 open", "0 open"),
    "python-binance": ("10000.00000000", "CANCELED"),
    "official-sdk": ("10000.00000000", "CANCELED"),
}


@pytest.mark.parametrize("page", TOLD)
async def test_the_block_of_a_page_runs_as_it_stands(tmp_path: Path, page: str) -> None:
    text = (PAGES / f"{page}.md").read_text("utf-8")
    [block, *_] = re.findall(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE)
    assert '"data/ready.json"' in block
    settings = Settings(tmp_path / "venue", index=f"walk:{SEED}", seed=SEED, port=0)
    async with served(settings) as venue:
        program = block.replace("data/ready.json", str(venue.ready_path))
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, cwd=ROOT, stdout=PIPE, stderr=PIPE
        )
        async with asyncio.timeout(PATIENCE_S):
            out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    lines = out.decode().splitlines()
    assert (lines[0], lines[-1]) == TOLD[page]


def test_the_readme_lists_each_page() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    for page in PAGES.glob("*.md"):
        assert f"docs/clients/{page.name}" in readme
