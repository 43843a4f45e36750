"""Reader of CT-ICH's JPG releases (PhysioNet, 1.0.0 to 1.2.0).

``Patients_CT/049/brain/1.jpg``, ``bone/1.jpg`` and masks ``brain/14_HGE_Seg.jpg``, with two tables
beside them. The releases spell names in several ways, so letter case never matters here, and
folders and tables are matched by number: ``049`` is the table's patient 49.
"""

import csv
import io
import os
import re
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from ctseq.errors import InputError
from ctseq.tables import SUBTYPES

LOOKED_FOR = "a folder Patients_CT with brain/*.jpg for each patient"

_DIAGNOSIS = "hemorrhage_diagnosis.csv"
_DEMOGRAPHICS = "patient_demographics.csv"
_TABLES = (_DIAGNOSIS, _DEMOGRAPHICS)
_IMAGE = re.compile(
    r"Patients_CT/(?P<patient>[0-9]{1,9})/(?P<window>brain|bone)/"
    r"(?P<slice>[0-9]{1,9})(?P<mask>_H[GS]E_Seg)?\.jpe?g",
    re.IGNORECASE,
)
# One year is 365.25 days; the youngest patients' ages may carry a unit.
_YEARS = {"d": 1 / 365.25, "w": 7 / 365.25, "m": 1 / 12, "y": 1.0, "": 1.0}
_AGE = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)\s*(?:([dwmy])[a-z]*\.?)?", re.IGNORECASE)


def recognises(folder: str | Path) -> bool:
    """Whether `folder` holds a folder ``Patients_CT``, in any letter case."""
    try:
        return any(
            path.name.casefold() == "patients_ct" and path.is_dir()
            for path in Path(folder).iterdir()
        )
    except OSError:
        return False


def list_files(folder: str | Path) -> pd.DataFrame:
    """Name every file under the dataset's folder exactly once.

    Linked folders are followed, but none is entered twice, so a loop of links ends.

    Parameters
    ----------
    folder
        The dataset's root.

    Returns
    -------
    DataFrame
        path (relative, with ``/``), kind (``brain``, ``bone``, ``mask``, ``table`` or
        ``other``), patient_id (the folder's spelling; empty outside of the layout) and
        slice_number (Int64), ordered by patient and slice as numbers, then by path.
    """
    rows = [_described(path) for path in _walk(Path(folder))]
    order = sorted(
        rows, key=lambda row: (int(row[2] or -1), -1 if row[3] is None else row[3], row[1], row[0])
    )
    kinds = {"path": "str", "kind": "str", "patient_id": "str", "slice_number": "Int64"}
    return pd.DataFrame(order, columns=list(kinds)).astype(kinds)


def read_diagnosis(folder: str | Path) -> pd.DataFrame:
    """Read the slice labels as they stand; what contradicts itself is for the caller to judge.

    Parameters
    ----------
    folder
        The dataset's root.

    Returns
    -------
    DataFrame
        path (the table's), row (as a spreadsheet counts), patient_id (as the table writes it),
        slice_number (Int64, NA if it is no whole number), the five subtypes (Int64: 0, 1, NA if
        neither; a blank is 0), no_hemorrhage (the same, but a blank is NA: nothing is claimed)
        and invalid (the cells that are wrong, in words).

    Raises
    ------
    InputError
        If the table is missing or lacks a column.
    """
    path = _table(Path(folder), _DIAGNOSIS)
    if path is None:
        raise InputError(
            f"{folder} has no {_DIAGNOSIS}, so its slices have no labels. "
            "Copy the table of the dataset's release beside Patients_CT."
        )
    header, rows = _read_cells(path)
    wanted = ("patientnumber", "slicenumber", *SUBTYPES, "nohemorrhage")
    missing = [name for name in wanted if name not in header]
    if missing:
        raise InputError(
            f"{path} lacks the column {', '.join(missing)}; it has {', '.join(header)}."
        )
    at = {name: header.index(name) for name in wanted}
    records = []
    for number, cells in rows:
        flags = {name: _flag(cells[at[name]]) for name in SUBTYPES}
        flags["no_hemorrhage"] = _flag(cells[at["nohemorrhage"]], blank=pd.NA)
        invalid = [
            f"{name} is {cells[at[name.replace('_', '')]]!r}"
            for name, flag in flags.items()
            if flag is pd.NA and cells[at[name.replace("_", "")]]
        ]
        records.append(
            {
                "path": path.name,
                "row": number,
                "patient_id": _whole_text(cells[at["patientnumber"]]),
                "slice_number": _whole(cells[at["slicenumber"]]),
                **flags,
                "invalid": ", ".join(invalid),
            }
        )
    numbers = ("slice_number", *SUBTYPES, "no_hemorrhage")
    columns = ["path", "row", "patient_id", *numbers, "invalid"]
    kinds = dict.fromkeys(("path", "patient_id", "invalid"), "str")
    kinds |= dict.fromkeys(numbers, "Int64") | {"row": "int64"}
    return pd.DataFrame(records, columns=columns).astype(kinds)


