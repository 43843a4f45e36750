"""A dataset's files, slices and label rows on disk, given back a few patients at a time."""

import errno
import os
import re
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple
from urllib.parse import quote

import pandas as pd

from ctseq.core.files import scratch
from ctseq.readers.ids import patient_key
from ctseq.readers.scan import FILES, LABELS, SLICES, File, frame

# Columns and order of each table. A file's slice number is -1 where it has none: nothing may be
# missing in a primary key.
_ORDER = {
    "files": ("key", "patient_id", "slice_number", "kind", "path"),
    "slices": ("key", "patient_id", "place", "path"),
    "labels": ("key", "number"),
}
_COLUMNS = {
    "files": {"key": "str"} | FILES,
    "slices": {"key": "str", "place": "int64"} | SLICES | {"digest": "str"},
    "labels": {"key": "str", "number": "int64"} | LABELS,
}
# Other than by patient, files are looked for by path, and slices by path and digest.
_INDEXES = (
    "unique index file_by_path on files (path)",
    "index slice_by_path on slices (path)",
    "index slice_by_digest on slices (digest, key)",
)
# What SQLite calls a disk's troubles, and what the system does.
_DISK = {sqlite3.SQLITE_FULL: errno.ENOSPC, sqlite3.SQLITE_READONLY: errno.EROFS}
_DISK |= {sqlite3.SQLITE_IOERR: errno.EIO, sqlite3.SQLITE_CANTOPEN: errno.EROFS}
# Rows that are taken in or given back at a time, at least: a megabyte or two.
_ROWS_AT_A_TIME = 4_000


class Patients(NamedTuple):
    """Some patients: those whose keys lie from `first` to `last`."""

    first: str
    last: str


