"""A scenario as its TOML file says it: the contract, the fund, the index and who trades. It runs nothing.

Durations are seconds, amounts quote units, distances basis points, as the names say. What a file takes from records
of real events and what it invents stands in its comments.
"""

import tomllib
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Annotated

import msgspec

from exchange.core.contract import Contract
from exchange.core.enums import MarkRule
from exchange.core.units import SECOND
from exchange.runtime.settings import read_contracts
from scenarios.agents.arbitrage import Arbitrage
from scenarios.agents.attacker import Attacker
from scenarios.agents.fundamental import Fundamental
from scenarios.agents.group import NotNegative, Record
from scenarios.agents.leveraged import Leveraged
from scenarios.agents.maker import Maker
from scenarios.agents.momentum import Momentum
from scenarios.agents.noise import Noise
from scenarios.prices import IndexText

SUFFIX = ".toml"
NUMBER_MAX = 1e9
YEARS = (1971, 2200)  # of nanoseconds since the epoch in 64 bits
LIBRARY = files("scenarios") / "library"
START = datetime(2025, 1, 1, tzinfo=UTC)
AnyGroup = Noise | Maker | Momentum | Fundamental | Arbitrage | Leveraged | Attacker


class ScenarioError(ValueError):
    """A scenario that cannot be had; the text names the file and the key."""


class ContractText(Record, frozen=True, kw_only=True):
    """Which shipped contract is traded, and what is changed of it."""

    symbol: str = "BTCUSDT"
    mark_rule: MarkRule | None = None  # None: the contract's own


class Scenario(Record, frozen=True, kw_only=True):
    """One scenario. `start` is the virtual time at which it begins; funding falls due by it."""

    name: str
    summary: str
    duration_seconds: Annotated[float, msgspec.Meta(ge=1)]
    start: datetime = START
    contract: ContractText = ContractText()
    engine: str = "binance_smart"  # as `--policy` names it
    fund_quote: NotNegative = 1_000_000.0
    index: IndexText = IndexText()
    agents: Annotated[tuple[AnyGroup, ...], msgspec.Meta(min_length=1)]

    def __post_init__(self) -> None:
        """Refuse a time without a zone, and two groups of one name."""
        names = [group.name for group in self.agents]
        if self.start.tzinfo is None:
            raise ValueError("start: give the time zone, as in 2025-01-01T00:00:00Z")
        if not YEARS[0] <= self.start.year < YEARS[1]:
            raise ValueError(f"start: a year from {YEARS[0]} on, and before {YEARS[1]}")
        if len(set(names)) != len(names):
            raise ValueError(f"agents: each group has a name of its own, got {', '.join(names)}")

    @property
    def start_ts(self) -> int:
        """When it begins, in nanoseconds since the epoch."""
        return int(self.start.timestamp()) * SECOND

    @property
    def end_ts(self) -> int:
        """When it is over, in nanoseconds since the epoch."""
        return self.start_ts + round(self.duration_seconds * SECOND)

    def traded(self) -> Contract:
        """Return the contract that it trades. Raises ScenarioError when none of that symbol is shipped."""
        shipped = {contract.symbol: contract for contract in read_contracts(())}
        if self.contract.symbol not in shipped:
            raise ScenarioError(f"contract.symbol = {self.contract.symbol!r} is none of {', '.join(shipped)}")
        contract = shipped[self.contract.symbol]
        if self.contract.mark_rule is None:
            return contract
        mark = msgspec.structs.replace(contract.mark, rule=self.contract.mark_rule)
        return msgspec.structs.replace(contract, mark=mark)


def scenario_names() -> list[str]:
    """Return the names of the scenarios that are shipped."""
    return sorted(entry.name.removesuffix(SUFFIX) for entry in LIBRARY.iterdir() if entry.name.endswith(SUFFIX))


def read_scenario(choice: str) -> Scenario:
    """Return a shipped scenario by its name, or that of a TOML file by its path. Raises ScenarioError."""
    text = scenario_text(choice)
    try:
        return parse_scenario(text)
    except ScenarioError as error:
        raise ScenarioError(f"scenario {choice}: {error}") from error


def scenario_text(choice: str) -> str:
    """Return what the file of a scenario says, comments and all. Raises ScenarioError."""
    if not choice.endswith(SUFFIX) and choice not in scenario_names():
        raise ScenarioError(f"scenario {choice!r} is none of {', '.join(scenario_names())}, nor a file {SUFFIX}")
    source = Path(choice) if choice.endswith(SUFFIX) else LIBRARY / f"{choice}{SUFFIX}"
    try:
        return source.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ScenarioError(f"scenario {choice}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ScenarioError(f"scenario {choice}: it is not UTF-8 text: {error}") from error


def parse_scenario(text: str) -> Scenario:
    """Return the scenario described by TOML text. Raises ScenarioError, naming the key, on anything amiss."""
    try:
        written = tomllib.loads(text)
        _measured(written, "")
        return msgspec.convert(written, Scenario)
    except (msgspec.ValidationError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise ScenarioError(str(error)) from error


def _measured(written: object, place: str) -> None:
    """Raise ScenarioError, naming the key, for a number that is none or is beyond all that a venue counts in."""
    if isinstance(written, dict):
        for key, value in written.items():
            _measured(value, f"{place}.{key}" if place else key)
    elif isinstance(written, list):
        for number, value in enumerate(written):
            _measured(value, f"{place}[{number}]")
    elif isinstance(written, float | int) and not abs(written) <= NUMBER_MAX:  # neither is `nan`
        raise ScenarioError(f"{place} = {written}: numbers are between -{NUMBER_MAX:g} and {NUMBER_MAX:g}")
