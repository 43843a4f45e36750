"""Synthetic head CTs in the layout of CT-ICH's JPG release, quirks and masks included.

They are read by the same reader as the real data, so the demonstration and the tests go the way
that a study goes. What makes a case hard is what makes real ones hard. Four bleeds in ten are
nearly as grey as the cortex, and some show in one or two small slices only. A thin crescent under
the skull looks like the bright rim that beam hardening leaves there, layered blood like the
calcified choroid plexus beside it; the venous sinuses, falx and tentorium are as dense as blood,
and so are the oblique cuts of skull base and vertex. Patients with and without hemorrhage share
all of this, as well as atrophy, noise, motion, the way they lie and a scanner some HU off.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from ctseq.datasets.anatomy import Head, draw_head, draw_slice
from ctseq.datasets.bleeds import draw_bleeds, paint_bleeds
from ctseq.errors import InputError
from ctseq.tables import SUBTYPES

# Level and width of the two windows, HU (PhysioNet's description of the dataset).
_WINDOWS = {"brain": (40.0, 120.0), "bone": (700.0, 3200.0)}
_FIRST_PATIENT = 49
# Width and height of the real slices, pixels, for which the noise is that of a scanner.
_FULL_SIZE = 650
# The dataset and the paper spell masks differently; here they take turns.
_MASK_NAMES = ("{}_HGE_Seg.jpg", "{}_HSE_Seg.jpg", "{}_hge_seg.JPG", "{}_Hge_Seg.jpeg")
# Just above the skull base, and just below where a slice shows bone alone.
_LOWEST, _HIGHEST = 0.02, 0.93
# So high that the real data's edges and noise survive as they do there.
_JPEG_QUALITY = 95
# A bleed may fall where there is no room for it; with this many tries one has always shown.
_TRIES = 50


@dataclass(frozen=True)
class _Patient:
    patient_id: str
    positive: bool
    n_slices: int
    age_years: int
    sex: str
    fracture: bool
    moved: frozenset[int]
    head: Head
    noise: np.random.SeedSequence
    bleeding: np.random.SeedSequence


def write_phantom(
    folder: str | Path,
    *,
    patients: int,
    positive: int,
    image_size: int,
    slices: tuple[int, int] = (19, 40),
    seed: int,
) -> None:
    """Write a dataset; the same arguments give the same bytes.

    A patient's anatomy depends on the seed and its own number alone, so that more patients are
    more of the same; which of them bleed depends on how many shall.

    Parameters
    ----------
    folder
        Where to write; made if missing.
    patients, positive
        How many patients, and how many of them have a hemorrhage.
    image_size
        Width and height of a slice, pixels; 32 or more.
    slices
        Fewest and most slices a patient.
    seed
        Of all random choices, 0 or more.

    Raises
    ------
    InputError
        If an argument is out of range.
    """
    _check(patients, positive, image_size, slices, seed)
    folder = Path(folder)
    sources = [np.random.SeedSequence([seed, index]).spawn(3) for index in range(patients)]
    people = [np.random.default_rng(source[0]) for source in sources]
    ranks = np.argsort(np.argsort([person.random() for person in people]))
    rows, demographics = [], []
    for index, (person, source) in enumerate(zip(people, sources, strict=True)):
        patient = _draw_patient(index, person, ranks[index] < positive, slices, source)
        found = _write_patient(folder, index, patient, image_size)
        rows += _diagnosis(patient, found)
        demographics.append(_demographics(patient, found))
    names = ("Intraventricular", "Intraparenchymal", "Subarachnoid", "Epidural", "Subdural")
    header = ("PatientNumber", "SliceNumber", *names, "No_Hemorrhage", "Fracture_Yes_No")
    _write_csv(folder / "hemorrhage_diagnosis.csv", [header, *rows])
    header = ("Patient Number", "Age\n(years)", "Gender", *names, "Fracture (yes 1/no 0)", "Note")
    _write_csv(folder / "patient_demographics.csv", [header, *demographics])
    # What unzipping on a Mac leaves behind; no part of the layout.
    (folder / "Patients_CT/.DS_Store").write_bytes(b"\0\0\0\1Bud1\0")
    # The real patient 84 lacks one bone image; here the first does.
    (folder / f"Patients_CT/{_FIRST_PATIENT:03d}/bone/1.jpg").unlink()


def draw_sequence(
    rng: np.random.Generator, *, slices: int, image_size: int, bleeding: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Draw one patient in the brain window, without writing anything.

    Returns
    -------
    grey : ndarray
        uint8, shape (slices, image_size, image_size).
    blood : ndarray
        bool, the same shape; with `bleeding` it can still be empty where a bleed has no room.
    """
    head = draw_head(rng)
    heights = np.linspace(_LOWEST, _HIGHEST, slices + 2)[1:-1]
    bleeds = draw_bleeds(rng, heights) if bleeding else []
    grey = np.zeros((slices, image_size, image_size), np.uint8)
    blood = np.zeros(grey.shape, bool)
    for number, height in enumerate(heights):
        drawn = draw_slice(head, height, image_size)
        for mask in paint_bleeds(bleeds, number, drawn).values():
            blood[number] |= mask
        hu = _scan(drawn.hu, _noise(head, image_size), False, rng)
        grey[number] = np.round(_windowed(hu, *_WINDOWS["brain"]))
    return grey, blood


