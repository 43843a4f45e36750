"""Label tables of what was written, in the spellings that people and programs give them."""

import re
import unicodedata
from dataclasses import dataclass, replace

from hypothesis import strategies as st

from fuzz.dicom_trees import pick
from fuzz.own_tables import HAS_OPENPYXL, OWN_WORDS, own_titles, with_workbook
from fuzz.written import DOUBTFUL, PROBLEM, REFUSABLE, SPOILED, Entry

SUBTYPES = ("epidural", "intraparenchymal", "intraventricular", "subarachnoid", "subdural")
_TITLES = {
    "patient": ("patient_id", "Patient ID", "PatientNumber", "subject", "case", "name"),
    "study": ("StudyInstanceUID", "study", "studyuid"),
    "number": ("slice_number", "Slice", "slice_no", "slice_index", "SliceNumber"),
    "image": ("image", "file", "filename", "image_path", "path", "file_name", "img"),
    "label": ("label", "hemorrhage", "Haemorrhage", "ICH", "any", "diagnosis", "class"),
}
_WORDS = (("0", "1"), ("0", "1"), ("0.0", "1.0"), ("no", "yes"), ("False", "True"), ("N", "Y"))
_WORDS += (("negative", "positive"), ("FALSE", "TRUE"), ("neg", "pos"), ("0,0", "1,0"))
# The folder that a file lies in, and what follows.
_PARENT = re.compile(r"[^/\\]+([/\\][^/\\]+)$")
_FILE = re.compile(r"[^/\\]+$")
_READERS = ("R1", "R2", "R3")


@dataclass(frozen=True)
class Row:
    """A row of a label table: the cells that say what it is about, its label, and its scans."""

    names: tuple[str, ...]
    positive: bool
    scans: tuple[int, ...]
    slices: tuple = ()


def with_table(draw, written, kinds):
    """Return the dataset with a label table of one of some kinds, and perhaps a mistake in it."""
    kind = kind_of(draw, written, kinds)
    mistake = pick(draw, (None, None, None, *MISTAKES))
    return table_of(draw, written, kind, mistake)


def kind_of(draw, written, kinds):
    """Draw one of some kinds of label table, which tells the dataset's scans apart."""
    kind = pick(draw, kinds)
    several = len({scan.name for scan in written.scans}) < len(written.scans)
    if kind == "slice" and written.format == "dicom" and (several or draw(st.booleans())):
        return "numbered study"  # a number alone would not say of which of a patient's scans
    return kind


def plain_table(draw, written, kind):
    """Return the dataset with a label table as the documents write it."""
    if kind in ("rsna", "cq500"):
        return table_of(draw, written, kind, None)
    written = replace(written.with_trait(f"{kind} table"), labels_of=LABELS_OF.get(kind, "slice"))
    titles = [_TITLES[title][0] for title in (*TITLES_OF[kind], "label")]
    lines = [titles, *([*row.names, str(int(row.positive))] for row in ROWS[kind](written))]
    text = "".join(",".join(line) + "\n" for line in lines)
    return replace(written, entries=(*written.entries, Entry("labels.csv", text.encode())))


def table_of(draw, written, kind, mistake):
    """Return the dataset with a label table of one kind, with one mistake or none."""
    if kind == "rsna":
        return _rsna(draw, written)
    if kind == "cq500":
        return _cq500(draw, written)
    written = replace(written.with_trait(f"{kind} table"), labels_of=LABELS_OF.get(kind, "slice"))
    rows, more = _drawn_rows(draw, written, kind), []
    if mistake:
        written, rows, more = mistake(draw, written, rows, written.labels_of)
    kinds = (*TITLES_OF[kind], "label")
    titles, words = [pick(draw, _TITLES[title]) for title in kinds], pick(draw, _WORDS)
    if pick(draw, (False, False, False, True)):
        titles, columns = own_titles(kinds)
        words, written = OWN_WORDS, written.with_trait("own columns", columns=columns)
    rows = draw(st.permutations(rows))
    cells = [[*row.names, words[row.positive]] for row in rows] + more
    return _spelled(draw, written, titles, cells)


def _drawn_rows(draw, written, kind):
    if kind == "patient":
        return _patients(written, zeros=draw(st.booleans()))
    return _images(written, pick(draw, sorted(WAYS))) if kind == "image" else ROWS[kind](written)


def _patients(written, *, zeros=False):
    """A row for each name; a patient's row tells of all the patient's scans."""
    names = {}
    for index, scan in enumerate(written.scans):
        names.setdefault(scan.name, []).append(index)
    return [
        Row((_respelled(name, zeros),), any(written.scans[i].positive for i in own), tuple(own))
        for name, own in names.items()
    ]


def _respelled(name, zeros):
    name = unicodedata.normalize("NFC", name)
    return name.lstrip("0") + ".0" if zeros and name.isdecimal() else name


