"""The picture of a run: two files, the same bytes from the same tables, and every line that the tables allow."""

from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from exchange.core.enums import Side
from exchange.core.units import ATOMS_PER_QUOTE, SECOND
from scenarios.analysis.picture import _spoken, _thinned, _windows, picture
from scenarios.record.sink import Tables
from tests.scenarios.story import PRICE, START, Story

LOTS = 1_000
PNG_MAGIC = b"\x89PNG\r\n\x1a\n"


def fallen() -> Tables:
    """Tell of one long that is sold in the middle of an hour."""
    story = Story()
    maker, trader = story.rich(), story.account(50 * ATOMS_PER_QUOTE)
    story.trade(trader, maker, LOTS)
    story.order(maker, Side.BUY, LOTS, 9_590)
    story.later(1_800)
    story.price(9_595)
    story.later(1_800)
    story.price(9_700)
    return story.tables()


def test_a_picture_is_a_png_and_an_svg(tmp_path: Path) -> None:
    png, svg = picture(fallen(), tmp_path / "run.1", title="one long")
    assert (png.name, svg.name) == ("run.1.png", "run.1.svg")
    assert png.read_bytes().startswith(PNG_MAGIC)
    assert ET.fromstring(svg.read_bytes()).tag.endswith("svg")


def test_the_same_tables_give_the_same_bytes(tmp_path: Path) -> None:
    tables = fallen()
    first = [path.read_bytes() for path in picture(tables, tmp_path / "first")]
    second = [path.read_bytes() for path in picture(tables, tmp_path / "second")]
    assert first == second
    assert b"<dc:date>" not in first[1]


def test_a_run_in_which_nothing_happened_is_drawn_too(tmp_path: Path) -> None:
    png, _ = picture(Story().tables(), tmp_path / "empty")
    assert png.read_bytes().startswith(PNG_MAGIC)


def test_without_a_mark_there_is_nothing_to_draw(tmp_path: Path) -> None:
    tables = dict(Story().tables())
    tables["marks"] = tables["marks"].slice(0, 0)
    with pytest.raises(ValueError, match="never had a mark"):
        picture(tables, tmp_path / "none")


def test_a_short_stretch_of_liquidations_gets_a_close_up() -> None:
    marked = np.array([START, START + 3_600 * SECOND])
    forced = np.array([START + 1_800 * SECOND, START + 1_890 * SECOND])
    whole, close_up = _windows(marked, forced)
    assert (whole.begin_ns, whole.end_ns, whole.interval_s) == (START, START + 3_600 * SECOND, 60)
    assert (close_up.begin_ns, close_up.end_ns) == (START + 1_770 * SECOND, START + 1_920 * SECOND)
    assert close_up.unit == ("minutes", 60)
    assert len(_windows(marked, forced[:0])) == 1
    assert len(_windows(marked, marked)) == 1


def test_thinning_keeps_the_extremes() -> None:
    values = PRICE + np.arange(10_000) % 7
    values[4_321], values[8_765] = 1, 99_999
    kept = _thinned(values, 300)
    assert len(kept) <= 301
    assert {0, 4_321, 8_765, 9_999} <= set(kept.tolist())
    assert _thinned(values[:300], 300).tolist() == list(range(300))


@pytest.mark.parametrize(("seconds", "text"), [(5, "5 s"), (300, "5 min"), (7_200, "2 h")])
def test_an_interval_is_spoken(seconds: int, text: str) -> None:
    assert _spoken(seconds) == text
