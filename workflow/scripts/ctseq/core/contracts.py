"""The contract of a table: its columns, their kinds and its key, without importing pandas."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """The contract of one table.

    Attributes
    ----------
    columns
        Column name to kind: ``id``, ``text``, ``flag`` (0 or 1), ``int``, ``float`` (an empty
        cell is NaN). A trailing ``?`` allows empty cells in the other kinds.
    key
        Columns whose values together name a row, so that no two rows share them; may be empty.
    """

    columns: Mapping[str, str]
    key: tuple[str, ...]

    def only(self, *columns: str) -> "Table":
        """Return the contract of some of the columns, for a script that reads no others."""
        return Table({name: self.columns[name] for name in columns}, key=())
