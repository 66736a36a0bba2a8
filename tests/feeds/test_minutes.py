"""Minute files: both layouts are read, malformed ones are refused with the line and the reason."""

import pytest

from exchange.core.units import SECOND
from exchange.runtime.feeds.minutes import MalformedBarsError, MinuteBar, parse_bars, path_of_bars

T0 = 1_738_540_800
PLAIN = f"timestamp,open,high,low,close,volume\n{T0},100,104,99,103,1.5\n{T0 + 60},103,105,101,102,0.0\n"
REST = ",1.5,{close},150.0,3,0.5,50.0,0"
KLINES = f"{T0}000,100,104,99,103{REST}\n{T0 + 60}000,103,105,101,102{REST}\n"
BARS = [MinuteBar(T0 * SECOND, 100, 104, 99, 103), MinuteBar((T0 + 60) * SECOND, 103, 105, 101, 102)]


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        PLAIN.split("\n", 1)[1],
        KLINES,
        KLINES.replace("000,10", "000000,10"),
        f"open_time,open,high,low,close,volume,close_time,quote_volume,count,a,b,ignore\n{KLINES}",
        PLAIN.replace("\n", "\r\n"),
        PLAIN + "\n",
    ],
    ids=["header", "bare", "klines in ms", "klines in us", "klines with header", "crlf", "blank line at the end"],
)
def test_both_layouts_are_read(text: str) -> None:
    assert parse_bars(text.splitlines()) == BARS


def test_a_bar_is_walked_through_all_its_prices() -> None:
    path = path_of_bars(BARS)
    assert list(path.prices) == [100, 99, 104, 103, 103, 105, 101, 102]
    assert path.step_ns == 15 * SECOND
    assert path.price_at((T0 + 15) * SECOND) == 99
    assert path.price_at((T0 + 60) * SECOND) == 103


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "at least two bars"),
        (f"{T0},1,1,1,1,0\n", "the file has 1"),
        (f"{T0},1,1,1,1\n", "line 1: 5 columns"),
        (f"{T0},1,1,1,1,0\nnonsense,1,1,1,1,0\n", "line 2: time 'nonsense' is not a number"),
        (f"{T0},1,1,1,1,0\n{T0 + 60},x,1,1,1,0\n", "line 2: open 'x' is not a number"),
        (f"{T0},1,nan,1,1,0\n", "line 1: high 'nan' is not a number"),
        (f"{T0},1,inf,1,1,0\n", "line 1: high 'inf' is not a number"),
        (f"{T0},2,1,1,1,0\n", "line 1: prices must satisfy"),
        (f"{T0},1,1,0,1,0\n", "line 1: prices must satisfy"),
        (f"{T0},1,1,1,1,0\n{T0},1,1,1,1,0\n", "line 2: its time is not after"),
        (f"{T0},1,1,1,1,0\n{T0 + 60},1,1,1,1,0\n{T0 + 180},1,1,1,1,0\n", "line 3: 120 s after the bar before"),
        ("-5,1,1,1,1,0\n", "line 1: time '-5' is out of range"),
        (f"{'9' * 40},1,1,1,1,0\n", "line 1: time '9+' is out of range"),
    ],
)
def test_a_malformed_file_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(MalformedBarsError, match=message):
        parse_bars(text.splitlines())
