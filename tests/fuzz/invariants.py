"""What must hold of every dataset: in its tables, its pixels, and the message if it is refused."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ctseq.core.errors import InputError
from ctseq.imaging.windows import parse_windows
from ctseq.intake import tables
from ctseq.intake.demographics import read_demographics
from ctseq.intake.index import Index, index_dataset
from ctseq.intake.selection import select_slices
from ctseq.readers.problems import NEVER_OPENED, REASONS
from ctseq.readers.registry import reader_of, recognise
from fuzz.dicom_trees import key_of
from fuzz.written import HARMLESS, MOST_OUTSIDE_HU, PROBLEM, REFUSABLE, SOUND, SPOILED, Written

KEY = "datasets.ours"
# A message that fills more than a screen is not read to its cure.
_MOST_LINES = 60
_TYPES = re.compile(
    r"\b[A-Z]\w*(Error|Exception|Warning)\b|Traceback|<class|\bNoneType\b|0x[0-9a-f]{8}"
)
_PATH_OR_KEY = re.compile(rf"[\w)']\.\w+|/|{re.escape(KEY)}")


@dataclass(frozen=True, eq=False)
class Outcome:
    """What became of a dataset: an index with its scans, or a message."""

    index: Index | None = None
    scans: pd.DataFrame | None = None
    message: str = ""


def outcome_of(written: Written, folder: Path, *, on_problem: str, format: str) -> Outcome:
    """Index and select a dataset as the rules do; anything but an `InputError` is raised."""
    try:
        found, _ = recognise(folder, format, key=KEY)
        assert found == written.format, f"recognised as {found}"
        chosen = Path(written.labels) if written.labels else None
        index = index_dataset(
            *(folder, found),
            on_problem=on_problem,
            labels=chosen,
            columns=written.columns,
            key=KEY,
        )
    except InputError as error:
        return Outcome(message=str(error))
    people = read_demographics(folder)
    try:
        _, scans = select_slices(index.listing, people, index.series)
    except InputError as error:
        return Outcome(index, message=str(error))
    return Outcome(index, scans)


def check(written: Written, folder: Path, outcome: Outcome, *, on_problem: str) -> None:
    """Raise `AssertionError` if something does not hold."""
    if outcome.message:
        check_message(written, outcome.message)
    if outcome.index is None:
        allowed = REFUSABLE if on_problem == "exclude" else PROBLEM
        assert written.severity >= allowed, f"refused with {on_problem}: {outcome.message}"
        return
    index = outcome.index
    check_tables(written, folder, index)
    shown = check_slices(written, folder, index)
    check_scans(written, index, shown)
    check_labels(written, index, outcome, shown)
    if written.severity == HARMLESS:
        assert index.problems.empty, f"problems of what is harmless:\n{index.problems.to_string()}"


def check_message(written, message):
    """Hold that a message names a file or key, no kind of exception and no person."""
    assert not (kind := _TYPES.search(message)), f"{kind[0]!r} in: {message}"
    assert _PATH_OR_KEY.search(message), f"names no file and no key: {message}"
    n_lines = message.count("\n") + 1
    assert n_lines <= _MOST_LINES, f"{n_lines} lines: {message[:300]}"
    check_secrets(written, message)


def check_secrets(written, text):
    """Hold that nothing of a header that tells of a person is told."""
    told = [entry.content for entry in written.entries if entry.path.casefold().endswith(".csv")]
    told += written.told
    for secret in written.secrets:
        known = any(secret.encode() in content for content in told)
        assert known or secret not in text, f"{secret!r} is told: {text[:2000]}"


def check_tables(written, folder, index):
    """Hold that every file is listed once, kept or left out with a reason, and tables are whole."""
    inventory = index.inventory
    for name in ("inventory", "listing", "problems", "series", "masks"):
        table, rows = getattr(tables, name.upper()), getattr(index, name)
        key = list(table.key)
        assert not rows.duplicated(key).any(), f"{name} names a row twice"
        check_secrets(written, rows.to_csv())
    paths = inventory["path"].tolist()
    assert len(set(paths)) == len(paths), "a file is listed twice"
    listed = set(paths)
    for entry in written.entries:
        if entry.link and Path(folder, entry.path).is_dir():
            continue  # what it leads to is listed where it is
        parts = entry.path.split("/")
        above = ("/".join(parts[:n]) for n in range(1, len(parts) + 1))
        assert any(one in listed or f"{one}/" in listed for one in above), f"{entry.path} not seen"
    left = inventory[inventory["kept"] == 0]
    assert left["reason"].isin([*REASONS]).all(), f"no reason: {left.to_string()}"
    with_slices = index.listing.loc[index.listing["kept"] == 1, "path"]
    assert set(inventory.loc[inventory["kept"] == 1, "path"]) == set(with_slices)


def check_slices(written, folder, index):
    """Hold that kept slices have the pixels, order and scan that were written.

    Returns a table of the kept slices with what each shows.
    """
    entries = {entry.path: entry for entry in written.entries}
    spoiled = {(s.patient, s.study) for s in written.scans if s.state == SPOILED}
    reader, kept = reader_of(written.format), index.listing[index.listing["kept"] == 1]
    hounsfield = written.format in ("dicom", "ct-ich-nifti")
    rows = []
    for scan_id, own in kept.groupby("scan_id", sort=False):
        pixels = reader.open_sequence(folder, own)
        windowed = reader.open_sequence(folder, own, parse_windows("brain"))
        shown = []
        for at, slice_ in enumerate(own.itertuples()):
            entry = entries.get(slice_.path)
            assert entry is not None, f"{slice_.path} is kept and was not written"
            scans = {(one.patient, one.study) for one in entry.shows}
            assert entry.usable, f"{slice_.path} is kept"
            assert not scans & spoiled, f"{slice_.path} is kept"
            shown.append(_shown(entry, pixels(at)))
            if hounsfield and at == 0:
                _check_window(pixels(0), windowed(0), slice_.path)
            rows.append((*slice_[1:5], shown[-1]))
        assert len({(s.patient, s.study, s.series) for s in shown}) == 1, f"mixed: {shown}"
        ranks = [one.rank for one in shown]
        assert ranks == sorted(set(ranks)), f"{scan_id} is in the order {ranks}"
    found = pd.DataFrame(rows, columns=["scan_id", "patient_id", "number", "path", "shows"])
    shown = {*found["shows"]}
    for path in found["path"]:
        assert entries[path].beside not in shown, f"{path} is kept beside its copy"
    return found


def _shown(entry, pixels):
    """Return the slice that pixels are, of those that a file shows."""
    assert entry.shows, f"{entry.path} shows no slice"
    for slice_, truth in zip(entry.shows, entry.pixels, strict=True):
        if pixels.shape == truth.shape:
            measured = np.isfinite(truth)
            off = np.abs(pixels.astype(float) - truth)[measured].max()
            if off <= entry.tolerance and (pixels[~measured] <= MOST_OUTSIDE_HU).all():
                return slice_
    truth = entry.pixels[0]
    if pixels.shape != truth.shape:
        raise AssertionError(f"{entry.path} is of shape {pixels.shape}, not {truth.shape}")
    off = np.nanmax(np.abs(pixels.astype(float) - truth))
    raise AssertionError(f"{entry.path} is read as other pixels: off by {off:g}")


def _check_window(hu, grey, path):
    expected = np.clip((hu + 20.0) / 120, 0, 1) * 255
    assert np.abs(grey - expected).max() <= 0.51, f"{path}: the window is not the brain's"


def check_scans(written, index, shown):
    """Hold that no scan is silently lost or shortened, and that patients are told apart."""
    told = {*shown["patient_id"]}
    for patient, own in shown.groupby(shown["shows"].map(lambda one: one.patient)):
        ids = {*own["patient_id"]}
        assert len(ids) == 1, f"patient {patient} is {sorted(ids)}"
        assert ids <= told, f"two patients are {sorted(ids)}"
        told -= ids
    for scan in written.scans:
        mine = [(one.patient, one.study) == (scan.patient, scan.study) for one in shown["shows"]]
        own = shown[np.array(mine, dtype=bool)]
        assert len({*own["scan_id"]}) <= 1, f"{scan.name} is several scans"
        kept = {*own["shows"]}
        lost = {*scan.slices} - kept
        assert kept <= {*scan.slices}, f"{scan.name} keeps what it must not: {kept}"
        if lost:
            assert scan.state != SOUND or lost <= scan.losable, f"{scan.name} lost {lost}"
            assert kept == set() or lost <= scan.losable, f"{scan.name} is shortened by {lost}"
            assert _said(written, index, scan, lost, own), f"{scan.name} lost {lost} silently"
        elif scan.noted:
            assert _note(index, own), f"nothing is said of {scan.name}"


def _note(index, own):
    notes = index.series.set_index("scan_id")["note"]
    return len(own) and notes.get(own["scan_id"].iloc[0], "")


def _bare(name):
    # CQ500's folders lack the hyphens of its table.
    return key_of(name.replace("-", ""))


def _said(written, index, scan, lost, own):
    """Tell whether a problem or a note says that slices are lost, or that a scan is a copy."""
    paths = [entry.path for entry in written.entries if lost & {*entry.shows}]
    mine = {entry.path for entry in written.entries if {*scan.slices} & {*entry.shows}}
    rows = index.inventory[index.inventory["path"].isin(mine)]
    # What no row names and no file shows is no scan that anybody knows of: the inventory lists it.
    if not scan.named and rows["reason"].isin(NEVER_OPENED).all():
        return True
    ids = {*map(_bare, (*rows["scan_id"], *rows["patient_id"], scan.name, scan.uid))} - {""}
    problems = index.problems.assign(
        scan_id=index.problems["scan_id"].map(_bare),
        patient_id=index.problems["patient_id"].map(_bare),
    )
    if len(own):
        of_scan = problems["scan_id"].isin(ids) & problems["slice_number"].notna()
    else:
        of_scan = problems["scan_id"].isin(ids) | problems["patient_id"].isin(ids)
        if (rows["reason"] == "same-scan").any():
            return True
    return bool(_note(index, own)) or (of_scan | problems["path"].isin(paths)).any()


def check_labels(written, index, outcome, shown):
    """Hold that kept slices and scans have the labels that were written."""
    # The folders of a table of patients may turn out to be visits, which are scans.
    of_slices = written.labels_of == "slice"
    assert (index.labels_of == "slice") == of_slices, f"read as labels of {index.labels_of}s"
    kept = index.listing[index.listing["kept"] == 1]
    expected = expected_targets(written)
    if of_slices:
        read = kept["target"].tolist()
        truth = [int(one.positive) for one in shown["shows"]]
        assert read == truth, f"labels {read} of slices that are {truth}:\n{shown.to_string()}"
    scans = shown.drop_duplicates("scan_id")
    truth = {
        row.scan_id: expected[row.shows.patient, row.shows.study] for row in scans.itertuples()
    }
    if outcome.scans is None:
        assert len({*truth.values()}) < 2, f"no scans of both classes: {outcome.message}"
        assert written.severity > HARMLESS, outcome.message
        return
    read = outcome.scans.set_index("scan_id")["target"].to_dict()
    assert read == truth, f"scans {read} that are {truth}"


def expected_targets(written):
    """Return whether each scan is positive by its label table: patient and study to 0 or 1."""
    scans, named = {(scan.patient, scan.study): scan for scan in written.scans}, {}
    for key, scan in scans.items():
        name = scan.name if written.labels_of == "patient" else key
        told = any(one.positive for one in {*scan.slices} - written.unlabelled)
        named[name] = named.get(name, False) or told
    by_name = written.labels_of == "patient"
    return {key: int(named[scan.name if by_name else key]) for key, scan in scans.items()}


def hold(written, format, folder):
    """Write a dataset and hold what must hold of it, with both ways to treat problems."""
    root = folder / "ctseq-fuzz/data"
    shutil.rmtree(root.parent, ignore_errors=True)
    root.mkdir(parents=True)
    written.write(root)
    for on_problem in ("error", "exclude"):
        outcome = outcome_of(written, root, on_problem=on_problem, format=format)
        check(written, root, outcome, on_problem=on_problem)
        if outcome.index is not None:
            break  # without problems, there is nothing to exclude
