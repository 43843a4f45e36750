"""A dataset's index: every file listed, and every label checked against its image."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from ctseq.core.errors import InputError, fail_on
from ctseq.core.tables import typed
from ctseq.intake import image_checks, label_checks, twins
from ctseq.intake.checksums import checksum_problems
from ctseq.intake.image_labels import resolve_images
from ctseq.intake.label_units import with_targets, with_units
from ctseq.intake.tables import INVENTORY, LABELLED, LISTING, MASKS, PROBLEMS, SERIES
from ctseq.readers.contents import FILES, LABELS, SLICES, File, Series, frame
from ctseq.readers.formats import FORMATS
from ctseq.readers.names import patient_key, patient_keys
from ctseq.readers.problems import FILE, PATIENT, REASONS, SCAN, SLICE, in_words
from ctseq.readers.registry import KEY, reader_of
from ctseq.readers.stores import where_files_are

_CURE = (
    "Mend the dataset (a copy of it), or set {}.on_problem: exclude to leave these slices, rows, "
    "scans and patients out, each with its reason in inventory.csv and problems.csv."
)


class Index(NamedTuple):
    """Tables of a dataset's files, slices, scans and problems, as `tables` describes them.

    The listing has patients in the order of their numbers, each patient's scans in theirs, and each
    scan's slices from the feet up. `labels_of` and `notes` are as in `contents.Contents`.
    """

    inventory: pd.DataFrame
    listing: pd.DataFrame
    problems: pd.DataFrame
    series: pd.DataFrame
    masks: pd.DataFrame
    labels_of: str
    notes: Sequence[str]


def index_dataset(
    folder: str | Path,
    format: str,
    *,
    on_problem: str,
    labels: Path | None = None,
    target: str = "hemorrhage",
    links_into: Sequence[str] = (),
    threads: int = 1,
    key: str = KEY,
) -> Index:
    """List every file and slice of a dataset and find whatever would make a label wrong.

    Memory holds the tables, and the pixels of one scan.

    Parameters
    ----------
    folder, format
        The dataset's root, and its format, a key of `formats.FORMATS`.
    on_problem
        ``error`` raises one error with all problems; ``exclude`` leaves out the slice, label row,
        scan or patient that each one affects.
    labels
        The label table, if one is chosen.
    target
        What the labels are asked for, as `subtypes.TARGETS` says.
    links_into
        Folders outside that the dataset's links may lead into.
    threads
        How many slices are decoded at a time.
    key
        Where the configuration has the dataset, for messages.

    Raises
    ------
    InputError
        If there are no slices, if the labels do not know the target, or on problems with ``error``.
    """
    if on_problem not in ("error", "exclude"):
        raise InputError(f"{key}.on_problem is {on_problem!r}; choose error or exclude.")
    contents = reader_of(format).list_contents(folder, labels, target, links_into)
    files, slices = _files_and_slices(contents.files)
    if slices.empty and not contents.problems:
        raise InputError(_nothing(folder, files, format) + where_files_are(folder, links_into, key))
    rows, without_image = resolve_images(frame(contents.labels, LABELS), files, slices)
    labels_of = contents.labels_of
    slices, rows = with_units(slices, with_targets(rows, target, key=key), labels_of=labels_of)
    files, slices = _decoded(folder, files, slices, format, threads=threads)
    explained = {patient_key(found["scan_id"]) for found in contents.problems}
    problems = [
        *contents.problems,
        *label_checks.rows_without_image(without_image),
        *label_checks.doubtful_patients(files),
        *label_checks.doubtful_slices(slices, rows, labels_of=labels_of),
        *twins.two_files(slices),
        *image_checks.unusable_images(slices, folder),
        *image_checks.other_units(slices),
        *image_checks.shared_images(slices),
        *label_checks.doubtful_rows(rows, slices, labels_of=labels_of, explained=explained),
        *checksum_problems(folder, files, threads=threads),
    ]
    problems = twins.of_files_alone(problems, slices)
    if problems and on_problem == "error":
        cure = [*contents.notes, _CURE.format(key) + where_files_are(folder, links_into, key)]
        _stop_on(problems, folder, cure)
    if labels_of == "slice":
        kept = _reasons(slices, problems) == ""
        problems += label_checks.hidden_targets(slices, rows, kept, target=target)
    slices = slices.assign(reason=_reasons(slices, problems))
    listing = _listing(slices, rows, labels_of=labels_of)
    return Index(
        _inventory(files, listing, problems),
        listing,
        typed(problems, PROBLEMS),
        _series(contents.series, listing),
        typed(files[files["kind"] == "mask"], MASKS).reset_index(drop=True),
        labels_of,
        contents.notes,
    )


def _stop_on(problems: list[dict[str, Any]], folder: str | Path, cure: list[str]) -> None:
    fail_on(
        [in_words(found) for found in problems],
        title=f"The dataset {folder} cannot be used as it is",
        cure="\n".join(cure),
        kinds=[REASONS[found["problem"]].words for found in problems],
    )


def _nothing(folder: str | Path, files: pd.DataFrame, format: str) -> str:
    counts = files.groupby("kind").size().sort_values(ascending=False, kind="stable")
    kinds = ", ".join(f"{n} {kind}" for kind, n in counts.items())
    return (
        f"{folder} holds no brain slices among its {len(files)} files ({kinds or 'none'}). "
        f"Looked for {FORMATS[format].looked_for}."
    )


def _decoded(
    folder: str | Path,
    files: pd.DataFrame,
    slices: pd.DataFrame,
    format: str,
    *,
    threads: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return files, and slices with what their pixels tell; of copies only the file is left."""
    slices = image_checks.decode_slices(folder, slices, format, threads=threads)
    copies = twins.copied_files(slices, folder)
    reasons = files["reason"].mask(files["path"].isin(copies), "copy")
    return files.assign(reason=reasons), slices[~slices["path"].isin(copies)]


