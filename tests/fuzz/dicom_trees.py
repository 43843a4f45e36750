"""Trees of DICOM files before anything is odd about them, and what traits need to change them."""

import unicodedata
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

import numpy as np
from hypothesis import strategies as st

from fuzz.dicom_files import Style, dicom_file
from fuzz.written import DOUBTFUL, HARMLESS, Entry, Scan, Slice, Written, head

CT = "1.2.840.10008.5.1.4.1.1.2"
# Headers name people so; no table and no message may.
SECRETS = ("Winterbottom", "Quackenbush", "19391231", "MRN77851")
# As folders are called and tables write them; no two are one patient's.
NAMES = (
    *("p1", "p2", "049", "50", "case 12", "x_1", "0ab", "ab", "ID_7f3a", "P-3", "100001", "Müller"),
    *("Jösé", "Åse", "SCAN 0003", "7", "3e5b", "a.b", "N°4"),
)
PLAIN_NAMES = ("p1", "p2", "p3", "p4")
# CQ500's folders of a patient, the release's own first.
_SPELLINGS = (
    "CQ500CT{0} CQ500CT{0}/Unknown Study/CT Plain/",
    "CQ500CT{0}_CQ500CT{0}/Unknown_Study/CT_Plain/",
    "CQ500-CT-{0}/CQ500CT{0} CQ500CT{0}/Unknown Study/CT Plain/",
    "CQ500-CT-{0}/",
    "cq500ct{0}/Unknown Study/CT Plain/",
    "CQ500CT{0:03d} CQ500CT{0:03d}/Unknown Study/CT Plain/",
)
LAYOUTS = ("folders", "flat", "cq500")
SHAPES = ((16, 16), (20, 16), (18, 24))


@dataclass(frozen=True, eq=False)
class Dicom:
    """A file to be written.

    Attributes
    ----------
    hu
        Of each slice that it shows, the face upwards.
    turn
        How the stored rows and columns lie: ``prone`` (both run the other way), ``above`` (columns
        do) or ``exchanged``.
    cut
        How many bytes are missing at its end.
    usable, beside
        As those of its `Entry`.
    """

    path: str
    shows: tuple[Slice, ...]
    hu: tuple[np.ndarray, ...]
    tags: dict
    turn: str = ""
    style: Style = Style()
    syntax: str = "explicit"
    mark: bool = True
    cut: int = 0
    usable: bool = True
    beside: Slice | None = None

    def but(self, path=None, **tags):
        """Return the file with another path or other tags."""
        return replace(self, path=path or self.path, tags=self.tags | tags)

    @cached_property
    def entry(self):
        """The file as bytes, and what must be read of it."""
        stored = [turned(self.style.stored(hu), self.turn) for hu in self.hu]
        size = dict(zip(("Rows", "Columns"), stored[0].shape, strict=True)) if stored else {}
        tags = (self.style.tags() if stored else {}) | size | self.tags
        content = dicom_file(tags, stored, syntax=self.syntax, mark=self.mark)
        truth = tuple(self.style.truth(hu) for hu in self.hu)
        content = content[: len(content) - self.cut]
        usable = self.usable and not self.cut
        return Entry(self.path, content, self.shows, truth, usable, self.beside)


