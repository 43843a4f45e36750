"""Every file of a dataset accounted for, every label checked against its image."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ctseq.core.errors import InputError, fail_on
from ctseq.core.progress import progress
from ctseq.core.tables import typed
from ctseq.intake import label_checks as contradictions
from ctseq.intake.catalogue import Catalogue, without_suffix
from ctseq.intake.checksums import in_checksums
from ctseq.intake.tables import INVENTORY, LISTING
from ctseq.readers.ids import patient_key
from ctseq.readers.problems import PATIENT, ROW, SLICE, in_words, problem
from ctseq.readers.registry import Reader
from ctseq.readers.scan import FLAGS, LABELS, SUBTYPES

_CURE = (
    "Mend the dataset (a copy of it), or set dataset.on_problem: exclude to leave these "
    "slices, rows and patients out, each with its reason in inventory.csv and problems.csv."
)


class Index:
    """A dataset that has been looked through; what it says is given a few patients at a time.

    Attributes
    ----------
    problems
        What makes a label doubtful, as `problems.problem` gives it. Complete once `parts` has come
        to its end.
    """

    def __init__(
        self, catalogue: Catalogue, problems: Sequence[dict[str, Any]], *, per_patient: bool
    ) -> None:
        self.problems = list(problems)
        self._catalogue, self._per_patient = catalogue, per_patient
        self._excluded = _Excluded(problems)

    def parts(self) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
        """Judge every file and slice.

        Yields
        ------
        inventory : DataFrame
            A row a file, as `tables.INVENTORY`; kept are those with slices of the study.
        listing : DataFrame
            A row a slice of these files with its labels, as `tables.LISTING`, kept or why
            not.
        """
        for patients in self._catalogue.parts():
            files, slices = self._catalogue.files(patients), self._catalogue.slices(patients)
            rows = self._catalogue.labels(patients)
            if not self._per_patient:
                kept = self._excluded.reasons(slices) == ""
                hidden = list(contradictions.hidden_hemorrhages(slices, rows, kept))
                self._excluded.add(hidden)
                self.problems += hidden
            slices = slices.assign(reason=self._excluded.reasons(slices))
            listing = _listing(slices, rows, per_patient=self._per_patient)
            yield _inventory(files, listing, self._excluded.files), listing


def index_dataset(
    folder: str | Path,
    reader: Reader,
    catalogue: Catalogue,
    *,
    on_problem: str,
    labels: Path | None = None,
    threads: int = 1,
) -> Index:
    """Account for every file and slice of a dataset and find what would make a label wrong.

    Memory holds the pixels of one patient and the rows of a few at a time.

    Parameters
    ----------
    folder
        The dataset's root.
    reader
        Its format, from `readers.reader_for`.
    catalogue
        An empty one, from `catalogue.open_catalogue`; it stays in use.
    on_problem
        ``error`` raises with all problems at once; ``exclude`` leaves out what is affected: the
        slice, the row, or the patient where the problem is the patient's.
    labels
        The label table, where one is chosen.
    threads
        How many slices are decoded at a time.

    Raises
    ------
    InputError
        If there are no slices, or on problems as told above.
    """
    if on_problem not in ("error", "exclude"):
        raise InputError(f"dataset.on_problem is {on_problem!r}; choose error or exclude.")
    scan = reader.scan(folder, labels)
    catalogue.add_files(scan.files)
    if not catalogue.n_slices() and not scan.problems:
        counts = catalogue.kinds()
        kinds = ", ".join(f"{n} {kind}" for kind, n in counts.items())
        raise InputError(
            f"{folder} holds no brain slices among its {sum(counts.values())} files "
            f"({kinds or 'none'}). Looked for {reader.LOOKED_FOR}."
        )
    problems = list(scan.problems)
    told = {patient_key(found["patient_id"]) for found in problems}
    catalogue.add_labels(_of_slices(scan.labels, catalogue, problems))
    problems += contradictions.in_patients(catalogue.folders())
    parts = ((catalogue.slices(part), catalogue.labels(part)) for part in catalogue.parts())
    in_slices, in_images, in_rows = [], [], []
    with ThreadPoolExecutor(threads) as pool:
        for slices, rows in progress(
            parts, total=catalogue.n_slices(), unit="slices", weigh=lambda part: len(part[0])
        ):
            seen = slices.assign(**_looked_at(folder, slices, reader, pool))
            catalogue.set_digests(seen)
            per_patient = scan.per_patient
            in_slices += contradictions.in_slices(slices, rows, per_patient=per_patient)
            in_images += contradictions.in_images(seen, folder)
            in_rows += contradictions.in_rows(rows, slices, per_patient=per_patient, told=told)
    # One kind after the other, wherever a part ends.
    problems += in_slices + in_images
    problems += contradictions.in_pixels(catalogue.shared())
    problems += in_rows
    problems += in_checksums(folder, catalogue, threads=threads)
    if on_problem == "error":
        lines = [in_words(found) for found in problems]
        fail_on(lines, title=f"The dataset {folder} contradicts itself", cure=_CURE)
    return Index(catalogue, problems, per_patient=scan.per_patient)


def _of_slices(
    rows: Iterable[Sequence[Any]], catalogue: Catalogue, problems: list[dict[str, Any]]
) -> Iterator[Sequence[Any]]:
    """Give label rows that name images by patient and slice instead.

    Those of images that are there but left out are dropped. One problem is added for all whose
    image is not there.
    """
    strangers, first = 0, {}
    for row in rows:
        named = dict(zip(LABELS, row, strict=True))
        if not (name := named["image"]):
            yield row
            continue
        paths = catalogue.called(name) or catalogue.called(without_suffix(name))
        if len(paths) > 1:
            raise InputError(
                f"{named['path']}, row {named['row']}, names {name!r}, but {len(paths)} files are "
                "called so: write their paths, or label by patient and slice."
            )
        if not paths:
            strangers, first = strangers + 1, first or named
        elif slice_ := catalogue.slice_of(paths[0]):
            named["patient_id"], named["slice_number"] = slice_
            yield tuple(named.values())
    if strangers:
        detail = first["image"] + (f" and {strangers - 1} rows more" if strangers > 1 else "")
        problems.append(problem("no-slice", ROW, first["path"], row=first["row"], detail=detail))


class _Excluded:
    """What problems exclude: codes by patient, slice and file, of each the first."""

    def __init__(self, problems: Iterable[dict[str, Any]]) -> None:
        self.files: dict[str, str] = {}
        self._patients: dict[str, str] = {}
        self._slices: dict[tuple[str, int], str] = {}
        self.add(problems)

    def add(self, problems: Iterable[dict[str, Any]]) -> None:
        for found in problems:
            key, code = patient_key(found["patient_id"]), found["problem"]
            self.files.setdefault(found["path"], code)
            if found["action"] == PATIENT:
                self._patients.setdefault(key, code)
            elif found["action"] == SLICE:
                self._slices.setdefault((key, found["slice_number"]), code)

    def reasons(self, slices: pd.DataFrame) -> pd.Series:
        """Give each slice the code that excludes it, its own first, or an empty text."""
        reasons = [
            self._slices.get(slice_) or self._patients.get(slice_[0], "")
            for slice_ in zip(slices["key"], slices["slice_number"], strict=True)
        ]
        return pd.Series(reasons, slices.index, dtype="str")


def _looked_at(
    folder: str | Path, slices: pd.DataFrame, reader: Reader, pool: ThreadPoolExecutor
) -> dict[str, list[Any]]:
    """Decode every slice, a patient at a time: its shape, or what is wrong, and its digest."""

    def look(sequence: Any, place: int) -> tuple[tuple[int, ...] | str, str]:
        try:
            pixels = sequence(place)
        except InputError as error:
            return str(error), ""
        flat = np.ascontiguousarray(pixels)
        # 128 bits: no two different slices ever share them. A blank slice is nobody's.
        digest = blake2b(flat.tobytes() + str(flat.shape).encode(), digest_size=16).hexdigest()
        return pixels.shape, "" if (flat == flat.flat[0]).all() else digest

    seen = []
    for _, own in slices.groupby("patient_id", sort=False):
        try:
            sequence = reader.open_sequence(folder, own)
        except InputError as error:
            seen += [(str(error), "")] * len(own)
        else:
            seen += pool.map(lambda place, of=sequence: look(of, place), range(len(own)))
    return {"shape": [shape for shape, _ in seen], "digest": [digest for _, digest in seen]}


def _listing(slices: pd.DataFrame, rows: pd.DataFrame, *, per_patient: bool) -> pd.DataFrame:
    """Join the slices with their labels; a slice without a single valid row is not kept."""
    own = rows.drop_duplicates("key" if per_patient else ["key", "slice_number"])
    # Subtypes that are told decide; a table without them says it in one column.
    known = own[list(SUBTYPES)].max(axis=1)
    own = own.assign(hemorrhage=known.fillna(own["hemorrhage"]))
    if per_patient:
        of_patient = own.set_index("key")["hemorrhage"].reindex(slices["key"]).to_numpy()
        empty = pd.array([pd.NA] * len(slices), dtype="Int64")
        slices = slices.assign(**dict.fromkeys(FLAGS, empty), patient_hemorrhage=of_patient)
    else:
        slices = slices.merge(own[["key", "slice_number", *FLAGS]], "left", ["key", "slice_number"])
        slices["patient_hemorrhage"] = pd.NA
    told = slices["patient_hemorrhage" if per_patient else "hemorrhage"].notna()
    if not (told | (slices["reason"] != "")).all():
        raise RuntimeError("a slice is kept without a label")
    slices["kept"] = (slices["reason"] == "").astype("int64")
    return typed(slices, LISTING)


def _inventory(files: pd.DataFrame, listing: pd.DataFrame, of_file: dict[str, str]) -> pd.DataFrame:
    """Give each file its reason: its own, or that of its slices if none is kept."""
    kept = listing.groupby("path")["kept"].max()
    first = listing.drop_duplicates("path").set_index("path")["reason"]
    reasons = [
        reason or ("" if kept.get(path) else first.get(path) or of_file.get(path, "no-slices"))
        for path, reason in zip(files["path"], files["reason"], strict=True)
    ]
    files = files.assign(reason=pd.Series(reasons, files.index, dtype="str"))
    return typed(files.assign(kept=(files["reason"] == "").astype("int64")), INVENTORY)
