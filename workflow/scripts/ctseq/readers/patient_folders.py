"""Which folders name patients or scans, and whose they are: the label table decides."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ctseq.core.errors import InputError
from ctseq.readers.contents import LABELS, File
from ctseq.readers.names import patient_key

_SCAN, _PATIENT = (list(LABELS).index(name) for name in ("scan_id", "patient_id"))

# Folders of a dataset lie at most so deep; more are not looked at.
_MOST_DEEP = 16


class Level(NamedTuple):
    """A depth of folders, and the keys of the patients that the label table names and has there.

    The first folder below the dataset's root is at depth 0.
    """

    depth: int
    met: frozenset[str]


def naming_level(paths: Iterable[str], named: Collection[str]) -> Level:
    """Return the depth at which most of the `named` patients have their folders.

    Of several, it is the first one; it is 0 if there are none.

    Parameters
    ----------
    paths
        Of files, relative to the dataset's root.
    named
        Keys of the patients or scans that the label table names.
    """
    folders: dict[int, set[str]] = defaultdict(set)
    for folder in {path.rpartition("/")[0] for path in paths}:
        for depth, name in enumerate(folder.split("/")[:_MOST_DEEP]):
            folders[depth].add(name)
    levels = [
        Level(depth, frozenset(map(patient_key, names)) & frozenset(named))
        for depth, names in sorted(folders.items())
    ]
    return max(levels, key=lambda level: len(level.met), default=Level(0, frozenset()))


def keys_of(pairs: Iterable[tuple[str, str]]) -> set[str]:
    """Return the keys of all scans and patients in pairs of both; empty names have none."""
    return {patient_key(name) for pair in pairs for name in pair if name}


def shared_patients(pairs: Iterable[tuple[str, str]], groups: Iterable[str]) -> dict[str, str]:
    """Return which folders are scans of a patient who has several, by the table's own pairs.

    The patient's id is the name of the first of them.

    Parameters
    ----------
    pairs
        Scan and patient, as `LabelTable.names` returns them.
    groups
        The folders' names, in order.

    Raises
    ------
    InputError
        If a scan is of two patients.
    """
    patient_of_scan: dict[str, str] = {}
    for scan, patient in sorted(pair for pair in pairs if all(pair)):
        own = patient_of_scan.setdefault(patient_key(scan), patient_key(patient))
        if own != patient_key(patient):
            raise InputError(
                f"The label table says that scan {scan} is of patient {patient}, and of another "
                "one in another row: mend the wrong one."
            )
    first: dict[str, str] = {}
    owners = {}
    for group in groups:
        patient = patient_of_scan.get(patient_key(group))
        if patient and (owner := first.setdefault(patient, group)) != group:
            owners[group] = owner
    return owners


def by_patient(
    files: Iterable[File],
    rows: Iterable[tuple[Any, ...]],
    labels_of: str,
    patient_of: Mapping[str, str],
) -> tuple[Iterable[File], Iterable[tuple[Any, ...]], str]:
    """Return files and label rows with their patients, where folders are scans of these.

    Parameters
    ----------
    files, rows, labels_of
        As `contents.Contents` has them, with folders as patients.
    patient_of
        Folder to the patient whose scan it is, where that is another name.

    Returns
    -------
    files, rows, labels_of
        As they were given, with patients as patients; take the files first.
    """
    if not patient_of:
        return files, rows, labels_of
    scans: dict[str, list[str]] = {}
    files = _files_of_patients(files, patient_of, scans)
    rows = _rows_of_scans(rows, labels_of, patient_of, scans)
    return files, rows, "scan" if labels_of == "patient" else labels_of


def _files_of_patients(
    files: Iterable[File], patient_of: Mapping[str, str], scans: dict[str, list[str]]
) -> Iterator[File]:
    """Yield files with the patients that `patient_of` has for the folders that name them.

    The scans of each such folder are added to `scans`, by the folder's key.
    """
    for file in files:
        if file.slices:
            own = scans.setdefault(patient_key(file.patient_id), [])
            own += [file.scan_id] * (file.scan_id not in own)
        yield file._replace(patient_id=patient_of.get(file.patient_id, file.patient_id))


def _rows_of_scans(
    rows: Iterable[tuple[Any, ...]],
    labels_of: str,
    patient_of: Mapping[str, str],
    scans: Mapping[str, Sequence[str]],
) -> Iterator[tuple[Any, ...]]:
    """Yield label rows whose patients are folders with the patients and scans of these.

    A row of a patient becomes one for each of the folder's scans; another one gets the folder's
    only scan. `scans` is what `_files_of_patients` fills, which comes first.
    """
    owner = {patient_key(folder): patient for folder, patient in patient_of.items()}
    for row in rows:
        name = row[_PATIENT]
        own = scans.get(patient_key(name), [])
        if labels_of == "patient":
            found = own or [name]
        else:
            found = [row[_SCAN] or (own[0] if len(own) == 1 else "")]
        for scan_id in found:
            changed = list(row)
            changed[_SCAN], changed[_PATIENT] = scan_id, owner.get(patient_key(name), name)
            yield tuple(changed)