@dataclass(frozen=True, eq=False)
class Tree:
    """A tree of DICOM files to be written, and what is known of it.

    Attributes
    ----------
    layout
        ``folders`` (one for each patient), ``flat`` (PatientIDs tell) or ``cq500``.
    tables
        The kinds of label table that it may have.
    """

    written: Written
    files: tuple[Dicom, ...]
    layout: str
    tables: tuple[str, ...]

    def with_trait(self, name, severity=HARMLESS, **changes):
        """Return the tree with one trait more, and changes of itself."""
        return replace(self, written=self.written.with_trait(name, severity), **changes)

    def with_scan(self, index, **changes):
        """Return the tree with one scan changed."""
        return replace(self, written=self.written.with_scan(index, **changes))

    def files_of(self, scan):
        """List the files of a scan's own slices, from the feet up."""
        own = {*scan.slices}
        return sorted((f for f in self.files if own & {*f.shows}), key=lambda f: f.shows[0].rank)

    def mapped(self, change, scan=None):
        """Return the tree with `change` made to the files of one scan, or to all."""
        own = {id(file) for file in (self.files_of(scan) if scan else self.files)}
        return replace(self, files=tuple(change(f) if id(f) in own else f for f in self.files))

    def plus(self, *files):
        """Return the tree with more files."""
        return replace(self, files=(*self.files, *files))

    def swapped(self, old, *new):
        """Return the tree with other files in place of one."""
        return replace(self, files=(*(f for f in self.files if f is not old), *new))

    def finished(self):
        """Return the dataset, with all files as bytes."""
        entries = (*self.written.entries, *(file.entry for file in self.files))
        numbers = {
            slice_: number
            for scan in self.written.scans
            for number, slice_ in enumerate(scan.slices, start=1)
        }
        return replace(self.written, entries=entries, numbers=numbers)


@lru_cache(maxsize=64)
def _turns(turn):
    return {
        "": lambda hu: hu,
        "prone": lambda hu: hu[::-1, ::-1],
        "above": lambda hu: hu[:, ::-1],
        "exchanged": lambda hu: hu.T,
    }[turn]


def turned(hu, turn):
    """Return a slice as it is stored; each turn undoes itself."""
    return np.ascontiguousarray(_turns(turn)(hu))


def pick(draw, choices):
    """Draw one of some choices."""
    return draw(st.sampled_from(choices))


def any_scan(draw, tree):
    """Draw a scan: its index, and itself."""
    index = draw(st.integers(0, len(tree.written.scans) - 1))
    return index, tree.written.scans[index]


def positives(draw, n_slices, positive):
    """Draw which of a scan's slices are positive: some in a row, or none."""
    if not positive:
        return [False] * n_slices
    first = draw(st.integers(0, n_slices - 1))
    last = min(n_slices, first + draw(st.integers(1, n_slices)))
    return [first <= rank < last for rank in range(n_slices)]


def key_of(name):
    """Return by what two names are one patient's: numbers by value, else letters of any case."""
    return name.lstrip("0") if name.isdecimal() else unicodedata.normalize("NFC", name).casefold()


def plain_tree(draw, *, odd=True, layout=None):
    """Draw a tree of two to four patients with a scan each, of both classes.

    `odd` is whether names may be those that people find hard to spell; without a layout, any.
    """
    layout = layout or pick(draw, ("folders", *LAYOUTS))
    shape = pick(draw, SHAPES)
    n_patients = draw(st.integers(2, 4))
    numbers = draw(st.lists(st.integers(0, 480), min_size=4, max_size=4, unique=True))
    names = {
        "folders": lambda: draw(st.permutations(NAMES if odd else PLAIN_NAMES))[:n_patients],
        "flat": lambda: [f"ID_pat{number:03x}" for number in numbers],
        "cq500": lambda: [f"CQ500-CT-{number}" for number in numbers],
    }[layout]()
    place = _places(draw, layout, names, numbers, odd=odd)
    spacing = pick(draw, (5.0, 5.0, 2.5, 3.0))
    file_name = _file_names(draw, layout)
    tag_of = _patient_ids(draw, layout, names)
    scans, files = [], []
    for patient in range(n_patients):
        n_slices = draw(st.integers(3, 6))
        flags = positives(draw, n_slices, patient == 0 or (patient > 1 and draw(st.booleans())))
        slices = tuple(Slice(patient, 0, 0, rank, flag) for rank, flag in enumerate(flags))
        scans.append(Scan(slices, names[patient], f"1.2.{patient + 3}.0"))
        order = draw(st.permutations(range(n_slices)))
        for one in slices:
            path = f"{place[patient]}{file_name(patient, order[one.rank])}"
            tags = base_tags(one, one.rank * spacing) | {"PatientID": tag_of[patient]}
            files.append(Dicom(path, (one,), (head(shape, one),), tags))
    tables = {
        "folders": ("patient", "patient", "study", "slice", "image"),
        "flat": ("patient", "study", "image", "rsna", "rsna"),
        "cq500": ("cq500",),
    }[layout]
    written = Written("dicom", (), tuple(scans), secrets=SECRETS, traits=(layout,))
    return Tree(written, tuple(files), layout, tables)


