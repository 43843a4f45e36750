"""The index of a dataset as files, which a check makes and the study's own job takes over.

A check keeps what it made in a folder of its own, so that a dataset that cannot be used, or not
with these settings, leaves the index as it is; and what was read once is not read again.
"""

import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from ctseq.core.errors import InputError
from ctseq.core.files import file_digest, read_json, write_json
from ctseq.core.tables import write_table
from ctseq.intake import tables
from ctseq.intake.demographics import read_demographics
from ctseq.intake.index import Index, index_dataset
from ctseq.readers.problems import REASONS
from ctseq.readers.registry import recognise
from ctseq.readers.walk import walk

# Beside a kept index: what it was made from, and what its log says.
_RECORD = "made.json"


def write_index(
    recognised: str | Path,
    written: Mapping[str, str | Path],
    *,
    dataset: str | Path,
    name: str,
    settings: Mapping[str, Any],
    threads: int,
) -> list[str]:
    """Index a dataset, write its format and its tables, and return what the log says of it.

    Parameters
    ----------
    recognised, written
        Where to write: the format, and each of `tables.INDEX` by its name.
    dataset, name
        The dataset's folder, and its name.
    settings
        Its format, labels, columns, target, links_into and on_problem.
    threads
        How many slices are decoded at a time.

    Raises
    ------
    InputError
        If the dataset cannot be used; nothing is written then.
    """
    key, links_into = f"datasets.{name}", settings["links_into"]
    format, how = recognise(dataset, settings["format"], links_into=links_into, key=key)
    index = index_dataset(
        *(dataset, format),
        on_problem=settings["on_problem"],
        labels=Path(settings["labels"]) if settings["labels"] else None,
        target=settings["target"],
        links_into=links_into,
        columns=settings.get("columns"),
        threads=threads,
        key=key,
    )
    people = read_demographics(dataset)
    for table, path in written.items():
        rows = people if table == "demographics" else getattr(index, table)
        write_table(rows, path, getattr(tables, table.upper()))
    labels = [settings["labels"]] if settings["labels"] else index.label_tables
    digested = [path for table, path in written.items() if table != "demographics"]
    made = {"format": format, "recognised_by": how, "settings": settings}
    write_json(made | _origin(dataset, labels, digested), recognised)
    return [f"Format: {format}, by {how}.", *_said(index, dataset)]


@contextmanager
def kept_index(kept: str | Path, *, by: str, code: str, **options: Any) -> Iterator[Path]:
    """Yield a folder with the index of a dataset, which stands in the folder `kept` afterwards.

    What is there is taken if it is the same. While it is read, the folder belongs to its reader
    alone: other checks of the dataset, and its job, find none, and make their own.

    Parameters
    ----------
    kept
        The folder; it appears and goes as a whole.
    by
        Who checks: no two that run at once have the same name.
    code
        Digest of the code that decides an index.
    options
        Those of `write_index`.
    """
    made_from = _made_from(code, options["settings"])
    own = _own(kept, by)
    try:
        if not _taken(kept, own, made_from):
            own.mkdir(parents=True)
            written = {table: own / f"{table}.csv" for table in tables.INDEX}
            lines = write_index(own / "format.json", written, **options)
            write_json({"from": made_from, "log": lines}, own / _RECORD)
        try:
            yield own
        finally:  # of what is wrong with it, a study may be mended alone
            _put_back(own, Path(kept))
    finally:
        shutil.rmtree(own, ignore_errors=True)


def adopt_index(
    kept: str | Path,
    recognised: str | Path,
    written: Mapping[str, str | Path],
    *,
    code: str,
    settings: Mapping[str, Any],
) -> list[str] | None:
    """Move a kept index to where `write_index` would write it, and return what the log says of it.

    Where none is kept, it is None; one of other settings, code or files is of no use any more and
    goes.
    """
    own = _own(kept, "its job")
    try:
        # Its files are looked at only where an index is kept: there may be a million.
        if not (_record(kept) and _taken(kept, own, _made_from(code, settings))):
            shutil.rmtree(kept, ignore_errors=True)
            return None
        for name, path in {"format.json": recognised, **_named(written)}.items():
            Path(own, name).replace(path)
            os.utime(path)  # newer than what the job read, as all that jobs write
        return list(_record(own)["log"])
    finally:
        shutil.rmtree(own, ignore_errors=True)