def _files_and_slices(found: Iterable[File]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return tables of the files and of the slices, sorted by the patient's canonical `key`."""
    found = list(found)
    files = frame([file[:-1] for file in found], FILES)
    held = (
        (file.scan_id, file.patient_id, *slice_, file.path)
        for file in found
        for slice_ in file.slices
    )
    slices = frame(held, SLICES)
    # By canonical keys, as labels find them: `49-1` may be a scan of `049`, too.
    owners = slices.drop_duplicates(["scan_id", "patient_id"])
    owners = owners.assign(
        scan=patient_keys(owners["scan_id"]), key=patient_keys(owners["patient_id"])
    )
    owners = owners.drop_duplicates(["scan", "key"])
    for scan_id in owners.loc[owners.duplicated("scan"), "scan_id"]:
        raise InputError(
            f"{scan_id} is a patient, and the name of a scan of another one, whose scans are "
            "numbered: rename the patient's folder."
        )
    order = ["slice_number", "kind", "path"]
    return _by_scan(files, order), _by_scan(slices, ["rank", "path"])


def _by_scan(rows: pd.DataFrame, order: list[str]) -> pd.DataFrame:
    """Add the canonical key of each row's patient; sort by it, the scan's number and `order`."""
    # The second scan before the tenth, whose name is longer.
    rows = rows.assign(key=patient_keys(rows["patient_id"]), length=rows["scan_id"].str.len())
    order = ["key", "patient_id", "length", "scan_id", *order]
    rows = rows.sort_values(order, kind="stable", na_position="first", ignore_index=True)
    return rows.drop(columns="length")


def _reasons(slices: pd.DataFrame, problems: Iterable[dict[str, Any]]) -> pd.Series:
    """Return why each slice is left out: the code of the first problem that does so, or a copy's.

    A problem is the slice's own, its file's, its scan's or its patient's. That of a file is no
    problem of another one that holds the same slice.
    """
    paths = set(slices["path"])
    codes: dict[tuple[Any, ...], tuple[int, str]] = {}
    for order, found in enumerate(problems):
        scan, code, action = patient_key(found["scan_id"]), found["problem"], found["action"]
        path = found["path"] if found["path"] in paths else ""
        of = {
            PATIENT: (patient_key(found["patient_id"]),),
            SCAN: (SCAN, scan),
            FILE: (FILE, path),
            SLICE: (scan, found["slice_number"], path),
        }
        if action in of:
            codes.setdefault(of[action], (order, code))
    columns = (slices[name] for name in ("key", "scan_key", "slice_number", "path"))
    reasons = []
    for key, scan, number, path in zip(*columns, strict=True):
        names = [(scan, number, path), (scan, number, ""), (FILE, path)]
        own = [codes[name] for name in names if name in codes]
        first = min(own, default=None) or codes.get((SCAN, scan)) or codes.get((key,), (0, ""))
        reasons.append(first[1])
    reasons = pd.Series(reasons, slices.index, dtype="str")
    copies = image_checks.copied_scans(slices[reasons == ""])
    return reasons.mask((reasons == "") & slices["scan_id"].isin(copies), "same-scan")


def _listing(slices: pd.DataFrame, rows: pd.DataFrame, *, labels_of: str) -> pd.DataFrame:
    """Join the slices with their labels; a slice without a label is never kept."""
    of_slices = labels_of == "slice"
    names = ["unit", "slice_number"] if of_slices else ["unit"]
    own = rows.drop_duplicates(names)
    if of_slices:
        slices = slices.merge(own[[*names, *LABELLED]], "left", names)
        slices["scan_target"] = pd.NA
    else:
        of_scan = own.set_index("unit")["target"].reindex(slices["unit"]).to_numpy()
        slices = slices.assign(**dict.fromkeys(LABELLED, pd.NA), scan_target=of_scan)
    labelled = slices["target" if of_slices else "scan_target"].notna()
    if not (labelled | (slices["reason"] != "")).all():
        raise RuntimeError("a slice is kept without a label")
    slices["kept"] = (slices["reason"] == "").astype("int64")
    return typed(slices, LISTING)


def _series(found: Iterable[Series], listing: pd.DataFrame) -> pd.DataFrame:
    """Return what the files say of each scan that has slices, in the listing's order."""
    told = pd.DataFrame(found, columns=Series._fields).drop_duplicates("scan_id")
    scans = listing[["scan_id", "patient_id"]].drop_duplicates("scan_id")
    series = scans.merge(told.drop(columns="patient_id"), "left", "scan_id")
    texts = ["orientation", "description", "choice", "note"]
    return typed(series.assign(**series[texts].astype("object").fillna("")), SERIES)


def _inventory(
    files: pd.DataFrame, listing: pd.DataFrame, problems: Iterable[dict[str, Any]]
) -> pd.DataFrame:
    """Return the files with the reason why each is not kept: its own, or that of its slices."""
    of_file: dict[str, str] = {}
    for found in problems:
        of_file.setdefault(found["path"], found["problem"])
    of_slices = listing.drop_duplicates("path").set_index("path")["reason"]
    unused = ~files["path"].isin(listing.loc[listing["kept"] == 1, "path"])
    excluded = files.loc[unused & (files["reason"] == ""), "path"]
    reasons = excluded.map(of_slices).fillna(excluded.map(of_file)).fillna("no-slices")
    files = files.assign(reason=reasons.reindex(files.index).fillna(files["reason"]))
    return typed(files.assign(kept=(files["reason"] == "").astype("int64")), INVENTORY)
