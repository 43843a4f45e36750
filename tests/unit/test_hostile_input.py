"""Hostile and broken input, a case a row: what the user reads, or why the file is left out.

NIfTI's and DICOM's own cases stand in test_ct_ich_nifti and test_dicom.
"""

import os
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ctseq.core.logs import rule_log
from ctseq.core.tables import read_table
from ctseq.intake.tables import INVENTORY, LISTING, SCANS
from ctseq.readers.problems import NEVER_OPENED
from index_dataset import main as index
from select_slices import main as select

SLICE = "p1/1.png"


@pytest.fixture
def data(tmp_path):
    """Three patients of three pictures, the second with hemorrhage."""
    for patient in range(3):
        for number in range(3):
            picture = np.full((4, 4), 60 * patient + 10 * number, np.uint8)
            picture[0, 0] = 255
            save(Image.fromarray(picture), tmp_path / f"data/p{patient}/{number}.png")
    labels(tmp_path / "data", "patient_id,label\np0,0\np1,1\np2,0\n")
    return tmp_path / "data"


def save(picture, path, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path, **options)


def labels(data, text):
    (data / "labels.csv").write_bytes(text if isinstance(text, bytes) else text.encode())


def run(data, tmp_path, capfd, on_problem="error"):
    """Index and select as the rules do, and return what the screen shows, if anything."""
    out = tmp_path / "out"
    common = {"dataset": str(data)}
    names = ("inventory", "listing", "demographics", "series")
    common |= {name: str(out / f"{name}.csv") for name in names}
    made = {name: str(out / f"{name}.csv") for name in ("slices", "scans")}
    made |= {"summary": str(out / "summary.json"), "sorted_folder": str(out / "sorted")}
    settings = {"format": "folder", "labels": None, "target": "hemorrhage"}
    settings |= {"links_into": [], "on_problem": on_problem}
    try:
        with rule_log(tmp_path / "log.txt"):
            more = {name: str(out / f"{name}.csv") for name in ("problems", "masks")}
            more["recognised"] = str(out / "format.json")
            index(**common, **more, name="data", settings=settings, threads=2)
            select(**common, **made, target="hemorrhage")
    except SystemExit:
        pass
    shown = capfd.readouterr().err
    assert "Traceback" not in shown
    return shown


def replaced(content):
    return lambda data: (data / SLICE).write_bytes(content)


def pictured(mode, colour, **options):
    def spoil(data):
        kind = "TIFF" if mode == "CMYK" else "PNG"
        save(Image.new(mode, (4, 4), colour), data / SLICE, format=kind, **options)

    return spoil


def cut(data):
    noise = np.random.default_rng(0).integers(0, 255, (64, 64), dtype=np.uint8)
    save(Image.fromarray(noise), data / SLICE)
    (data / SLICE).write_bytes((data / SLICE).read_bytes()[:1000])


def bomb(side):
    """Write a PNG of some bytes that says it unpacks to side x side of them."""

    def spoil(data):
        header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
        chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(side + 1))), (b"IEND", b"")]
        parts = [
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
            for name, body in chunks
        ]
        (data / SLICE).write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(parts))

    return spoil


def gif(data):
    save(Image.new("L", (4, 4), 3), data / SLICE, format="GIF")


def pages(data):
    page = Image.new("L", (4, 4), 3)
    save(page, data / SLICE, format="TIFF", save_all=True, append_images=[page])


def pipe(data):
    (data / SLICE).unlink()
    os.mkfifo(data / SLICE)


def nowhere(data):
    (data / SLICE).unlink()
    (data / SLICE).symlink_to(data / "nowhere.png")


def itself(data):
    (data / SLICE).unlink()
    (data / SLICE).symlink_to(data / SLICE)


def twice(data):
    save(Image.new("L", (4, 4), 3), data / "p1/01.png")


def no_number(data):
    save(Image.new("L", (4, 4), 3), data / "p1/last.png")


def named(patient):
    def spoil(data):
        (data / "p1").rename(data / patient)
        labels(data, f'patient_id,label\np0,0\n"{patient}",1\np2,0\n')

    return spoil


def table(text):
    return lambda data: labels(data, text)


