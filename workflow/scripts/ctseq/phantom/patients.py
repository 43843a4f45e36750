"""Synthetic patients with head CTs; `layouts` writes them as datasets.

The readers of real data read them, so that the demonstration and the tests run as a study does.
They are hard to read for the same reasons as real scans. Some bleeds are nearly as grey as the
cortex, or show in one or two small slices only. A thin crescent under the skull looks like the
bright rim that beam hardening leaves there, and layered blood like the calcified choroid plexus
beside it; the venous sinuses, falx and tentorium are as dense as blood, and so are the oblique cuts
of skull base and vertex. Patients with and without hemorrhage share all of this, as well as
atrophy, noise, motion, the position of the head and a scanner that is some HU off.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ctseq.core.errors import InputError
from ctseq.imaging.windows import PRESETS, apply_windows
from ctseq.phantom.anatomy import Head, draw_head, draw_slice
from ctseq.phantom.bleeds import Bleed, draw_bleeds, paint_bleeds

_FIRST_PATIENT = 49
# Width and height of the real slices, pixels, for which the noise is that of a scanner.
_FULL_SIZE = 650
# Just above the skull base, and just below where a slice shows bone alone.
_LOWEST, _HIGHEST = 0.02, 0.93
# A bleed may have no room where it is drawn; in this many tries one has always shown.
_TRIES = 50


@dataclass(frozen=True)
class Demographics:
    """A patient's entries in the dataset's tables."""

    patient_id: str
    age_years: int
    sex: str
    fracture: bool


@dataclass(frozen=True)
class Patient:
    """One synthetic patient, whose slices are the same every time they are drawn.

    `moved` holds the indices of the slices during which the patient moved, and `noise` seeds the
    scanner's noise. Slices are `image_size` pixels wide and high.
    """

    demographics: Demographics
    n_slices: int
    moved: frozenset[int]
    head: Head
    bleeds: Sequence[Bleed]
    noise: np.random.SeedSequence
    image_size: int

    def draw(self) -> Iterator[tuple[np.ndarray, dict[str, np.ndarray]]]:
        """Yield the slices from the skull base up.

        Yields
        ------
        hu : ndarray
            Hounsfield units, float32, (image_size, image_size): the face upwards, the patient's
            right on the left.
        masks : dict of str to ndarray
            Each subtype that the slice shows to the pixels of its blood, bool, the same shape.
        """
        noise = np.random.default_rng(self.noise)
        for number, height in enumerate(_heights(self.n_slices)):
            drawn = draw_slice(self.head, height, self.image_size)
            masks = paint_bleeds(self.bleeds, number, drawn)
            sd = _noise(self.head, self.image_size)
            yield _scan(drawn.hu, sd, number in self.moved, noise), masks


def draw_patients(
    *, patients: int, positive: int, image_size: int, slices: tuple[int, int], seed: int
) -> Iterator[Patient]:
    """Draw patients, of whom `positive` have a hemorrhage; the same arguments give the same ones.

    A patient's anatomy depends on the seed and the patient's number alone, so that more patients
    leave the first ones unchanged; whether a patient bleeds depends on all the others.

    Raises
    ------
    InputError
        If an argument is out of range: `slices` are the fewest and the most of a patient, and
        `image_size`, their width and height, is at least 32 pixels.
    """
    _check(patients, positive, image_size, slices, seed)
    sources = [np.random.SeedSequence([seed, index]).spawn(3) for index in range(patients)]
    people = [np.random.default_rng(source[0]) for source in sources]
    ranks = np.argsort(np.argsort([person.random() for person in people]))
    for index, (person, source) in enumerate(zip(people, sources, strict=True)):
        yield _draw_patient(index, person, ranks[index] < positive, slices, source, image_size)


def draw_sequence(
    rng: np.random.Generator, *, slices: int, image_size: int, bleeding: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Draw one patient's slices in the brain window.

    Returns
    -------
    grey : ndarray
        uint8, shape (slices, image_size, image_size).
    blood : ndarray
        bool, the same shape. It can be all False even with `bleeding`: a bleed may have no room.
    """
    head = draw_head(rng)
    heights = _heights(slices)
    bleeds = draw_bleeds(rng, heights) if bleeding else []
    grey = np.zeros((slices, image_size, image_size), np.uint8)
    blood = np.zeros(grey.shape, bool)
    for number, height in enumerate(heights):
        drawn = draw_slice(head, height, image_size)
        for mask in paint_bleeds(bleeds, number, drawn).values():
            blood[number] |= mask
        hu = _scan(drawn.hu, _noise(head, image_size), False, rng)
        grey[number] = apply_windows(hu, [PRESETS["brain"]])
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
        raise InputError(f"datasets.<name>.phantom cannot be drawn: {'; '.join(found)}.")


def _draw_patient(
    index: int,
    person: np.random.Generator,
    positive: bool,
    slices: tuple[int, int],
    source: Sequence[np.random.SeedSequence],
    image_size: int,
) -> Patient:
    head = draw_head(person)
    # A beta distribution around the middle of the range, as the counts of CT-ICH are distributed.
    n_slices = slices[0] + round(person.beta(2.5, 2.5) * (slices[1] - slices[0]))
    moved = person.integers(n_slices, size=3) if person.random() < 0.25 else ()
    return Patient(
        demographics=Demographics(
            patient_id=f"{_FIRST_PATIENT + index:03d}",
            age_years=max(1, round(18 + 58 * head.atrophy + person.normal(0, 6))),
            sex="MF"[person.integers(2)],
            fracture=person.random() < 0.25,
        ),
        n_slices=n_slices,
        moved=frozenset(int(number) for number in moved),
        head=head,
        bleeds=_bleeds(head, n_slices, image_size, source[2]) if positive else (),
        noise=source[1],
        image_size=image_size,
    )


def _bleeds(
    head: Head, n_slices: int, size: int, source: np.random.SeedSequence
) -> Sequence[Bleed]:
    """Draw bleeds until one is visible in a slice."""
    heights, rng = _heights(n_slices), np.random.default_rng(source)
    for _ in range(_TRIES):
        bleeds = draw_bleeds(rng, heights)
        middles = {round(bleed.middle) for bleed in bleeds} & set(range(n_slices))
        if any(
            paint_bleeds(bleeds, number, draw_slice(head, heights[number], size))
            for number in middles
        ):
            break
    return bleeds


def _heights(n_slices: int) -> np.ndarray:
    return np.linspace(_LOWEST, _HIGHEST, n_slices + 2)[1:-1]


def _noise(head: Head, size: int) -> float:
    """Return the noise in HU: larger pixels average more of the scanner's noise away."""
    return head.noise * min(1.0, size / _FULL_SIZE) ** 0.5


def _scan(hu: np.ndarray, sd: float, moved: bool, rng: np.random.Generator) -> np.ndarray:
    """Add the scanner's noise of `sd` HU, and the ghost of a patient who moved."""
    if moved:
        step = max(2, round(0.02 * len(hu)))
        hu = 0.7 * hu + 0.3 * np.roll(hu, step, axis=1)
    noise = rng.standard_normal(hu.shape, dtype=np.float32)
    # Neighbouring pixels share noise, as filtered back projection makes them.
    noise = (noise + np.roll(noise, 1, 0) + np.roll(noise, 1, 1)) * (sd / 3**0.5)
    return hu + noise