def _check(patients: int, positive: int, image_size: int, slices: Sequence[int], seed: int) -> None:
    wrong = {
        f"patients is {patients}; at least 1": patients < 1,
        f"positive is {positive}; 0 to {patients}, the patients": not 0 <= positive <= patients,
        f"image_size is {image_size} px; at least 32": image_size < 32,
        f"slices is {slices}; fewest and most, from 1": not 1 <= slices[0] <= slices[1],
        f"seed is {seed}; 0 or more": seed < 0,
    }
    found = [message for message, is_wrong in wrong.items() if is_wrong]
    if found:
        raise InputError(f"dataset.phantom cannot be drawn: {'; '.join(found)}.")


def _draw_patient(
    index: int,
    person: np.random.Generator,
    positive: bool,
    slices: tuple[int, int],
    source: Sequence[np.random.SeedSequence],
) -> _Patient:
    head = draw_head(person)
    # A beta with its middle at half the range, as the real counts have.
    n_slices = slices[0] + round(person.beta(2.5, 2.5) * (slices[1] - slices[0]))
    moved = person.integers(n_slices, size=3) if person.random() < 0.25 else ()
    return _Patient(
        patient_id=f"{_FIRST_PATIENT + index:03d}",
        positive=bool(positive),
        n_slices=n_slices,
        age_years=max(1, round(18 + 58 * head.atrophy + person.normal(0, 6))),
        sex="MF"[person.integers(2)],
        fracture=person.random() < 0.25,
        moved=frozenset(int(number) for number in moved),
        head=head,
        noise=source[1],
        bleeding=source[2],
    )


def _write_patient(folder: Path, index: int, patient: _Patient, size: int) -> list[frozenset[str]]:
    """Write a patient's images; give the subtypes that each slice shows."""
    home = folder / f"Patients_CT/{patient.patient_id}"
    heights = np.linspace(_LOWEST, _HIGHEST, patient.n_slices + 2)[1:-1]
    rng = np.random.default_rng(patient.bleeding)
    bleeds, masks = [], [{}] * patient.n_slices
    for _ in range(_TRIES if patient.positive else 0):
        bleeds = draw_bleeds(rng, heights)
        middles = {round(bleed.middle) for bleed in bleeds} & set(range(patient.n_slices))
        if any(
            paint_bleeds(bleeds, number, draw_slice(patient.head, heights[number], size))
            for number in middles
        ):
            break
    for name in _WINDOWS:
        (home / name).mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(patient.noise)
    mask_name = _MASK_NAMES[index % len(_MASK_NAMES)]
    for number, height in enumerate(heights):
        drawn = draw_slice(patient.head, height, size)
        masks[number] = paint_bleeds(bleeds, number, drawn)
        hu = _scan(drawn.hu, _noise(patient.head, size), number in patient.moved, noise)
        for name, (level, width) in _WINDOWS.items():
            _write_jpeg(_windowed(hu, level, width), home / f"{name}/{number + 1}.jpg")
        if masks[number]:
            mask = np.logical_or.reduce(list(masks[number].values())) * 255.0
            _write_jpeg(mask, home / "brain" / mask_name.format(number + 1))
    return [frozenset(found) for found in masks]


def _noise(head: Head, size: int) -> float:
    """Give the noise in HU: larger pixels average more of the scanner's away."""
    return head.noise * min(1.0, size / _FULL_SIZE) ** 0.5


def _windowed(hu: np.ndarray, level: float, width: float) -> np.ndarray:
    return np.clip((hu - level) / width + 0.5, 0, 1) * 255


def _scan(hu: np.ndarray, sd: float, moved: bool, rng: np.random.Generator) -> np.ndarray:
    """Add what the scanner adds: the ghost of a patient who moved, and noise of `sd` HU."""
    if moved:
        step = max(2, round(0.02 * len(hu)))
        hu = 0.7 * hu + 0.3 * np.roll(hu, step, axis=1)
    noise = rng.standard_normal(hu.shape, dtype=np.float32)
    # Neighbouring pixels share noise, as filtered back projection makes them.
    noise = (noise + np.roll(noise, 1, 0) + np.roll(noise, 1, 1)) * (sd / 3**0.5)
    return hu + noise


def _write_jpeg(grey: np.ndarray, path: Path) -> None:
    Image.fromarray(np.round(grey).astype(np.uint8)).save(
        path, format="JPEG", quality=_JPEG_QUALITY
    )


def _diagnosis(patient: _Patient, found: list[frozenset[str]]) -> list[tuple[int, ...]]:
    number = int(patient.patient_id)
    return [
        (
            *(number, index),
            *(int(name in shown) for name in SUBTYPES),
            int(not shown),
            int(patient.fracture),
        )
        for index, shown in enumerate(found, start=1)
    ]


def _demographics(patient: _Patient, found: list[frozenset[str]]) -> tuple[object, ...]:
    ever = frozenset().union(*found)
    gender = {"M": "Male", "F": "Female"}[patient.sex]
    flags = ("1" if name in ever else "" for name in SUBTYPES)
    note = "" if ever else "Normal CT"
    return (
        *(int(patient.patient_id), patient.age_years, gender, *flags),
        *(int(patient.fracture) or "", note),
    )


def _write_csv(path: Path, rows: Sequence[Sequence[object]]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    path.write_bytes(text.getvalue().encode("utf-8-sig"))