def read_demographics(folder: str | Path) -> pd.DataFrame:
    """Read the patients' ages and sexes; the table may be absent.

    Parameters
    ----------
    folder
        The dataset's root.

    Returns
    -------
    DataFrame
        patient_id (as the table writes it), age_years (NaN if it is not told) and sex (``M``,
        ``F`` or empty). Rows without a patient number, such as notes below the table, are
        left out.

    Raises
    ------
    InputError
        If the table is there but lacks the patient, age or sex column.
    """
    path = _table(Path(folder), _DEMOGRAPHICS)
    if path is None:
        empty = {"patient_id": "str", "age_years": "float64", "sex": "str"}
        return pd.DataFrame(columns=list(empty)).astype(empty)
    header, rows = _read_cells(path)
    starts = {"patient": ("patient",), "age": ("age",), "sex": ("gender", "sex")}
    at = {}
    for name, prefixes in starts.items():
        fitting = [i for i, title in enumerate(header) if title.startswith(prefixes)]
        if not fitting:
            raise InputError(
                f"{path} has no {name} column (one that starts with {' or '.join(prefixes)}); "
                f"it has {', '.join(header)}. Mend or remove the file; it is optional."
            )
        at[name] = fitting[0]
    people = [
        (_whole_text(cells[at["patient"]]), _age(cells[at["age"]]), _sex(cells[at["sex"]]))
        for _, cells in rows
        if _whole(cells[at["patient"]]) is not pd.NA
    ]
    frame = pd.DataFrame(people, columns=["patient_id", "age_years", "sex"])
    return frame.astype({"patient_id": "str", "age_years": "float64", "sex": "str"})


def read_slice(path: str | Path) -> np.ndarray:
    """Decode one slice.

    Parameters
    ----------
    path
        A greyscale image. One stored in colour is accepted: where its channels agree, one of
        them is the slice; else their luminance is.

    Returns
    -------
    ndarray
        uint8, (H, W).

    Raises
    ------
    InputError
        If the file is empty, cut short or no image.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's remarks on odd metadata
            with Image.open(path) as image:
                if image.mode == "L":
                    return np.asarray(image, dtype=np.uint8)
                colour = image.convert("RGB")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        size = Path(path).stat().st_size if Path(path).exists() else None
        state = {None: "it does not exist", 0: "it is empty"}.get(size, str(error))
        raise InputError(f"{path} cannot be read as an image: {state}.") from None
    pixels = np.asarray(colour)
    if (pixels == pixels[..., :1]).all():
        return np.ascontiguousarray(pixels[..., 0])
    return np.asarray(colour.convert("L"))


def _described(path: str) -> tuple[str, str, str, int | None]:
    match = _IMAGE.fullmatch(path)
    if match is None:
        kind = "table" if path.casefold() in _TABLES else "other"
        return path, kind, "", None
    kind = match["window"].casefold()
    if match["mask"]:
        # Masks are drawn on the brain window only; elsewhere the name means nothing.
        kind = "mask" if kind == "brain" else "other"
    return path, kind, match["patient"], int(match["slice"])


def _walk(root: Path) -> list[str]:
    """List the files below `root`, relative to it."""
    real_root = os.path.realpath(root)
    entered, files, waiting = set(), [], [root]
    # Real folders first: a link to a folder inside the dataset must not lend it another name.
    while waiting:
        start = waiting.pop(0)
        real = os.path.realpath(start)
        above = start != root and f"{real_root}/".startswith(f"{real.rstrip('/')}/")
        if real in entered or above:
            continue
        for parent, folders, names in os.walk(start, onerror=_closed):
            here = Path(parent)
            entered.add(os.path.realpath(here))
            links = sorted(name for name in folders if (here / name).is_symlink())
            waiting += [here / name for name in links]
            folders[:] = sorted(f for f in folders if os.path.realpath(here / f) not in entered)
            files += [here / name for name in names]
    return sorted(file.relative_to(root).as_posix() for file in files)


def _closed(error: OSError) -> None:
    raise InputError(f"{error.filename} cannot be listed: {error.strerror}. Mend its permissions.")


def _table(folder: Path, name: str) -> Path | None:
    found = sorted(path for path in folder.iterdir() if path.name.casefold() == name)
    if len(found) > 1:
        raise InputError(
            f"{folder} has {' and '.join(path.name for path in found)}: keep only the right one."
        )
    return found[0] if found else None


def _read_cells(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """Read a CSV: its header folded to bare letters, and its filled rows with their numbers."""
    # Only notes hold more than ASCII, and nobody reads them here.
    text = path.read_bytes().decode("utf-8-sig", errors="replace")
    rows = [
        (number, [cell.strip() for cell in cells])
        for number, cells in enumerate(csv.reader(io.StringIO(text, newline="")), start=1)
    ]
    filled = [(number, cells) for number, cells in rows if any(cells)]
    if not filled:
        raise InputError(f"{path} is empty. Copy it again from the dataset's release.")
    header = [re.sub(r"[\W_]+", "", title.casefold()) for title in filled[0][1]]
    short = [(number, cells + [""] * (len(header) - len(cells))) for number, cells in filled[1:]]
    return header, short


def _whole(cell: str) -> int | pd.api.typing.NAType:
    """Read a whole number; spreadsheets may write 49 as ``49.0``."""
    return int(match[1]) if (match := re.fullmatch(r"([0-9]{1,9})(\.0*)?", cell)) else pd.NA


def _whole_text(cell: str) -> str:
    return re.sub(r"\.0*$", "", cell)


def _flag(cell: str, blank: int | pd.api.typing.NAType = 0) -> int | pd.api.typing.NAType:
    if not cell:
        return blank
    number = _whole(cell)
    return number if number is not pd.NA and number in (0, 1) else pd.NA


def _age(cell: str) -> float:
    match = _AGE.fullmatch(cell)
    return float(match[1]) * _YEARS[(match[2] or "").lower()] if match else float("nan")


def _sex(cell: str) -> str:
    letter = cell[:1].upper()
    return letter if letter in ("M", "F") else ""
