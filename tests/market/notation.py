"""The notation of the market tables: cuts files into sections and lines, and numbers into text. It plays nothing.

A file holds sections, `== title`; each starts with an empty venue. A line is `words -> what must happen`, the outcomes
parted by `;`. A line of a command lists all that happens, in order, or nothing at all. `#` starts a comment.
"""

from dataclasses import dataclass
from pathlib import Path

from exchange.core.contract import Contract, parse_contract
from exchange.core.units import ATOM_DECIMALS, SECOND, format_decimal, parse_decimal

TABLES = Path(__file__).parent / "tables"
TIME_UNITS = {"ms": SECOND // 1000, "s": SECOND, "m": 60 * SECOND, "h": 3600 * SECOND}

# The contract of the tables: no fees, no funding, mark = index, maintenance 1 %, everything wide open. A table changes
# what it is about; `mark.band` is the setting `band` of the table [mark].
CONTRACT: dict[str, str | int] = {
    "symbol": "BTCUSDT",
    "base_asset": "BTC",
    "quote_asset": "USDT",
    "tick_size": "0.1",
    "step_size": "0.001",
    "price_digits": 1,
    "quantity_digits": 3,
    "min_price": "0.1",
    "max_price": "1000000",
    "min_quantity": "0.001",
    "max_quantity": "10000",
    "market_max_quantity": "10000",
    "min_notional": "0",
    "band_up": "2",
    "band_down": "0.5",
    "market_take_bound": "0.5",
    "trigger_protect": "0.05",
    "max_open_orders": 200,
    "maker_fee": "0",
    "taker_fee": "0",
    "liquidation_fee": "0",
    "default_leverage": 20,
    "index.clamp": "0.05",
    "index.stale_seconds": 0,
    "index.min_live": 1,
    "mark.rule": "INDEX",
    "mark.interval_seconds": 0,
    "mark.sample_interval_seconds": 1,
    "mark.basis_window": 30,
    "mark.basis_ema_seconds": 30,
    "mark.price_ema_seconds": 30,
    "mark.band": "0",
    "funding.interval_seconds": 28800,
    "funding.shortened_interval_seconds": 0,
    "funding.premium": "IMPACT_PRICES",
    "funding.premium_interval_seconds": 1,
    "funding.weights": "LINEAR",
    "funding.impact_margin": "200",
    "funding.interest": "0",
    "funding.clamp": "0.0005",
    "funding.cap": "0",
    "funding.floor": "0",
    "breaker.move": "0",
    "breaker.window_seconds": 60,
    "breaker.pause_seconds": 60,
}
SOURCES = "spot:1"  # name:weight of the index sources, further ones after a comma
BRACKETS = "1000000000:0.01:50"  # cap:rate:max_leverage, further brackets after a comma


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a table: where it stands, its words, and the outcomes it states."""

    number: int
    text: str
    words: tuple[str, ...]
    outcomes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """One story: everything between two titles."""

    file: str
    title: str
    lines: tuple[Line, ...]


def read_sections(path: Path) -> list[Section]:
    """Return the sections of a table file. Raises ValueError on a line before the first title or an empty section."""
    found: list[tuple[str, list[Line]]] = []
    for number, raw in enumerate(path.read_text("utf-8").splitlines(), 1):
        text = raw.split("#", 1)[0].strip()
        if raw.startswith("== "):
            found.append((raw[3:].strip(), []))
        elif text:
            if not found:
                raise ValueError(f"{path.name}:{number}: a line before the first title")
            found[-1][1].append(_line(number, text))
    for title, lines in found:
        if not lines:
            raise ValueError(f"{path.name}: section {title!r} is empty")
    return [Section(path.stem, title, tuple(lines)) for title, lines in found]


def _line(number: int, text: str) -> Line:
    words, _, outcomes = text.partition("->")
    parts = tuple(" ".join(part.split()) for part in outcomes.split(";"))
    return Line(number, text, tuple(words.split()), tuple(part for part in parts if part))


def read_contract(changes: dict[str, str]) -> Contract:
    """Return the contract of the tables with some of its settings changed.

    `brackets` is cap:rate:max_leverage,... and `index.sources` name:weight,...; both lists are written whole.
    """
    unknown = changes.keys() - CONTRACT.keys() - {"brackets", "index.sources"}
    if unknown:
        raise ValueError(f"a contract has no {', '.join(sorted(unknown))}")
    settings = {key: changes.get(key, value) for key, value in CONTRACT.items()}
    numbers = {key: int(settings[key]) for key, value in CONTRACT.items() if isinstance(value, int)}
    text = "\n".join(f"{key} = {value!r}" for key, value in {**settings, **numbers}.items())
    for row in changes.get("index.sources", SOURCES).split(","):
        name, weight = row.split(":")
        text += f"\n[[index.sources]]\nname = {name!r}\nweight = {weight}"
    for row in changes.get("brackets", BRACKETS).split(","):
        cap, rate, leverage = row.split(":")
        text += f"\n[[brackets]]\ncap = {cap!r}\nrate = {rate!r}\nmax_leverage = {leverage}"
    return parse_contract(text)


def plain(value: int, decimals: int = ATOM_DECIMALS) -> str:
    """Return an integer count of 10**-decimals as text without trailing zeros."""
    text = format_decimal(value, decimals)
    return text.rstrip("0").rstrip(".") if "." in text else text


def counted(text: str, unit: int = 1) -> int:
    """Return decimal text as a count of units of `unit` * 1e-8. Raises ValueError when it is not exact."""
    value = parse_decimal(text, ATOM_DECIMALS)
    if value is None or value % unit:
        raise ValueError(f"{text!r} is no number on its grid")
    return value // unit


def nanos(text: str) -> int:
    """Return a time like `1s`, `500ms` or `8h` in nanoseconds."""
    unit = text.lstrip("0123456789")
    return int(text[: -len(unit)]) * TIME_UNITS[unit]


def lasting(duration: int) -> str:
    """Return nanoseconds as a time like `1s` or `8h`, in the largest unit that it is whole in."""
    unit = next(unit for unit, length in reversed(TIME_UNITS.items()) if duration % length == 0)
    return f"{duration // TIME_UNITS[unit]}{unit}"