READ = f"{SLICE}: patient p1 slice 1: unreadable image (cannot be read as an image: "
REFUSED = [
    ("truncated", cut, READ),
    ("empty", replaced(b""), READ + "it is empty)"),
    ("a page in place of a picture", replaced(b"<html>502</html>"), READ + "cannot identify"),
    ("another kind of picture", gif, READ + "cannot identify"),
    ("decompression bomb", bomb(60000), "could be decompression bomb"),
    ("a small one", bomb(5000), READ + "5000 x 5000 pixels are more than a CT slice has"),
    ("CMYK", pictured("CMYK", (1, 2, 3, 4)), READ + "its colours are CMYK; save it as 8-bit grey"),
    ("16 bits", pictured("I;16", 3000), READ + "it has more than 8 bits and no window"),
    ("transparent", pictured("RGBA", (1, 2, 3, 9)), READ + "parts of it are transparent"),
    ("several pages", pages, READ + "it holds 2 pictures; save a file a slice"),
    ("a pipe, which never ends", pipe, READ + "it is no plain file"),
    ("a link to nothing", nowhere, READ + "it does not exist"),
    ("a link to itself", itself, READ + "it does not exist"),
    ("a number twice", twice, "p1/01.png: patient p1 slice 1: two files for one slice"),
    ("no number", no_number, "p1/last.png: patient p1: no slice number in the name"),
    ("a formula for an id", named("=1+1"), "patient =1+1: patient id that starts with no letter"),
    ("an option for an id", named("-rf"), "patient -rf: patient id that starts with no letter"),
    ("`..` in an id", named("..p"), "patient ..p: patient id that starts with no letter"),
    ("NUL bytes", table(b"patient_id,label\np0,\0\0\n"), "labels.csv, row 2, holds NUL bytes"),
    ("UTF-16 without a mark", table("patient_id,label\np0,0\n".encode("utf-16-le")), "NUL bytes"),
    ("a million columns", table("patient_id,label" + "," * 10**6), "row 1, has 1000002 columns"),
    ("an endless cell", table('patient_id,label\n"' + "x" * 10**6), "field larger than"),
    ("no table", lambda data: (data / "labels.csv").unlink(), "has no label table that knows"),
    ("no header", table("p0,0\np1,1\n"), "has no label table that knows"),
    ("a formula in a cell", table("patient_id,label\np0,0\np1,=1+0\np2,0\n"),
     "labels.csv, row 3: patient p1: cell is not 0, 1 or blank (label is '=1+0')"),
    ("a blank label", table("patient_id,label\np0,0\np1,\np2,0\n"), "(label is '')"),
    ("a probability", table("patient_id,label\np0,0\np1,0.9\np2,0\n"), "(label is '0.9')"),
    ("a patient without a row", table("patient_id,label\np0,0\np1,1\n"),
     "p2/0.png: patient p2: no diagnosis row"),
    ("a row without a patient", table("patient_id,label\np0,0\np1,1\np2,0\np3,1\n"),
     "labels.csv, row 5: patient p3: no slice file"),
    ("two rows", table("patient_id,label\np0,0\np1,1\np2,0\nP2,1\n"),
     "labels.csv, row 5: patient P2: two diagnosis rows (also row 4)"),
]  # fmt: skip


@pytest.mark.parametrize(("spoil", "words"), [pytest.param(*c[1:], id=c[0]) for c in REFUSED])
def test_a_message_names_the_file_and_the_fault(spoil, words, data, tmp_path, capfd):
    spoil(data)
    shown = run(data, tmp_path, capfd)
    assert shown.startswith("Error: ")
    assert words in shown
    assert not (tmp_path / "out/inventory.csv").exists()


def in_a_loop(data):
    (data / "p1/again").symlink_to(data)
    (data / "p3").symlink_to(data / "p1")


def outside(data):
    save(Image.new("L", (4, 4), 3), data.parent / "elsewhere/7.png")
    (data / "p1/7.png").symlink_to(data.parent / "elsewhere/7.png")
    (data / "p4").symlink_to(data.parent / "elsewhere")
    (data / "root").symlink_to("/")


def odd_names(data):
    for name in (b"p1/8\n.png", b"p1/9\xff.png", b"p1/\x1b[2J5.png"):
        Path(os.fsdecode(bytes(data) + b"/" + name)).write_bytes(b"never opened")


