"""Reading and writing of tables with typed columns, which some rules write and others read.

Every table is UTF-8 CSV with a header, commas and LF. Ids are strings as the dataset writes them
(``049``), flags are 0 or 1, an undefined value is an empty cell.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ctseq.core.contracts import Table
from ctseq.core.errors import InputError, fail_on
from ctseq.core.files import atomic_write

# Kind of a column to its type in memory. `Int64` is pandas' integer that may be missing.
_DTYPES = {"id": "str", "text": "str", "flag": "int64", "int": "int64", "float": "float64"}
_DTYPES |= {"int?": "Int64", "flag?": "Int64", "text?": "str", "id?": "str"}


def read_table(path: str | Path, table: Table) -> pd.DataFrame:
    """Return a CSV file's columns that are in its contract, in the contract's order and types.

    Raises
    ------
    InputError
        If the file is missing, is no CSV, lacks a column, holds a cell of another kind, or has two
        rows of one key.
    """
    try:
        rows = _checked(pd.read_csv(path, dtype="str", keep_default_na=False), table, path)
    except FileNotFoundError:
        raise InputError(f"{path} does not exist.") from None
    except (ValueError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read as a table: {error}.") from None
    _check_key(rows, table, path)
    return rows


def read_tables(paths: Sequence[str | Path], table: Table) -> pd.DataFrame:
    """Read tables of one contract, such as those of shards, into one."""
    rows = pd.concat([read_table(path, table) for path in paths], ignore_index=True)
    _check_key(rows, table, ", ".join(map(str, paths)))
    return rows


def write_table(rows: pd.DataFrame, path: str | Path, table: Table | None = None) -> None:
    """Write a table; numbers have all digits that are needed to read back the same bits.

    With a contract, only its columns are written, and only if no row repeats a key.
    """
    if table is not None:
        missing = set(table.columns) - set(rows)
        if missing:
            raise ValueError(f"{path}: rows lack {sorted(missing)}")
        rows = rows[list(table.columns)]
        _check_key(rows, table, path)
    with atomic_write(path) as unfinished:
        rows.to_csv(unfinished, index=False, lineterminator="\n")


def typed(rows: Any, table: Table) -> pd.DataFrame:
    """Return rows as a table with the contract's columns, in its order and types."""
    kinds = {name: _DTYPES[kind] for name, kind in table.columns.items()}
    return pd.DataFrame(rows, columns=list(kinds)).astype(kinds)


def _checked(cells: pd.DataFrame, table: Table, path: str | Path) -> pd.DataFrame:
    missing = [name for name in table.columns if name not in cells]
    if missing:
        raise InputError(
            f"{path} lacks the column {', '.join(missing)}; it has {', '.join(cells.columns)}."
        )
    invalid, columns = [], {}
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
        columns[name] = column if numbers is None else numbers
    fail_on(
        [
            # Row 1 is the header, as a spreadsheet counts.
            f"row {row + 2}, column {name}: {cells[name][row]!r} is not a valid {kind}"
            for row, name, kind in invalid
        ],
        title=f"{path} holds invalid cells",
        cure="Remake the file.",
    )
    return typed(columns, table)


def _check_key(rows: pd.DataFrame, table: Table, path: str | Path) -> None:
    key = list(table.key)
    twice = rows[rows.duplicated(key)] if key else rows[:0]
    if len(twice):
        cells = twice.iloc[0]
        raise InputError(
            f"{path} names a row twice: {', '.join(f'{name} {cells[name]}' for name in key)}."
        )