class Catalogue:
    """Files, slices and label rows of a dataset.

    All tables that it gives have a column `key` beside their own, `ids.patient_key` of the
    patient, and follow it.
    """

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database, self._names_known = database, False
        for table, columns in _COLUMNS.items():
            key = ", ".join(_ORDER[table])
            database.execute(
                f"create table {table} ({', '.join(columns)}, primary key ({key})) without rowid"
            )
        for index in _INDEXES:
            database.execute(f"create {index}")

    def add_files(self, files: Iterable[File]) -> None:
        """Take in files and the slices that they hold."""
        files = iter(files)
        for some in iter(lambda: list(islice(files, _ROWS_AT_A_TIME)), []):
            keys = [patient_key(file.patient_id) for file in some]
            self._add(
                "files",
                (
                    (key, file.path, file.kind, file.patient_id, _number(file), file.reason)
                    for key, file in zip(keys, some, strict=True)
                ),
            )
            self._add(
                "slices",
                (
                    (key, place, file.patient_id, number, file.path, "")
                    for key, file in zip(keys, some, strict=True)
                    for number, place in file.slices
                ),
            )

    def add_labels(self, rows: Iterable[Sequence[Any]]) -> None:
        """Take in label rows, as `scan.LABELS`."""
        patient = list(LABELS).index("patient_id")
        self._add(
            "labels",
            (
                (
                    patient_key(row[patient]),
                    number,
                    *(None if cell is pd.NA else cell for cell in row),
                )
                for number, row in enumerate(rows)
            ),
        )

    def called(self, name: str) -> list[str]:
        """Give the paths of the files that are called so: by path, or by name without suffix."""
        if not self._names_known:
            self._names_known = True
            self._database.execute(
                "create table names (name, path, primary key (name, path)) without rowid"
            )
            paths = (path for (path,) in self._ask("select path from files"))
            named = ((name, path) for path in paths for name in {path, without_suffix(path)})
            self._database.executemany("insert into names values (?, ?)", named)
        found = "select path from names where name = ? order by path"
        return [path for (path,) in self._ask(found, [name])]

    def slice_of(self, path: str) -> tuple[str, int] | None:
        """Give patient_id and number of a file's slice; of several, the last one's."""
        found = "select patient_id, slice_number from slices where path = ? order by place desc"
        return next(self._ask(found, [path]), None)

    def set_digests(self, slices: pd.DataFrame) -> None:
        """Keep the `digest` of each of these slices."""
        names = ("digest", *_ORDER["slices"])
        self._database.executemany(
            f"update slices set digest = ? where ({', '.join(names[1:])}) = (?, ?, ?, ?)",
            zip(*(slices[name].tolist() for name in names), strict=True),
        )

    def parts(self) -> Iterator[Patients]:
        """Give all patients that have a file or a label row, some at a time."""
        counts = Counter()
        for table in _COLUMNS:
            counts.update(dict(self._ask(f"select key, count(*) from {table} group by key")))
        first, rows = None, 0
        for key in sorted(counts):
            first, rows = key if first is None else first, rows + counts[key]
            if rows >= _ROWS_AT_A_TIME:
                yield Patients(first, key)
                first, rows = None, 0
        if first is not None:
            yield Patients(first, max(counts))

    def files(self, patients: Patients) -> pd.DataFrame:
        """Give their files, as `scan.FILES`: by slice number and kind."""
        return self._frame("files", "key between ? and ?", patients)

    def slices(self, patients: Patients) -> pd.DataFrame:
        """Give their slices, as `scan.SLICES`: each patient's in the order of the body."""
        return self._frame("slices", "key between ? and ?", patients)

    def labels(self, patients: Patients) -> pd.DataFrame:
        """Give their label rows, as `scan.LABELS`: each patient's in the order of the table."""
        return self._frame("labels", "key between ? and ?", patients)

    def folders(self) -> pd.DataFrame:
        """Give key, patient_id and a path for each spelling of each patient."""
        rows = self._ask(
            "select key, patient_id, min(path) from files where patient_id <> ''"
            " group by key, patient_id order by key, patient_id"
        )
        return frame(rows, dict.fromkeys(("key", "patient_id", "path"), "str"))

    def shared(self) -> pd.DataFrame:
        """Give the slices whose digest those of several patients have; an empty one is none."""
        several = "select digest from slices where digest <> '' group by digest"
        return self._frame("slices", f"digest in ({several} having min(key) < max(key))")

    def find(self, paths: Sequence[str]) -> pd.DataFrame:
        """Give the files of these paths, as `scan.FILES`, as far as there are any."""
        return self._frame("files", f"path in ({_marks(len(paths))})", paths)

    def tables(self) -> list[str]:
        """Give the paths of the dataset's own tables."""
        return [path for (path,) in self._ask("select path from files where kind = 'table'")]

    def kinds(self) -> dict[str, int]:
        """Count the files of each kind, the most frequent first."""
        return dict(self._ask("select kind, count(*) from files group by kind order by 2 desc, 1"))

    def n_slices(self) -> int:
        """Count the slices."""
        return next(self._ask("select count(*) from slices"))[0]

    def _add(self, table: str, rows: Iterable[Sequence[Any]]) -> None:
        marks = _marks(len(_COLUMNS[table]))
        self._database.executemany(f"insert into {table} values ({marks})", rows)

    def _ask(self, query: str, values: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        return self._database.execute(query, values)

    def _frame(self, table: str, condition: str, values: Sequence[Any] = ()) -> pd.DataFrame:
        kinds = _COLUMNS[table]
        names = ", ".join("nullif(slice_number, -1)" if n == "slice_number" else n for n in kinds)
        order = ", ".join(_ORDER[table])
        query = f"select {names} from {table} where {condition} order by {order}"
        return frame(self._ask(query, values), kinds)


@contextmanager
def open_catalogue(path: Path) -> Iterator[Catalogue]:
    """Make an empty catalogue in a file beside `path` that nobody else sees.

    Raises
    ------
    OSError
        If the disk is full, read-only or damaged.
    """
    try:
        with scratch(path) as file:
            # It needs no locks, which network file systems may not have, and no journal. What
            # SQLite sorts aside is little and stays in memory.
            database = sqlite3.connect(f"file:{quote(str(file))}?nolock=1", uri=True)
            database.executescript(
                "pragma journal_mode = off; pragma synchronous = off; pragma temp_store = memory;"
            )
            catalogue = Catalogue(database)
        # From here on the file has no name: it vanishes with the process, however that ends.
        with closing(database):
            yield catalogue
    except sqlite3.OperationalError as error:
        cause = _DISK.get(error.sqlite_errorcode & 0xFF)  # without SQLite's details
        if cause is None:
            raise
        raise OSError(cause, os.strerror(cause), str(path)) from error


def without_suffix(path: str) -> str:
    """Give an image's name as label tables may write it: ``IM1`` for ``series/IM1.dcm``."""
    return re.sub(r"\.(dcm|png|jpe?g|tiff?)$", "", PurePosixPath(path).name, flags=re.IGNORECASE)


def _number(file: File) -> int:
    return -1 if file.slice_number is None else file.slice_number


def _marks(number: int) -> str:
    return ", ".join("?" * number)
