"""Columns of a run's tables as arrays, and the few looks that several metrics share. It measures nothing.

Numbers come as int64; where a column may be empty, the caller says what stands for that.
"""

import json
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from scenarios.record.sink import Tables

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Unit:
    """What a contract counts in: atoms of one tick, 1e-8 of the base asset in one lot, atoms of one lot at one tick."""

    symbol: str
    tick_atoms: int
    step_e8: int

    @property
    def value_unit(self) -> int:
        """Atoms that one lot is worth per tick of price."""
        return self.tick_atoms * self.step_e8 // 10**8


def unit_of(tables: Tables, symbol: str = "") -> Unit:
    """Return the unit of a contract, of the only one when none is named. Raises ValueError if that is not clear."""
    contracts = json.loads(tables["run"]["contracts"][0].as_py())
    if not symbol and len(contracts) != 1:
        raise ValueError(f"name one of {', '.join(contracts)}")
    name = symbol or next(iter(contracts))
    if name not in contracts:
        raise ValueError(f"{name} was not traded, but {', '.join(contracts)}")
    return Unit(name, contracts[name]["tick_atoms"], contracts[name]["step_e8"])


def of_symbol(table: pa.Table, symbol: str) -> pa.Table:
    """Return the rows of a contract."""
    return table.filter(pa.array(is_word(table, "symbol", symbol)))


def ints(table: pa.Table, column: str, missing: int = 0) -> Ints:
    """Return a column of integers, with `missing` where it is empty."""
    found = table[column]
    if found.null_count:
        found = pc.fill_null(found, missing)
    values: Ints = found.to_numpy().astype(np.int64, copy=False)
    return values


def is_word(table: pa.Table, column: str, *words: str) -> Flags:
    """Tell of each row whether a column holds one of the words."""
    found = table[column].unify_dictionaries().combine_chunks()
    codes = pc.fill_null(found.indices, -1).to_numpy(zero_copy_only=False)
    wanted = [code for code, word in enumerate(found.dictionary.to_pylist()) if word in words]
    flags: Flags = np.isin(codes, wanted)
    return flags


def present(table: pa.Table, column: str) -> Flags:
    """Tell of each row whether a column holds anything."""
    flags: Flags = pc.is_valid(table[column]).to_numpy()
    return flags


def closed_lots(liquidations: pa.Table) -> Ints:
    """Return the lots that each liquidation closed: on the book, by the fund, and by ADL."""
    return ints(liquidations, "filled_l") + ints(liquidations, "fund_l") + ints(liquidations, "adl_l")


def closed_atoms(liquidations: pa.Table) -> Ints:
    """Return what was paid for those lots."""
    return ints(liquidations, "filled_value_a") + ints(liquidations, "fund_value_a") + ints(liquidations, "adl_value_a")


def episodes(rows: pa.Table) -> Ints:
    """Return of each row of `liquidations` a number of its episode: all that befell a scope since it was locked once.

    A scope is an account, or a side of an isolated position in the contract.
    """
    long, short = is_word(rows, "position_side", "LONG"), is_word(rows, "position_side", "SHORT")
    side = np.where(is_word(rows, "mode", "ISOLATED"), 1 + long - short, -1)
    scopes = np.stack([ints(rows, "account"), ints(rows, "locked_seq"), side])
    numbers: Ints = np.unique(scopes, axis=1, return_inverse=True)[1].reshape(-1)
    return numbers


def total(values: Ints) -> int:
    """Return an exact sum, whatever its size."""
    return sum(values.tolist())
