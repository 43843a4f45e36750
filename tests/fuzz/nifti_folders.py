"""Folders of NIfTI volumes in the layout of CT-ICH's release 1.3.1."""

import gzip
import struct
from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from fuzz.dicom_trees import SHAPES, pick, positives
from fuzz.label_mistakes import missing_row, note_row, two_rows
from fuzz.tables import SUBTYPES
from fuzz.tables import Row as LabelRow
from fuzz.written import (
    DOUBTFUL,
    HARMLESS,
    PROBLEM,
    SOUND,
    SPOILED,
    Entry,
    Scan,
    Slice,
    Written,
    head,
)

_TITLES = ("PatientNumber", "SliceNumber", "Intraventricular", "Intraparenchymal", "Subarachnoid")
_TITLES += ("Epidural", "Subdural", "No_Hemorrhage", "Fracture_Yes_No")
_ORDER = ("intraventricular", "intraparenchymal", "subarachnoid", "epidural", "subdural")
_CODES = {"int16": 4, "uint16": 512, "float32": 16, "int32": 8}
_RIGHT_FRONT_UP = np.diag([0.5, 0.5, 5.0, 1.0])


def nifti_folder(draw, *, odd=True):
    """Draw a folder of volumes with its own label table; `odd` if one volume may be."""
    shape = pick(draw, SHAPES)
    n_patients = draw(st.integers(2, 4))
    ids = draw(st.permutations((49, 50, 7, 66, 130, 100)))[:n_patients]
    written = Written("ct-ich-nifti", (), (), traits=("NIfTI",))
    suffix = pick(draw, (".nii", ".nii", ".nii.gz", ".NII"))
    folder = pick(draw, ("ct_scans", "ct_scans", "CT_Scans"))
    which = draw(st.integers(0, n_patients - 1)) if odd else None
    for patient, number in enumerate(ids):
        n_slices = draw(st.integers(3, 6))
        flags = positives(draw, n_slices, patient == 0 or (patient > 1 and draw(st.booleans())))
        slices = tuple(Slice(patient, 0, 0, rank, flag) for rank, flag in enumerate(flags))
        path = f"{folder}/{number:03d}{suffix}"
        written = replace(written, scans=(*written.scans, Scan(slices, str(number))))
        trait = draw(st.sampled_from(sorted(_VOLUMES))) if patient == which else "plain"
        written = _with_volume(written, patient, path, shape, trait)
        if draw(st.booleans()):
            mask = _volume(np.zeros((*shape[::-1], n_slices)), _RIGHT_FRONT_UP, "int16")
            entry = Entry(f"masks/{number:03d}.nii", mask)
            written = replace(written, entries=(*written.entries, entry))
    return with_diagnosis(draw, written, "hemorrhage_diagnosis_raw_ct.csv", odd=odd)


def _with_volume(written, index, path, shape, trait):
    """Return the dataset with one scan's volume."""
    how = _VOLUMES[trait]
    scan = written.scans[index]
    hu = np.stack([head(shape, one) for one in scan.slices], axis=-1)
    data, affine = hu.transpose(1, 0, 2)[::-1, ::-1], _RIGHT_FRONT_UP.copy()
    for axis in how.get("flipped", ()):
        data, affine[axis, axis] = np.flip(data, axis), -affine[axis, axis]
    data = data * how.get("times", 1) + how.get("added", 0)
    options = {key: how[key] for key in ("kind", "scale", "dimensions", "told") if key in how}
    content = _volume(data, how.get("affine", lambda a: a)(affine), **options)
    if how.get("cut"):
        content = content[: -how["cut"]]
    if path.endswith(".gz"):
        content = gzip.compress(content, 1)
    state = how.get("state", SOUND)
    entry = Entry(path, content, scan.slices, tuple(head(shape, one) for one in scan.slices))
    count = len(scan.slices)
    down = 2 in how.get("flipped", ())
    numbers = {one: count - one.rank if down else one.rank + 1 for one in scan.slices}
    written = replace(
        written, entries=(*written.entries, entry), numbers=written.numbers | numbers
    ).with_scan(index, state=state)
    if how.get("twin"):
        twin = path.removesuffix(".gz") if path.endswith(".gz") else f"{path}.gz"
        again = gzip.compress(content, 1) if twin.endswith(".gz") else gzip.decompress(content)
        written = replace(written, entries=(*written.entries, replace(entry, path=twin,
                                                                      content=again)))  # fmt: skip
    return written if trait == "plain" else written.with_trait(trait, how.get("is", HARMLESS))


