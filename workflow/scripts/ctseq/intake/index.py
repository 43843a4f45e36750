"""A dataset's index: every file listed, and every label checked against its image."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from ctseq.core.errors import InputError, fail_on
from ctseq.core.tables import typed
from ctseq.intake import continuity, file_copies, image_checks, scan_copies
from ctseq.intake.checksums import checksum_problems
from ctseq.intake.file_tables import files_and_slices
from ctseq.intake.labels import checks as label_checks
from ctseq.intake.labels.images import resolve_images
from ctseq.intake.labels.units import with_targets, with_units
from ctseq.intake.reasons import reasons_of
from ctseq.intake.tables import INVENTORY, LABELLED, LISTING, MASKS, PROBLEMS, SERIES
from ctseq.readers.contents import LABELS, Contents, Series, frame
from ctseq.readers.formats import FORMATS
from ctseq.readers.labels.columns import Columns
from ctseq.readers.labels.sheets import file_called
from ctseq.readers.names import patient_key
from ctseq.readers.problems import REASONS, in_words
from ctseq.readers.registry import KEY, reader_of
from ctseq.readers.stores import where_files_are

_CURE = (
    "Mend the dataset (a copy of it), or set {}.on_problem: exclude to leave these slices, rows, "
    "scans and patients out, each with its reason in inventory.csv and problems.csv."
)


class Index(NamedTuple):
    """Tables of a dataset's files, slices, scans and problems, as `tables` describes them.

    The listing has patients in the order of their numbers, each patient's scans in theirs, and each
    scan's slices from the feet up. `labels_of` and `notes` are as in `contents.Contents`, and
    `label_tables` the files of the tables that have a label, in the order in which they were read.
    """

    inventory: pd.DataFrame
    listing: pd.DataFrame
    problems: pd.DataFrame
    series: pd.DataFrame
    masks: pd.DataFrame
    labels_of: str
    notes: Sequence[str]
    label_tables: Sequence[str] = ()


def index_dataset(
    folder: str | Path,
    format: str,
    *,
    on_problem: str,
    labels: Path | None = None,
    target: str = "hemorrhage",
    links_into: Sequence[str] = (),
    columns: Mapping[str, Any] | None = None,
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
    columns
        The columns of the label table that the configuration names, and what its cells mean.
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
    read_by = _read_by(format, labels, Columns.of(columns or {}, f"{key}.columns"))
    contents = reader_of(format).list_contents(folder, labels, target, links_into, **read_by)
    files, slices = files_and_slices(contents.files)
    # To leave out what is wrong with files that are none leaves nothing.
    if slices.empty and (on_problem == "exclude" or not contents.problems):
        raise InputError(_nothing(folder, files, format) + where_files_are(folder, links_into, key))
    rows = with_targets(frame(contents.labels, LABELS), target, key=key)
    label_tables = [*dict.fromkeys(map(file_called, rows["path"]))]
    rows, *unresolved = resolve_images(rows, files, slices)
    labels_of = contents.labels_of
    slices, rows = with_units(slices, rows, labels_of=labels_of)
    # Rows of images that are left out only say what is lost with them.
    unused = (rows["image"] != "") & rows["slice_number"].isna()
    rows, unused = rows[~unused], rows[unused]
    files, slices = _decoded(folder, files, slices, format, threads=threads)
    problems = _doubts(contents, folder, files, slices, rows, *unresolved, threads=threads)
    kept = (reasons_of(slices, problems) == "") | (on_problem == "error")
    problems += _of_the_rest(slices, kept, rows, unused, labels_of=labels_of, target=target)
    if problems and on_problem == "error":
        cure = [*contents.notes, _CURE.format(key) + where_files_are(folder, links_into, key)]
        _stop_on(problems, folder, cure)
    label_checks.check_claims(unresolved[1])
    reasons = scan_copies.without_copies(slices, reasons_of(slices, problems))
    slices = slices.assign(reason=reasons)
    listing = _listing(slices, rows, labels_of=labels_of)
    return Index(
        _inventory(files, listing, problems),
        listing,
        typed(problems, PROBLEMS),
        _series(contents.series, listing),
        typed(files[files["kind"] == "mask"], MASKS).reset_index(drop=True),
        labels_of,
        contents.notes,
        label_tables,
    )


def _read_by(format: str, labels: Path | None, columns: Columns) -> dict[str, Columns]:
    """Return how a format's reader is told by which columns to read the label table."""
    if not FORMATS[format].own_labels:
        return {"columns": columns}
    if columns or labels:
        named = columns.key if columns else f"{columns.key.removesuffix('columns')}labels"
        raise InputError(
            f"{named} says how a label table is read, but {format} has tables of its own: "
            "remove it."
        )
    return {}


def _stop_on(problems: list[dict[str, Any]], folder: str | Path, cure: list[str]) -> None:
    fail_on(
        [in_words(found) for found in problems],
        title=f"The dataset {folder} cannot be used as it is",
        cure="\n".join(cure),
        kinds=[REASONS[found["problem"]].words for found in problems],
    )


def _doubts(
    contents: Contents,
    folder: str | Path,
    files: pd.DataFrame,
    slices: pd.DataFrame,
    rows: pd.DataFrame,
    without_image: pd.DataFrame,
    of_no_scan: pd.DataFrame,
    *,
    threads: int,
) -> list[dict[str, Any]]:
    """Return what is wrong with files, slices and label rows, each looked at by itself.

    `without_image` and `of_no_scan` are the label rows that name no file, and one of no known scan.
    """
    of, named = contents.labels_of, {*of_no_scan["file"]}
    explained = {patient_key(found["scan_id"]) for found in contents.problems}
    problems = [
        *contents.problems,
        *label_checks.doubtful_patients(files),
        *label_checks.doubtful_slices(slices, rows, labels_of=of),
        *file_copies.two_files(slices),
        *image_checks.files_not_opened(files, slices, named),
        *image_checks.unusable_images(slices, folder),
        *image_checks.other_units(slices),
        *image_checks.shared_images(slices),
        *label_checks.doubtful_rows(rows, slices, labels_of=of, explained=explained),
        *checksum_problems(folder, files, threads=threads),
    ]
    if contents.counted and of == "slice":
        problems += label_checks.miscounted_rows(rows, slices, files)
    return [
        *file_copies.narrowed_to_files(problems, slices),
        *label_checks.rows_without_image(without_image),
        *label_checks.rows_without_image(of_no_scan, state="of no known scan"),
    ]


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
    copies = scan_copies.copied_scans(used)
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
    copies = file_copies.copied_files(slices, folder)
    reasons = files["reason"].mask(files["path"].isin(copies), "copy")
    return files.assign(reason=reasons), slices[~slices["path"].isin(copies)]


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
    # Where nothing is found, pandas takes the column for numbers, which no text may fill.
    told = excluded.map(of_slices).astype("object")
    reasons = told.fillna(excluded.map(of_file)).fillna("no-slices")
    files = files.assign(reason=reasons.reindex(files.index).fillna(files["reason"]))
    return typed(files.assign(kept=(files["reason"] == "").astype("int64")), INVENTORY)
