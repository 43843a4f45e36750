"""Files that claim the same slices: copies are left out, and what is readable survives the rest."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from ctseq.core.files import file_digest
from ctseq.readers.problems import FILE, SCAN, SLICE, problem

# Problems of a file, which leave nothing out that other files of the scan hold.
_OF_FILES = ("volume", "checksum")


def copied_files(slices: pd.DataFrame, folder: str | Path) -> list[str]:
    """List the files of which a better or earlier file of the scan holds every slice.

    Their pixels are the same wherever they can be read, and some can. Of two files, the one with
    fewer damaged slices is better, then the one with more, then the one whose path comes first.
    `slices` are as `image_checks.decode_slices` returns them, of the dataset in `folder`.
    """
    paths = slices.loc[_contested(slices), "path"].unique()
    own = slices[slices["path"].isin(paths)].groupby("path")
    damaged = own["shape"].agg(lambda shapes: sum(isinstance(shape, str) for shape in shapes))
    lengths = own.size()
    known: dict[tuple[str, int], set[tuple[Any, str]]] = {}
    copies = []
    for path in sorted(paths, key=lambda path: (damaged[path], -lengths[path], path)):
        held = _pixels(own.get_group(path), Path(folder, path))
        if all(name in known and (it is None or it in known[name]) for name, it in held.items()):
            copies.append(path)
            continue
        for name, it in held.items():
            known.setdefault(name, set()).add(it)
    return copies


def two_files(slices: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Find readable files that claim to be one slice; `slices` are without copies."""
    for file in slices[_contested(slices)].itertuples():
        found = (SLICE, file.path, file.patient_id, file.slice_number)
        yield problem("two-files", *found, scan_id=file.scan_id)


def narrowed_to_files(
    problems: Sequence[dict[str, Any]], slices: pd.DataFrame
) -> list[dict[str, Any]]:
    """Return problems; those of a file whose scan has others leave out that file alone."""
    owners = slices.drop_duplicates(["scan_id", "path"])
    paths = owners.groupby("scan_id")["path"].agg(set).to_dict()
    whose = [paths.get(found["scan_id"], set()) - {found["path"]} for found in problems]
    return [
        {**found, "action": FILE}
        if others and found["problem"] in _OF_FILES and found["action"] == SCAN
        else found
        for found, others in zip(problems, whose, strict=True)
    ]


def _contested(slices: pd.DataFrame) -> pd.Series:
    """Tell which slices are readable and claimed by another readable file, too."""
    readable = _readable(slices)
    names = slices.loc[readable, ["scan_id", "slice_number"]]
    return names.duplicated(keep=False).reindex(slices.index, fill_value=False)


def _readable(slices: pd.DataFrame) -> pd.Series:
    return slices["shape"].map(lambda shape: isinstance(shape, tuple)).astype(bool)


def _pixels(held: pd.DataFrame, path: Path) -> dict[tuple[str, int], tuple[Any, str] | None]:
    """Return shape and digest of each of a file's slices; None of those that cannot be read."""
    # Slices of one grey value have no digest: of a file that holds nothing else, its bytes decide.
    told = held["digest"].ne("").any()
    of_file = "" if told else file_digest(path)
    rows = zip(held["scan_id"], held["slice_number"], held["shape"], held["digest"], strict=True)
    return {
        (scan, number): None if isinstance(shape, str) else (shape, digest or of_file)
        for scan, number, shape, digest in rows
    }