def _studies(written):
    return [Row((scan.uid,), scan.positive, (i,)) for i, scan in enumerate(written.scans)]


def _slices(written):
    return _of_slices(written, "name")


def _numbered_studies(written):
    return _of_slices(written, "uid")


def _of_slices(written, name):
    return [
        Row((getattr(scan, name), str(written.numbers[one])), one.positive, (index,), (one,))
        for index, scan in enumerate(written.scans)
        for one in scan.slices
    ]


# How a table names an image: a function of its path.
WAYS = {
    "path": lambda path: path,
    "backslashes": lambda path: path.replace("/", "\\"),
    "dot": lambda path: f"./{path}",
    "absolute": lambda path: f"/data/ct/{path}",
    "above": lambda path: f"images/{path}",
    "name": lambda path: path.rpartition("/")[2],
}


def _images(written, way="path"):
    """A row for each file that shows slices, whether they are used or not."""
    owner = {(scan.patient, scan.study): i for i, scan in enumerate(written.scans)}
    files = [e for e in written.entries if e.shows]
    names = [entry.path.rpartition("/")[2] for entry in files]
    alone = len({name.rpartition(".")[0] or name for name in names}) == len(names)
    spell = WAYS[way if alone or way != "name" else "path"]
    return [
        Row((spell(unicodedata.normalize("NFC", e.path)),), any(s.positive for s in e.shows),
            (owner[e.shows[0].patient, e.shows[0].study],), e.shows)
        for e in files
    ]  # fmt: skip


ROWS = {"patient": _patients, "study": _studies, "slice": _slices, "image": _images}
ROWS |= {"numbered study": _numbered_studies}
TITLES_OF = {"patient": ["patient"], "study": ["study"], "slice": ["patient", "number"]}
LABELS_OF = {"patient": "patient", "study": "scan"}
TITLES_OF |= {"image": ["image"], "numbered study": ["study", "number"]}


def _blamed(written, row, labels_of, state, *, told=False):
    """Return the dataset in which a row's slice, or its scans, may or must be left out.

    `told` is whether the table still says what the slice may hold.
    """
    if labels_of == "slice" and not told:
        written = replace(written, unlabelled=written.unlabelled | {*row.slices})
    for index in row.scans:
        scan = written.scans[index]
        if labels_of == "slice":
            lost = scan.losable | ({*row.slices} & {*scan.slices})
            doubt = {"state": DOUBTFUL} if scan.positive else {}
            written = written.with_scan(index, losable=lost, **doubt)
        else:
            written = written.with_scan(index, state=state)
    return written


def missing_row(draw, written, rows, labels_of):
    row = pick(draw, rows)
    written = _blamed(written, row, labels_of, SPOILED).with_trait("a row missing", PROBLEM)
    for index in row.scans if labels_of != "slice" else ():
        written = written.with_scan(index, named=False)
    # A folder without a label may be the rest of another one's scan, if both are one patient's.
    patients = {written.scans[index].patient for index in row.scans}
    for index in (n for n, scan in enumerate(written.scans) if scan.patient in patients):
        written = written.with_scan(index, state=DOUBTFUL)
    return written, [other for other in rows if other is not row], []


def extra_row(draw, written, rows, labels_of):
    names = {"patient": ["p99"], "study": ["1.2.99"]}.get(_kind(written), ["p99", "1"])
    if _kind(written) == "image":
        names = [_FILE.sub(r"x_77.png", _PARENT.sub(r"p99\1", rows[0].names[0]))]
    return written.with_trait("a row more", PROBLEM), rows, [[*names, "1"]]


def _kind(written):
    kinds = [trait for trait in written.traits if trait.endswith(" table")]
    return kinds[-1].removesuffix(" table")


def note_row(draw, written, rows, labels_of):
    return written.with_trait("a note", PROBLEM), rows, [["0 = none, 1 = bleed"]]


def two_rows(draw, written, rows, labels_of):
    row = pick(draw, rows)
    again = replace(row, positive=not row.positive if draw(st.booleans()) else row.positive)
    state = DOUBTFUL if again == row else SPOILED
    for index in row.scans if again.positive else ():  # what one of them claims may be missed
        written = written.with_scan(index, state=DOUBTFUL)
    written = _blamed(written, row, labels_of, state, told=True)
    # A row alone may say that a damaged image is positive, and nobody knows of which scan it is.
    cut = any(trait.startswith("cut ") for trait in written.traits)
    unknown = cut and again.positive and not row.positive and _kind(written) == "image"
    written = written.with_trait("two rows", REFUSABLE if unknown else PROBLEM)
    return written, [*rows, again], []


