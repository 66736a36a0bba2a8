"""What a served venue was told to be, as one record. It reads contract files; it opens and starts nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Self

from exchange.core.contract import Contract, parse_contract
from exchange.core.rules import VenueRules
from exchange.journal.store import Durability
from exchange.runtime.feeds.sources import MANUAL

DEFAULT_INDEX = MANUAL
DEFAULT_SEED = 1


class SettingsError(ValueError):
    """A setting that cannot be followed; the text names it."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What `serve` and `demo` were told.

    None (or no contract files) means: as the journal was begun, and for a new journal the default. What is given must
    agree with the journal. All below `seed` may differ from start to start, as may host and port: they are choices of
    the process, no state of the venue, and no journal keeps them.
    """

    data_folder: Path
    host: str = "127.0.0.1"
    port: int = 8080
    contracts: tuple[Path, ...] = ()  # contract files, in listing order
    rules: VenueRules | None = None
    policy: str | None = None  # of liquidation: a preset, a file.toml or module:Class; see `engines`
    index: str | None = None  # path:NAME, file:PATH, walk:SEED or manual
    coupled: bool | None = None
    seed: int | None = None
    speed: float = 1.0  # of the price playback; venue time is wall time
    durability: Durability = Durability.COMMIT
    ready_file: Path | None = None
    limits: str = "classroom"  # the profile of request limits: a name of the dialect's table
    legacy_stops: bool = False  # conditional orders are taken by the ordinary order endpoint, too
    event_order: str = "account-first"  # of a fill: ACCOUNT_UPDATE, then ORDER_TRADE_UPDATE; or "order-first"
    timing: str = "instant"  # when answers and events leave: "instant", or "real" with seeded delays per channel

    def recorded(self) -> dict[str, str]:
        """Return the settings that the journal's header keeps, as text; those that are None are left out."""
        given = {"index": self.index, "coupled": _flag(self.coupled), "seed": self.seed}
        return {name: str(value) for name, value in given.items() if value is not None}

    def resolved(self, recorded: Mapping[str, str]) -> Self:
        """Return these settings with what the journal recorded filled in."""
        return replace(
            self,
            index=recorded["index"],
            coupled=recorded["coupled"] == _flag(True),
            seed=int(recorded["seed"]),
        )


DEFAULTS_RECORDED = {"index": DEFAULT_INDEX, "coupled": "false", "seed": str(DEFAULT_SEED)}


def read_contracts(paths: Sequence[Path]) -> tuple[Contract, ...]:
    """Return the contracts of these files in this order; of none, those that are shipped, by name.

    Raises SettingsError, naming the file, when one cannot be read or listed, and when two do not go together.
    """
    shipped = files("exchange") / "data" / "contracts"
    sources: list[Path | Traversable] = [*paths] or sorted(shipped.iterdir(), key=lambda source: source.name)
    contracts = []
    for source in sources:
        try:
            contracts.append(parse_contract(source.read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:
            raise SettingsError(f"contract file {source}: {error}") from error
    symbols = [contract.symbol for contract in contracts]
    if len(set(symbols)) != len(symbols):
        raise SettingsError(f"a contract is listed twice: {', '.join(symbols)}")
    if len({contract.quote_asset for contract in contracts}) > 1:
        quoted = ", ".join(f"{contract.symbol} in {contract.quote_asset}" for contract in contracts)
        raise SettingsError(f"contracts must share one quote asset, since one wallet carries them all: {quoted}")
    return tuple(contracts)


def _flag(value: bool | None) -> str | None:  # noqa: FBT001 - the value itself is what is written
    return None if value is None else str(value).lower()