def _own(kept: str | Path, by: str) -> Path:
    """Return the folder of one reader alone, which is not there yet.

    A process that was killed may have left it: only one of this name runs at a time.
    """
    own = Path(kept).with_name(f".{by}.unfinished.{Path(kept).name}")
    shutil.rmtree(own, ignore_errors=True)
    return own


def _taken(kept: str | Path, own: Path, made_from: Mapping[str, Any]) -> bool:
    """Rename what is kept to one's own folder if it was made from the same, and tell whether.

    Another may take it, or keep another in its place, between two looks.
    """
    if _record(kept).get("from") != made_from:
        return False
    with suppress(OSError):
        Path(kept).rename(own)
    if _record(own).get("from") == made_from:
        return True
    shutil.rmtree(own, ignore_errors=True)
    return False


def _put_back(own: Path, kept: Path) -> None:
    """Rename one's own folder to that which is kept, in place of what another kept meanwhile.

    If yet another one is faster, its index stays.
    """
    before = own.with_name(f"{own.name}.before")
    shutil.rmtree(before, ignore_errors=True)
    with suppress(OSError):
        kept.rename(before)
    with suppress(OSError):
        own.rename(kept)
    shutil.rmtree(before, ignore_errors=True)


def _named(written: Mapping[str, str | Path]) -> dict[str, str | Path]:
    return {f"{table}.csv": path for table, path in written.items()}


def _record(kept: str | Path) -> dict[str, Any]:
    try:
        return dict(read_json(Path(kept, _RECORD)))
    except InputError:  # none is kept
        return {}


def _made_from(code: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    files = fingerprint(settings["path"], settings["links_into"], settings["labels"])
    return {"code": code, "settings": dict(settings), "files": files}


def fingerprint(folder: str | Path, links_into: Sequence[str], labels: str | None) -> str:
    """Return a digest of the names, sizes and times of all files of a dataset, unread.

    `labels` is a label table that may stand elsewhere.
    """
    digest = hashlib.sha256()
    names = [found.path for found in walk(folder, links_into, lenient=True)]
    for name in [*names, *filter(None, [labels])]:
        path = Path(folder, name)
        state = path.stat() if path.exists() else None
        told = (name, state and state.st_size, state and state.st_mtime_ns)
        digest.update(repr(told).encode("utf-8", "backslashreplace"))
    return digest.hexdigest()


def _origin(
    folder: str | Path, tables: Sequence[str], written: Sequence[str | Path]
) -> dict[str, Any]:
    """Return what an index was made from, and what it is, as digests: SHA-256.

    Parameters
    ----------
    folder, tables
        The dataset's root, and its label tables: names in it, or paths.
    written
        The index as files.
    """
    digests = "".join(map(file_digest, written))
    return {
        "labels": {Path(name).name: file_digest(Path(folder, name)) for name in tables},
        "index_sha256": hashlib.sha256(digests.encode()).hexdigest(),
    }


def _said(index: Index, dataset: str | Path) -> list[str]:
    """Return what the log of an index says: counts of what was seen, kept and left out."""
    files, slices, scans = index.inventory, index.listing, index.series
    lines = [
        f"Files seen in {dataset}: {len(files)}, with slices of the study: {files['kept'].sum()}."
    ]
    left = files.loc[files["kept"] == 0, "reason"].value_counts()
    lines += [f"Not kept, {REASONS[code].words}: {count}." for code, count in left.items()]
    lines += index.notes
    several = int(scans["patient_id"].value_counts().gt(1).sum())
    lines.append(f"Scans seen: {len(scans)}; patients with several: {several}.")
    for scan in scans[scans["choice"] != ""].itertuples():
        told = filter(None, [scan.description, scan.choice, scan.note])
        lines.append(f"{scan.scan_id}: {'; '.join(told)}.")
    if several and index.labels_of == "patient":
        lines.append("Labels are of patients: each counts for all scans of its patient.")
    lines.append(f"Slices seen: {len(slices)}, kept: {slices['kept'].sum()}.")
    return lines + [
        f"Problem, {REASONS[code].words}: {count}; each is listed in problems.csv."
        for code, count in index.problems["problem"].value_counts().items()
    ]