def bad_cell(draw, written, rows, labels_of):
    row = pick(draw, rows)
    cell = pick(draw, ("?", "0.9", "maybe", "", "=1+0", "-1"))
    written = _blamed(written, row, labels_of, SPOILED).with_trait(f"cell {cell!r}", PROBLEM)
    return written, [other for other in rows if other is not row], [[*row.names, cell]]


def classes(draw, written, rows, labels_of):
    """Write classes of 0 to 4, which have to be refused or left out."""
    row = pick(draw, rows)
    written = _blamed(written, row, labels_of, SPOILED).with_trait("several classes", REFUSABLE)
    return written, [other for other in rows if other is not row], [[*row.names, "3"]]


def of_another_folder(draw, written, rows, labels_of):
    """Let a row of images name a folder that is not here, though the file's name is."""
    if _kind(written) != "image" or not _PARENT.search(rows[0].names[0]):
        return note_row(draw, written, rows, labels_of)
    row = pick(draw, rows)
    written = _blamed(written, row, labels_of, SPOILED).with_trait("another folder", PROBLEM)
    wrong = _PARENT.sub(r"p99\1", row.names[0])
    return written, [other for other in rows if other is not row], [[wrong, "1"]]


MISTAKES = (missing_row, extra_row, note_row, two_rows, bad_cell, classes, of_another_folder)


def _rsna(draw, written):
    owner = {(scan.patient, scan.study): i for i, scan in enumerate(written.scans)}
    lines = []
    for entry in (e for e in written.entries if e.shows):
        stem = entry.path.rpartition("/")[2].rpartition(".")[0]
        assert (entry.shows[0].patient, entry.shows[0].study) in owner
        own = pick(draw, SUBTYPES) if entry.shows[0].positive else ""
        lines += [[f"{stem}_{name}", str(int(name == own))] for name in SUBTYPES]
        lines += [[f"{stem}_any", str(int(bool(own)))]]
    lines += lines[: 6 * draw(st.integers(0, 2))]  # as the release, which repeats some
    text = "\n".join(",".join(line) for line in [["ID", "Label"], *lines]) + "\n"
    table = Entry("stage_2_train.csv", text.encode())
    written = replace(written, entries=(*written.entries, table), labels_of="slice")
    return written.with_trait("RSNA's table")


def _cq500(draw, written):
    header = [
        "name",
        "Category",
        *(f"{reader}:{of}" for reader in _READERS for of in ("ICH", "IPH")),
    ]
    lines = []
    for row in _patients(written):
        votes = draw(st.sampled_from(((1, 1, 0), (1, 0, 1), (1, 1, 1), (0, 1, 1))))
        votes = votes if row.positive else [1 - vote for vote in votes]
        lines.append([written.scans[row.scans[0]].name, "B1"])
        lines[-1] += [str(cell) for vote in votes for cell in (vote, 0)]
    text = "\r\n".join(",".join(line) for line in [header, *lines]) + "\r\n"
    table = Entry("reads.csv", text.encode())
    written = replace(written, entries=(*written.entries, table), labels_of="patient")
    return written.with_trait("CQ500's table")


def _spelled(draw, written, titles, cells):
    """Return the dataset with a table as a file: its separator, its code, its quotes, its name."""
    separator = pick(draw, ",,;\t")
    decimals = any("," in cell for row in cells for cell in row)
    if decimals and separator == ",":
        separator = ";"
    code = pick(draw, ("utf-8", "utf-8", "utf-8-sig", "utf-16", "cp1252"))
    header, rows = list(titles), [list(row) for row in cells]
    if draw(st.booleans()):
        header.append("note")
        rows = [[*row, "é" if code == "cp1252" else ""] for row in rows]
    if HAS_OPENPYXL and pick(draw, (False, False, False, False, False, True)):
        return with_workbook(draw, written, header, rows)
    pad = pick(draw, ("", "", " "))
    lines = [[pad + cell + pad for cell in row] for row in [header, *rows]]
    quote = draw(st.booleans())
    text = [separator.join(f'"{cell}"' if quote else cell for cell in row) for row in lines]
    text += [separator * (len(header) - 1)] * draw(st.integers(0, 2))  # rows that were emptied
    text = pick(draw, ("\n", "\r\n")).join([*text, ""])
    if code == "utf-16" or separator == ";":
        text = f"sep={separator}\n" * draw(st.booleans()) + text
    try:
        content = text.encode(code)
    except UnicodeEncodeError:
        content, code = text.encode(), "utf-8"
    where, name = draw(st.booleans()), pick(draw, ("labels.csv", "Labels.CSV", "scans of 2021.csv"))
    entries = (*written.entries, Entry(name, content))
    spelling = f"{code}, {separator!r}, {text.splitlines()[0]!r}"
    written = replace(written, entries=entries, labels=name if where else None)
    return written.with_trait(spelling)
