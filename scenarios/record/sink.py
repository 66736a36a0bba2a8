"""Where rows of a table go: gathered, turned into columns by the thousand, kept or written. It knows no event.

What waits in memory is about ROWS_PER_GROUP rows of each table; with a folder, everything else is on disk.
"""

from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from scenarios.record.schema import COLUMNS, schema

ROWS_PER_GROUP = 32_768
Row = tuple[Any, ...]
Tables = Mapping[str, pa.Table]


class _Codes(dict[Any, int]):
    """Numbers for words, in order of appearance."""

    def __missing__(self, word: Any) -> int:
        code = self[word] = len(self)
        return code


class Sink:
    """One table on its way. Append rows, in the order of the schema's columns, to `rows`."""

    def __init__(self, table: str, run_id: str, out: Path | None) -> None:
        """Begin an empty table: in memory, or as `<table>.parquet` in a folder."""
        self.rows: list[Row] = []
        self._schema = schema(table, run_id)
        self._types = list(COLUMNS[table].values())
        self._batches: list[pa.RecordBatch] = []
        self._writer = None
        if out is not None:
            self._writer = pq.ParquetWriter(written(out, table), self._schema, compression="zstd")

    def flush(self, least: int = 1) -> None:
        """Turn the rows that wait into a row group, if there are at least so many."""
        if len(self.rows) < least:
            return
        columns = list(zip(*self.rows, strict=True))
        arrays = [_array(values, kind) for values, kind in zip(columns, self._types, strict=True)]
        batch = pa.RecordBatch.from_arrays(arrays, schema=self._schema)
        self.rows.clear()
        if self._writer is None:
            self._batches.append(batch)
        else:
            self._writer.write_batch(batch)

    def close(self) -> pa.Table | None:
        """Return the table, or end its file and return None."""
        self.flush()
        if self._writer is not None:
            self._writer.close()
            return None
        return pa.Table.from_batches(self._batches, schema=self._schema).unify_dictionaries()


class _Written(Mapping[str, pa.Table]):
    """The tables in a folder, each read when it is first asked for: most of a long run is never looked at."""

    def __init__(self, out: Path) -> None:
        # One file each: without this, a folder called `key=value` would be taken for a column.
        self._files = {table: pq.ParquetFile(written(out, table)) for table in COLUMNS}
        self._read: dict[str, pa.Table] = {}

    def __getitem__(self, table: str) -> pa.Table:
        if table not in self._read:
            self._read[table] = self._files[table].read().unify_dictionaries()
        return self._read[table]

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)


def written(out: Path, table: str) -> Path:
    """Return where a table is written in a folder."""
    return out / f"{table}.parquet"


def read_tables(out: Path) -> Tables:
    """Return the tables of a run that was written into a folder, each read when it is first asked for.

    Raises FileNotFoundError when one is missing.
    """
    return _Written(out)


def _array(values: tuple[Any, ...], kind: pa.DataType) -> pa.Array:
    """Return a column. Raises OverflowError on a number beyond 64 bits: nothing is rounded or wrapped."""
    if not pa.types.is_dictionary(kind):
        return pa.array(values, kind)
    codes = _Codes()
    indices = [None if value is None else codes[value] for value in values]
    words = [word.name if isinstance(word, Enum) else word for word in codes]
    return pa.DictionaryArray.from_arrays(pa.array(indices, pa.int32()), pa.array(words, pa.string()))