@pytest.mark.parametrize(
    ("spoil", "reasons"),
    [
        (in_a_loop, {}),
        (outside, {"p1/7.png": "outside", "p4": "outside", "root": "outside"}),
        pytest.param(
            odd_names,
            {"p1/8\\n.png": "name", "p1/9\\udcff.png": "name", "p1/\\x1b[2J5.png": "name"},
            marks=pytest.mark.skipif(
                sys.getfilesystemencoding() != "utf-8", reason="here, every byte is a letter"
            ),
        ),
        (lambda data: (data / "p1/notes.txt").write_text("?"), {"p1/notes.txt": "other"}),
    ],
)
def test_a_file_is_left_out_with_its_reason(spoil, reasons, data, tmp_path, capfd):
    spoil(data)
    # Beside slices and called as these are, they may be missing from their scan.
    doubtful = sorted(path for path, why in reasons.items() if why in NEVER_OPENED and "/" in path)
    stopped = run(data, tmp_path, capfd)
    assert [line.split(": ")[0][4:] for line in stopped.splitlines()[1:-1]] == doubtful
    assert run(data, tmp_path, capfd, on_problem="exclude") == ""
    inventory = read_table(tmp_path / "out/inventory.csv", INVENTORY)
    found = inventory[inventory["kept"] == 0].set_index("path")["reason"].to_dict()
    assert found == {"labels.csv": "table"} | reasons
    assert len(read_table(tmp_path / "out/listing.csv", LISTING)) == 9


@pytest.mark.parametrize(
    ("spoil", "patient"),
    [
        (named("a b"), "a b"),
        (named("it's; $(touch ran) `touch ran` | touch ran"), None),
        (named("<img src=x onerror=alert(1)>".replace("<", "x<")), None),
        (named("Ünal"), "Ünal"),
        (named("NA"), "NA"),
        (table("patient_id;label\np0;0\np1;1,0\np2;0,0\n"), "p1"),
        (table("\ufeffpatient_id,label\r\np0,0\r\np1,1\r\np2,0\r\n"), "p1"),
        (table("patient_id,label,note\np0,0,caf\xe9\np1,1,\np2,0,\n".encode("latin-1")), "p1"),
        (pictured("RGBA", (9, 9, 9, 255)), "p1"),
        (pictured("RGB", (9, 9, 9)), "p1"),
    ],
)
def test_what_is_odd_but_clear_is_read(spoil, patient, data, tmp_path, capfd, monkeypatch):
    monkeypatch.chdir(tmp_path)
    spoil(data)
    assert run(data, tmp_path, capfd) == ""
    scans = read_table(tmp_path / "out/scans.csv", SCANS)
    positive = scans.loc[scans["target"] == 1, "patient_id"].tolist()
    assert positive == [patient or next(p.name for p in data.iterdir() if p.name[1:] not in "012"
                                        and p.is_dir())]  # fmt: skip
    assert (tmp_path / "out/sorted/Positive" / positive[0] / "2.png").exists()
    assert not list(tmp_path.rglob("ran"))


@pytest.mark.parametrize("told", ["49", "049", "49.0", " 49 ", "49,0"])
def test_spellings_of_a_patient_are_one(told, data, tmp_path, capfd):
    (data / "p1").rename(data / "049")
    labels(data, f'patient_id,label\np0,0\n"{told}",1\np2,0\n')
    assert run(data, tmp_path, capfd) == ""
    scans = read_table(tmp_path / "out/scans.csv", SCANS).set_index("scan_id")
    assert scans["target"].to_dict() == {"049": 1, "p0": 0, "p2": 0}


def test_slices_from_zero_and_with_gaps_keep_their_numbers(data, tmp_path, capfd):
    (data / "p1/1.png").rename(data / "p1/17.png")
    assert run(data, tmp_path, capfd) == ""
    listing = read_table(tmp_path / "out/listing.csv", LISTING)
    numbers = listing.loc[listing["patient_id"] == "p1", "slice_number"].tolist()
    assert numbers == [0, 2, 17]


def test_excluding_leaves_the_rest_and_writes_nothing_else(data, tmp_path, capfd):
    cut(data)
    before = {path: path.stat().st_mtime_ns for path in [data, *data.rglob("*")]}
    assert run(data, tmp_path, capfd, on_problem="exclude") == ""
    assert before == {path: path.stat().st_mtime_ns for path in [data, *data.rglob("*")]}
    assert {path.name for path in tmp_path.iterdir()} == {"data", "out", "log.txt"}
    listing = read_table(tmp_path / "out/listing.csv", LISTING)
    assert listing.loc[listing["kept"] == 0, "reason"].tolist() == ["unreadable"]
