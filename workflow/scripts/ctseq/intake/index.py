"""A dataset's index: every file listed, and every label checked against its image."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from ctseq.core.errors import InputError, fail_on
from ctseq.core.tables import typed
from ctseq.intake import continuity, image_checks, label_checks, scan_copies
from ctseq.intake.checksums import checksum_problems
from ctseq.intake.image_labels import resolve_images
from ctseq.intake.label_units import with_targets, with_units
from ctseq.intake.tables import INVENTORY, LABELLED, LISTING, MASKS, PROBLEMS, SERIES
from ctseq.readers.contents import FILES, LABELS, SLICES, File, Series, frame
from ctseq.readers.formats import FORMATS
from ctseq.readers.names import patient_key, patient_keys
from ctseq.readers.problems import PATIENT, SCAN, SLICE, in_words
from ctseq.readers.registry import KEY, reader_of

_CURE = (
    "Mend the dataset (a copy of it), or set {}.on_problem: exclude to leave these slices, rows, "
    "scans and patients out, each with its reason in inventory.csv and problems.csv."
)


class Index(NamedTuple):
    """Tables of a dataset's files, slices, scans and problems, as `tables` describes them.

    The listing has patients in the order of their numbers, each patient's scans in theirs, and each
    scan's slices from the feet up. `labels_of` is as in `contents.Contents`.
    """

    inventory: pd.DataFrame
    listing: pd.DataFrame
    problems: pd.DataFrame
    series: pd.DataFrame
    masks: pd.DataFrame
    labels_of: str


def index_dataset(
    folder: str | Path,
    format: str,
    *,
    on_problem: str,
    labels: Path | None = None,
    target: str = "hemorrhage",
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
    reader = reader_of(format)
    contents = reader.list_contents(folder, labels, target)
    files, slices = _files_and_slices(contents.files)
    if slices.empty and not contents.problems:
        raise InputError(_nothing(folder, files, format))
    labels_of = contents.labels_of
    rows, without_image = resolve_images(frame(contents.labels, LABELS), files, slices)
    slices, rows = with_units(slices, with_targets(rows, target, key=key), labels_of=labels_of)
    # Rows of images that are left out only say what is lost with them.
    unused = (rows["image"] != "") & rows["slice_number"].isna()
    rows, unused = rows[~unused], rows[unused]
    slices = image_checks.decode_slices(folder, slices, reader, threads=threads)
    explained = {patient_key(found["scan_id"]) for found in contents.problems}
    problems = [
        *contents.problems,
        *label_checks.rows_without_image(without_image),
        *label_checks.doubtful_patients(files),
        *label_checks.doubtful_slices(slices, rows, labels_of=labels_of),
        *image_checks.unusable_images(slices, folder),
        *image_checks.shared_images(slices),
        *label_checks.doubtful_rows(rows, slices, labels_of=labels_of, explained=explained),
        *checksum_problems(folder, files, threads=threads),
    ]
    kept = (_reasons(slices, problems) == "") | (on_problem == "error")
    problems += _of_the_rest(slices, kept, rows, unused, labels_of=labels_of, target=target)
    if on_problem == "error":
        title = f"The dataset {folder} cannot be used as it is"
        fail_on([in_words(found) for found in problems], title=title, cure=_CURE.format(key))
    slices = slices.assign(reason=_without_copies(slices, _reasons(slices, problems)))
    listing = _listing(slices, rows, labels_of=labels_of)
    return Index(
        _inventory(files, listing, problems),
        listing,
        typed(problems, PROBLEMS),
        _series(contents.series, listing),
        typed(files[files["kind"] == "mask"], MASKS).reset_index(drop=True),
        labels_of,
    )


def _of_the_rest(
    slices: pd.DataFrame,
    kept: pd.Series,
    rows: pd.DataFrame,
    unused: pd.DataFrame,
    *,
    labels_of: str,
    target: str,
) -> Iterator[dict[str, Any]]:
    """Find what is wrong with the slices that are kept: copies, gaps, targets that are lost.

    `unused` are label rows of images that are left out: what they say is lost.
    """
    used = slices[kept]
    copies = image_checks.copied_scans(used)
    yield from scan_copies.contradicted_copies(used, rows, copies, labels_of=labels_of)
    yield from continuity.wide_gaps(continuity.find_gaps(used))
    if labels_of == "slice":
        claims = pd.concat([rows, unused]) if len(unused) else rows
        yield from label_checks.hidden_targets(slices, claims, kept, target=target)


def _nothing(folder: str | Path, files: pd.DataFrame, format: str) -> str:
    counts = files.groupby("kind").size().sort_values(ascending=False, kind="stable")
    kinds = ", ".join(f"{n} {kind}" for kind, n in counts.items())
    return (
        f"{folder} holds no brain slices among its {len(files)} files ({kinds or 'none'}). "
        f"Looked for {FORMATS[format].looked_for}."
    )


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
    """Return why each slice is left out: the code of the first problem that does so, or nothing.

    A problem is the slice's own, its scan's or its patient's.
    """
    of_patient: dict[str, str] = {}
    of_scan: dict[str, str] = {}
    of_slice: dict[tuple[str, int], str] = {}
    for found in problems:
        scan, code = patient_key(found["scan_id"]), found["problem"]
        if found["action"] == PATIENT:
            of_patient.setdefault(patient_key(found["patient_id"]), code)
        elif found["action"] == SCAN:
            of_scan.setdefault(scan, code)
        elif found["action"] == SLICE:
            of_slice.setdefault((scan, found["slice_number"]), code)
    names = zip(slices["key"], slices["scan_key"], slices["slice_number"], strict=True)
    reasons = [
        of_slice.get((scan, number)) or of_scan.get(scan) or of_patient.get(key, "")
        for key, scan, number in names
    ]
    return pd.Series(reasons, slices.index, dtype="str")


def _without_copies(slices: pd.DataFrame, reasons: pd.Series) -> pd.Series:
    """Return the reasons with that of scans that are copies of others, which are used once."""
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
    notes = continuity.slice_notes(continuity.find_gaps(slices[slices["kept"] == 1]))
    names = zip(slices["scan_id"], slices["slice_number"], strict=True)
    slices["note"] = [notes.get(name, "") for name in names]
    return typed(slices, LISTING)


def _series(told: Iterable[Series], listing: pd.DataFrame) -> pd.DataFrame:
    """Return what files and slices say of each scan that has slices, in the listing's order."""
    told = pd.DataFrame(told, columns=Series._fields).drop_duplicates("scan_id")
    scans = listing[["scan_id", "patient_id"]].drop_duplicates("scan_id")
    series = scans.merge(told.drop(columns="patient_id"), "left", "scan_id")
    texts = ["orientation", "description", "choice", "note"]
    series = series.assign(**series[texts].astype("object").fillna(""))
    found = continuity.scan_notes(listing)
    notes = [
        "; ".join(filter(None, [note, found.get(scan_id, "")]))
        for scan_id, note in zip(series["scan_id"], series["note"], strict=True)
    ]
    return typed(series.assign(note=notes), SERIES)


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