def base_tags(one, z):
    """Return the header of a slice at height `z`, mm, but its pixels' part."""
    study = f"1.2.{one.patient + 3}.{one.study}"
    return {
        "SOPClassUID": CT,
        "SOPInstanceUID": f"{study}.{one.series}.{one.rank + 1}.9",
        "StudyInstanceUID": study,
        "SeriesInstanceUID": f"{study}.{one.series + 1}",
        "Modality": "CT",
        "Manufacturer": "SIEMENS",
        "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
        "SeriesNumber": one.series + 2,
        "InstanceNumber": one.rank + 1,
        "ImageOrientationPatient": [1.0, 0.0, 0.0, 0.0, 1.0, 0.0],
        "ImagePositionPatient": [-100.0, -100.0, float(z)],
        "PixelSpacing": [0.5, 0.5],
        "PatientName": "Winterbottom^Zoe",
        "PatientBirthDate": "19391231",
        "ReferringPhysicianName": "Quackenbush^Al",
        "StudyDescription": "Head for Dr Quackenbush",
    }


def _places(draw, layout, names, numbers, *, odd):
    """Draw each patient's folder, with a slash at its end, below any that all share."""
    shared = pick(draw, ("", "", "dicom/", "data set/CT/"))
    if layout == "flat":
        return [pick(draw, ("stage_2_train/", "", "images/"))] * len(names)
    if layout == "folders":
        below = pick(draw, ("", "", "study/series/", "CT HEAD/"))
        form = pick(draw, ("NFC", "NFC", "NFD")) if odd else "NFC"
        return [f"{shared}{unicodedata.normalize(form, name)}/{below}" for name in names]
    spelling = pick(draw, _SPELLINGS) if odd else _SPELLINGS[0]
    batches = odd and draw(st.booleans())
    of_batch = (f"qct{n // 2 + 1:02d}/" if batches else shared for n in range(len(names)))
    return [b + spelling.format(number) for b, number in zip(of_batch, numbers, strict=False)]


def _file_names(draw, layout):
    """Draw how files are called: a function of the patient and a number that says no order."""
    ext = pick(draw, (".dcm", ".dcm", "", ".DCM", ".ima"))
    if layout == "flat":
        return lambda patient, number: f"ID_{(patient * 97 + number * 31 + 2748) * 99991:09x}.dcm"
    style = pick(draw, ("IM{}", "CT{:06d}", "{:03d}", "image ({})", "1.2.840.113.{}"))
    return lambda patient, number: style.format(number + 1) + ext


def _patient_ids(draw, layout, names):
    """Draw each patient's PatientID: its own one, its name, none, or one for all."""
    if layout == "flat":
        return names
    kind = pick(draw, ("own", "own", "name", "overwritten", "missing"))
    return [
        {"own": f"MRN77851{n}", "name": name, "overwritten": "ANON", "missing": None}[kind]
        for n, name in enumerate(names)
    ]


def lost(tree, index, slices):
    """Return the tree whose scan may lack slices, and be left out itself if they matter."""
    scan = tree.written.scans[index]
    tables_count = "slice" in tree.tables  # their numbers no longer fit
    doubt = {"state": DOUBTFUL} if scan.positive or tables_count else {}
    return tree.with_scan(index, losable=scan.losable | {*slices}, **doubt)
