"""Minute files: both layouts are read, malformed ones are refused with the line and the reason."""

import pytest

from exchange.core.units import SECOND
from exchange.runtime.feeds.minutes import MalformedBarsError, MinuteBar, PriceRange, parse_bars, path_of_bars

T0 = 1_738_540_800
PLAIN = f"timestamp,open,high,low,close,volume\n{T0},100,104,99,103,1.5\n{T0 + 60},103,105,101,102,0.0\n"
REST = ",1.5,{close},150.0,3,0.5,50.0,0"
KLINES = f"{T0}000,100,104,99,103{REST}\n{T0 + 60}000,103,105,101,102{REST}\n"
MILLIS, MICROS = 1_000, 1_000_000  # a second in the units that files have
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


@pytest.mark.parametrize("unit", [1, MILLIS, MICROS])
@pytest.mark.parametrize("rest", [",1.5", REST], ids=["six columns", "klines"])
def test_the_unit_of_time_is_told_by_its_size_in_both_layouts(rest: str, unit: int) -> None:
    lines = [f"{T0 * unit},100,104,99,103{rest}", f"{(T0 + 60) * unit},103,105,101,102{rest}"]
    assert parse_bars(lines) == BARS


@pytest.mark.parametrize("prices", ["0.4,1,0.4,1", "1,201,1,1", "1e300,1e300,1e300,1e300", "1e-300,1,1e-300,1"])
def test_prices_that_no_contract_can_have_are_refused_with_their_line(prices: str) -> None:
    lines = [f"{T0},0.5,200,0.5,200,0", f"{T0 + 60},{prices},0"]
    with pytest.raises(MalformedBarsError, match=r"line 2: prices .* are outside of what the contracts allow"):
        parse_bars(lines, PriceRange(0.5, 200))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "at least two bars"),
        (f"{T0},1,1,1,1,0\n", "the file has 1"),
        (f"{T0},1,1,1,1\n", "line 1: 5 columns"),
        (f"{T0},1,1,1,1,0\nnonsense,1,1,1,1,0\n", "line 2: time 'nonsense' is not a whole number"),
        (f"{T0},1,1,1,1,0\n{T0 + 60},x,1,1,1,0\n", "line 2: open 'x' is not a number"),
        (f"{T0},1,nan,1,1,0\n", "line 1: high 'nan' is not a number"),
        (f"{T0},1,inf,1,1,0\n", "line 1: high 'inf' is not a number"),
        (f"{T0},2,1,1,1,0\n", "line 1: prices must satisfy"),
        (f"{T0},1,1,0,1,0\n", "line 1: prices must satisfy"),
        (f"{T0},1,1,1,1,0\n{T0},1,1,1,1,0\n", "line 2: its time is not after"),
        (f"{T0},1,1,1,1,0\n{T0 + 60},1,1,1,1,0\n{T0 + 180},1,1,1,1,0\n", "line 3: 120 s after the bar before"),
        ("-5,1,1,1,1,0\n", "line 1: time '-5' is out of range"),
        (f"{'9' * 40},1,1,1,1,0\n", "line 1: time '9+' is out of range"),
        (f"{'9' * 5_000},1,1,1,1,0\n", "line 1: time '9+' is not a whole number"),
        ("12345,1,1,1,1,0\n", "line 1: time '12345' is out of range for Unix seconds"),
        (f"{T0}000000000,1,1,1,1,0\n", "line 1: time '1738540800000000000' is out of range"),
        (f"{T0}000,1,1,1,1,0\n{T0}100,1,1,1,1,0\n", "line 2: less than a second after"),
    ],
)
def test_a_malformed_file_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(MalformedBarsError, match=message):
        parse_bars(text.splitlines())
