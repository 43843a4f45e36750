"""What was written: a dataset's files, what each of them shows, and what must become of it.

A strategy returns a `Written`; `invariants` compares it with what indexing made of its folder.
"""

import zlib
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

import numpy as np

# What may become of a dataset. Harmless ones are read whatever `on_problem` says; problems may stop
# a run, and are left out with `on_problem: exclude`; the third kind may be refused in any case.
HARMLESS, PROBLEM, REFUSABLE = range(3)
# What may become of a scan in a dataset that is read: sound ones are kept, spoiled ones never.
SOUND, DOUBTFUL, SPOILED = "sound", "doubtful", "spoiled"
# In truth images: what lies outside the field of view may be read as any value of air or below.
OUTSIDE = np.nan
MOST_OUTSIDE_HU = -900


@dataclass(frozen=True, order=True)
class Slice:
    """A slice of the body, whatever file shows it: of which scan and series, and what it holds.

    Ranks rise from the feet to the head.
    """

    patient: int
    study: int
    series: int
    rank: int
    positive: bool


@dataclass(frozen=True)
class Scan:
    """A scan as it was meant.

    Attributes
    ----------
    slices
        Of the series that must be chosen, from the feet up.
    name
        By which a table of patients knows it; its patient's, mostly.
    uid
        Of its study.
    state
        `SOUND`, `DOUBTFUL` or `SPOILED`.
    losable
        Slices that may be missing from the scan, if the tables say that it lost some.
    noted
        Whether its note must say something.
    named
        Whether any label row names it.
    """

    slices: tuple[Slice, ...]
    name: str
    uid: str = ""
    state: str = SOUND
    losable: frozenset[Slice] = frozenset()
    noted: bool = False
    named: bool = True

    @property
    def patient(self):
        return self.slices[0].patient

    @property
    def study(self):
        return self.slices[0].study

    @property
    def positive(self):
        return any(one.positive for one in self.slices)

    def worse(self, state):
        """Return the scan in the worse of its state and another one."""
        states = (SOUND, DOUBTFUL, SPOILED)
        return replace(self, state=max(self.state, state, key=states.index))


@dataclass(frozen=True, eq=False)
class Entry:
    """A file, or a link.

    Attributes
    ----------
    shows, pixels
        The slices that it holds, in no special order, and what must be read of each: Hounsfield
        units or grey values, the face upwards, `OUTSIDE` where nothing was measured.
    usable
        Whether its slices may be kept at all.
    beside
        Another patient's slice with the same pixels: only one of both may be kept.
    link
        Where it leads, relative to its folder, in place of content.
    tolerance
        By how much what is read may differ, as with a lossy compression.
    """

    path: str
    content: bytes = b""
    shows: tuple[Slice, ...] = ()
    pixels: tuple[np.ndarray, ...] = ()
    usable: bool = True
    beside: Slice | None = None
    link: str = ""
    tolerance: float = 0.01


@dataclass(frozen=True, eq=False)
class Written:
    """A dataset as it was written.

    Attributes
    ----------
    numbers
        By which label tables know slices.
    labels_of
        What a row of its label table is about: a ``slice``, ``scan`` or ``patient``.
    labels
        The label table, if it must be named.
    columns
        Which columns of the label table are named, and what its cells mean.
    told
        What a spreadsheet holds, as text.
    unlabelled
        Slices of which no row tells: nobody knows what they hold.
    severity
        `HARMLESS`, `PROBLEM` or `REFUSABLE`.
    secrets
        Texts of headers that no table and no message may hold.
    outside
        Files that lie beside the dataset's folder, as `Entry`.
    traits
        What is odd about it, to tell what a failing example was.
    """

    format: str
    entries: tuple[Entry, ...]
    scans: tuple[Scan, ...]
    numbers: dict[Slice, int] = field(default_factory=dict)
    labels_of: str = "slice"
    labels: str | None = None
    columns: dict = field(default_factory=dict)
    told: tuple[bytes, ...] = ()
    unlabelled: frozenset[Slice] = frozenset()
    severity: int = HARMLESS
    secrets: tuple[str, ...] = ()
    outside: tuple[Entry, ...] = ()
    traits: tuple[str, ...] = ()

    def __repr__(self):
        kind = ("harmless", "problem", "refusable")[self.severity]
        paths = "\n    ".join(entry.path for entry in (*self.entries, *self.outside))
        states = ", ".join(f"{scan.name!r} {scan.state}" for scan in self.scans)
        table = next((e for e in self.entries if e.path.casefold().endswith(".csv")), Entry(""))
        return (
            f"{self.format}, {kind}: {', '.join(self.traits) or 'plain'}\n  scans: {states}\n"
            f"  files:\n    {paths}\n  table: {table.content[:1500]!r}"
        )

    def _repr_pretty_(self, printer, cycle):
        printer.text(repr(self))  # what Hypothesis shows

    def with_trait(self, name, severity=HARMLESS, **changes):
        """Return the dataset with one trait more, and the worse of two severities."""
        worse = max(self.severity, severity)
        return replace(self, traits=(*self.traits, name), severity=worse, **changes)

    def with_scan(self, index, **changes):
        """Return the dataset with one scan changed; a state never becomes better."""
        scan = self.scans[index]
        changed = replace(scan, **{k: v for k, v in changes.items() if k != "state"})
        changed = changed.worse(changes.get("state", SOUND))
        return replace(self, scans=(*self.scans[:index], changed, *self.scans[index + 1 :]))

    def write(self, folder):
        """Write the files into `folder`, and those outside beside it."""
        for root, entries in ((folder, self.entries), (folder.parent, self.outside)):
            for entry in entries:
                path = Path(root, entry.path)
                path.parent.mkdir(parents=True, exist_ok=True)
                if entry.link:
                    path.symlink_to(entry.link)
                else:
                    path.write_bytes(entry.content)


@lru_cache(maxsize=4096)
def head(shape, slice_):
    """Return a slice of a head in Hounsfield units, even numbers, int32 of the shape.

    Air around a skull around a brain with noise; no two slices, and no turns of one, are the same.
    """
    seed = zlib.crc32(repr(slice_).encode())
    rows, columns = shape
    y, x = (np.mgrid[:rows, :columns] + 0.5) / np.reshape(shape, (2, 1, 1)) - 0.5
    radius = np.hypot(x / 0.42, y / 0.46)
    hu = np.full(shape, -1000)
    hu[radius < 1] = 900
    hu[radius < 0.85] = 30
    if slice_.positive:
        hu[np.hypot(x + 0.14, y - 0.06) < 0.1] = 74  # a bleed on the patient's right
    noise = np.random.default_rng(seed).integers(-3, 4, shape)
    hu += np.where(hu > -500, 2 * noise, 0)
    hu.flags.writeable = False
    return hu