def _tilted(affine):
    turn = np.eye(4)
    turn[1:3, 1:3] = [[np.cos(0.3), -np.sin(0.3)], [np.sin(0.3), np.cos(0.3)]]
    return turn @ affine


_SPOILED = {"state": SPOILED, "is": PROBLEM}
_VOLUMES = {
    "plain": {},
    "left and back": {"flipped": (0, 1)},
    "left": {"flipped": (0,)},
    "numbered from the top": {"flipped": (2,)},
    "tilted": {"affine": _tilted},
    "float32": {"kind": "float32"},
    "int32": {"kind": "int32"},
    "scaled": {"scale": (0.5, -1024)},
    "scale of 0": {"scale": (0, 0)},
    "four dimensions": {"dimensions": 4},
    "two files": {"twin": True, "is": PROBLEM},
    "1024 added": {"kind": "uint16", "added": 1024} | _SPOILED,
    "0 to 1": {"kind": "float32", "times": 0.0005, "added": 0.5} | _SPOILED,
    "no orientation": {"told": "neither"} | _SPOILED,
    "qform against sform": {"told": "both"} | _SPOILED,
    "cut short": {"cut": 300, "state": DOUBTFUL, "is": PROBLEM},
}


def _volume(data, affine, kind="int16", scale=(1, 0), dimensions=3, told="sform"):
    """Return the bytes of a NIfTI-1 file; `told` is what of sform and qform it has.

    If both, the qform is turned by 180 degrees against the sform.
    """
    slope, intercept = scale
    stored = (data - intercept) / slope if slope else data
    stored = np.asarray(stored if kind == "float32" else np.round(stored)).astype(kind)
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    header = bytearray(352)
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into("<8h", header, 40, dimensions, *data.shape, 1, 1, 1, 1)
    struct.pack_into("<hh", header, 70, _CODES[kind], 8 * stored.itemsize)
    struct.pack_into("<8f", header, 76, 1, *spacing, 1, 1, 1, 1)
    struct.pack_into("<3f", header, 108, 352, slope, intercept)
    struct.pack_into("<hh", header, 252, int(told == "both"), int(told != "neither"))
    struct.pack_into("<3f", header, 256, 0, 0, 1)
    struct.pack_into("<12f", header, 280, *affine[:3].ravel())
    header[344:348] = b"n+1\0"
    return bytes(header) + stored.tobytes(order="F")


def with_diagnosis(draw, written, name, *, odd):
    """Return the folder with the release's table, and perhaps a mistake in it."""
    rows = [
        LabelRow((scan.name, str(written.numbers[one])), one.positive, (index,), (one,))
        for index, scan in enumerate(written.scans)
        for one in scan.slices
    ]
    mistake = pick(draw, (None, None, None, missing_row, note_row, two_rows)) if odd else None
    more = []
    if mistake:
        written, rows, more = mistake(draw, written, rows, "slice")
    own = pick(draw, SUBTYPES)
    lines = [[*row.names, *(str(int(row.positive and name == own)) for name in _ORDER),
              str(int(not row.positive)), "0"] for row in draw(st.permutations(rows))]  # fmt: skip
    text = "\r\n".join(",".join(line) for line in [_TITLES, *lines, *more]) + "\r\n"
    table = Entry(name, b"\xef\xbb\xbf" + text.encode())
    return replace(written, entries=(*written.entries, table))
