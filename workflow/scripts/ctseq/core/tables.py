"""Typed reading and writing of the tables that rules hand to each other.

Every table is UTF-8 CSV with a header, commas and LF. Ids are strings as the dataset writes them
(``049``), flags are 0 or 1, an undefined value is an empty cell.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ctseq.core.errors import InputError, fail_on
from ctseq.core.files import atomic_write

# How a column kind is held in memory. `Int64` is pandas' integer with room for an empty cell.
_DTYPES = {"id": "str", "text": "str", "flag": "int64", "int": "int64", "float": "float64"}
_DTYPES |= {"int?": "Int64", "flag?": "Int64", "text?": "str", "id?": "str"}
# A megabyte or two as text.
_ROWS_AT_A_TIME = 4_000
_CSV = {"index": False, "lineterminator": "\n"}


@dataclass(frozen=True)
class Table:
    """The contract of one table.

    Attributes
    ----------
    columns
        Column name to kind: ``id``, ``text``, ``flag`` (0 or 1), ``int``, ``float`` (an empty
        cell is NaN). A trailing ``?`` allows empty cells in the other kinds.
    key
        Columns whose values together name a row; no two rows share them. May be empty.
    """

    columns: Mapping[str, str]
    key: tuple[str, ...]

    def only(self, *columns: str) -> "Table":
        """Give the contract of some columns, for who needs no others of a long table."""
        return Table({name: self.columns[name] for name in columns}, key=())


def read_table(path: str | Path, table: Table) -> pd.DataFrame:
    """Read a table and check it against its contract.

    Parameters
    ----------
    path
        The CSV file.
    table
        Its contract.

    Returns
    -------
    DataFrame
        Exactly the contract's columns, in its order and types.

    Raises
    ------
    InputError
        If the file is missing, is no CSV, lacks a column, holds a cell of another kind, or names
        a row twice.
    """
    rows = pd.concat(_read(path, table), ignore_index=True)
    _check_key(rows, table, path)
    return rows


def read_parts(path: str | Path, table: Table, *, by: str) -> Iterator[pd.DataFrame]:
    """Read a table some rows at a time, so that its length costs no memory.

    Parameters
    ----------
    path, table
        As for `read_table`, which finds fault with the same.
    by
        A column whose equal values stand in neighbouring rows, which stay together.

    Yields
    ------
    DataFrame
        Rows of the contract's columns, numbered from 0.

    Raises
    ------
    InputError
        As `read_table` does, and if rows of one value of `by` stand apart.
    """
    seen: set[Any] = set()
    held = typed([], table)
    for rows in _read(path, table):
        rows = pd.concat([held, rows], ignore_index=True)
        if rows.empty:
            continue
        values = rows[by][rows[by] != rows[by].shift()]
        apart = values[values.duplicated() | values.isin(seen)]
        if len(apart):
            raise InputError(f"{path} has rows of {by} {apart.iloc[0]} in two places.")
        # The last one's rows may go on in what comes next.
        ended = rows[by] != rows[by].iloc[-1]
        held = rows[~ended]
        seen.update(values[:-1])
        if ended.any():
            _check_key(rows[ended], table, path)
            yield rows[ended]
    if len(held):
        _check_key(held, table, path)
        yield held.reset_index(drop=True)


def read_tables(paths: Sequence[str | Path], table: Table) -> pd.DataFrame:
    """Read tables of one contract, such as those of shards, one behind the other."""
    rows = pd.concat([read_table(path, table) for path in paths], ignore_index=True)
    _check_key(rows, table, ", ".join(map(str, paths)))
    return rows


def write_table(rows: pd.DataFrame, path: str | Path, table: Table | None = None) -> None:
    """Write a table whole; with a contract, only its columns and only if they fulfil it.

    Numbers are written with as many digits as it takes to read back the same bits.
    """
    if table is not None:
        missing = set(table.columns) - set(rows)
        if missing:
            raise ValueError(f"{path}: rows lack {sorted(missing)}")
        rows = rows[list(table.columns)]
        _check_key(rows, table, path)
    with atomic_write(path) as unfinished:
        rows.to_csv(unfinished, **_CSV)


@contextmanager
def open_table(path: str | Path, table: Table) -> Iterator[Callable[[pd.DataFrame], None]]:
    """Write a table some rows at a time, whole at the end of the block or not at all.

    Parameters
    ----------
    path, table
        As for `write_table`.

    Yields
    ------
    callable
        Appends rows. That its parts share no key is for the caller to see to.
    """

    def append(rows: pd.DataFrame) -> None:
        _check_key(rows, table, path)
        rows.to_csv(unfinished, columns=columns, header=False, **_CSV | {"mode": "a"})

    columns = list(table.columns)
    with atomic_write(path) as unfinished:
        typed([], table).to_csv(unfinished, **_CSV)
        yield append


def typed(rows: Any, table: Table) -> pd.DataFrame:
    """Make a table of rows in memory: the contract's columns, in its order and types."""
    kinds = {name: _DTYPES[kind] for name, kind in table.columns.items()}
    return pd.DataFrame(rows, columns=list(kinds)).astype(kinds)


def _read(path: str | Path, table: Table) -> Iterator[pd.DataFrame]:
    """Read some rows at a time, since text takes several times what typed columns do."""
    try:
        with pd.read_csv(
            path, dtype="str", keep_default_na=False, chunksize=_ROWS_AT_A_TIME
        ) as parts:
            for cells in parts:
                yield _typed(cells, table, path)
    except FileNotFoundError:
        raise InputError(f"{path} does not exist.") from None
    except (ValueError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read as a table: {error}.") from None


def _typed(cells: pd.DataFrame, table: Table, path: str | Path) -> pd.DataFrame:
    missing = [name for name in table.columns if name not in cells]
    if missing:
        raise InputError(
            f"{path} lacks the column {', '.join(missing)}; it has {', '.join(cells.columns)}."
        )
    invalid, typed = [], {}
    for name, kind in table.columns.items():
        column = cells[name]
        empty = column == ""
        optional = kind == "float" or kind.endswith("?")
        numeric = kind.rstrip("?") in ("flag", "int", "float")
        numbers = pd.to_numeric(column.mask(empty), errors="coerce") if numeric else None
        wrong = empty & (not optional)
        if numbers is not None:
            wrong |= ~empty & numbers.isna()
            if kind != "float":
                wrong |= numbers.notna() & (numbers % 1 != 0)
            if kind.startswith("flag"):
                wrong |= numbers.notna() & ~numbers.isin([0, 1])
        invalid += [(row, name, kind.rstrip("?")) for row in wrong[wrong].index[:5]]
        typed[name] = column if numbers is None else numbers
    fail_on(
        [
            # Row 1 is the header, as a spreadsheet counts.
            f"row {row + 2}, column {name}: {cells[name][row]!r} is not a valid {kind}"
            for row, name, kind in invalid
        ],
        title=f"{path} holds invalid cells",
        cure="Remake the file.",
    )
    return pd.DataFrame(typed).astype({name: _DTYPES[k] for name, k in table.columns.items()})


def _check_key(rows: pd.DataFrame, table: Table, path: str | Path) -> None:
    key = list(table.key)
    twice = rows[rows.duplicated(key)] if key else rows[:0]
    if len(twice):
        cells = twice.iloc[0]
        raise InputError(
            f"{path} names a row twice: {', '.join(f'{name} {cells[name]}' for name in key)}."
        )
