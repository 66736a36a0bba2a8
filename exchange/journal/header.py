"""The header of a journal: what the venue was begun with. It compares; it does not choose defaults."""

from collections.abc import Iterator, Mapping
from typing import Self

import msgspec

from exchange.core.contract import Contract
from exchange.core.rules import VenueRules


class Header(msgspec.Struct, frozen=True):
    """Rules, contracts in listing order, and the settings (name to text) that must stay as they were."""

    rules: VenueRules
    contracts: tuple[Contract, ...]
    settings: dict[str, str]

    def rows(self) -> dict[str, str]:
        """Return the header as named JSON texts, as the table `header` keeps them."""
        return {
            "rules": msgspec.json.encode(self.rules).decode(),
            "contracts": msgspec.json.encode(self.contracts).decode(),
            "settings": msgspec.json.encode(self.settings).decode(),
        }

    @classmethod
    def from_rows(cls, rows: Mapping[str, str]) -> Self:
        """Return the header of these rows. Raises KeyError or msgspec.DecodeError when one is missing or damaged."""
        return cls(
            rules=msgspec.json.decode(rows["rules"], type=VenueRules),
            contracts=msgspec.json.decode(rows["contracts"], type=tuple[Contract, ...]),
            settings=msgspec.json.decode(rows["settings"], type=dict[str, str]),
        )

    def differences(self, wanted: Self) -> tuple[str, ...]:
        """Return one line for each field in which `wanted` differs: `contracts.BTCUSDT.taker_fee: journal 1, now 2`."""
        mine, other = _leaves(self), _leaves(wanted)
        lines = [
            f"{name}: journal {_shown(mine, name)}, now {_shown(other, name)}"
            for name in [*mine, *(name for name in other if name not in mine)]
            if mine.get(name) != other.get(name)
        ]
        listed = [contract.symbol for contract in self.contracts]
        asked = [contract.symbol for contract in wanted.contracts]
        if listed != asked and sorted(listed) == sorted(asked):
            lines.append(f"order of contracts: journal {listed}, now {asked}")
        return tuple(lines)


def _leaves(header: Header) -> dict[str, object]:
    contracts = {contract.symbol: msgspec.to_builtins(contract) for contract in header.contracts}
    tree = {"rules": msgspec.to_builtins(header.rules), "contracts": contracts, "settings": header.settings}
    return dict(_walk("", tree))


def _walk(name: str, node: object) -> Iterator[tuple[str, object]]:
    if isinstance(node, Mapping):
        for key, value in node.items():
            yield from _walk(f"{name}.{key}" if name else str(key), value)
    elif isinstance(node, (list, tuple)):
        for index, value in enumerate(node):
            yield from _walk(f"{name}[{index}]", value)
    else:
        yield name, node


def _shown(leaves: Mapping[str, object], name: str) -> str:
    return repr(leaves[name]) if name in leaves else "nothing"
