"""DICOM without mark or preamble is read; what should be an image and is none is a problem."""

import struct
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest
from pydicom.uid import ImplicitVRLittleEndian, RLELossless

from ct_files import PYDICOMS, ct, save
from ctseq.core.errors import InputError
from ctseq.intake.index import index_dataset
from ctseq.readers.dicom.companions import fault_of, suffix_of
from ctseq.readers.dicom.detection import begins_data_set, is_dicom
from ctseq.readers.dicom.headers import read_header
from ctseq.readers.dicom.pixels import read_hu
from ctseq.readers.registry import recognise
from dicom_folders import N_SLICES, PATIENTS, head, reasons, write_dicom


def parts(path):
    """Return a file's preamble, mark, description of itself, and data set."""
    content = path.read_bytes()
    end = 144 + int.from_bytes(content[140:144], "little")
    return content[:128], content[128:132], content[132:end], content[end:]


def strip(path, kept="data"):
    """Leave out the parts of a file that `kept` does not name."""
    names = ("preamble", "mark", "meta", "data")
    path.write_bytes(
        b"".join(own for name, own in zip(names, parts(path), strict=True) if name in kept)
    )


def index(folder, on_problem="error"):
    return index_dataset(folder, "dicom", on_problem=on_problem)


@pytest.mark.parametrize(
    "kept",
    ["data", "meta data", "preamble data", "preamble meta data", "mark data", "mark meta data"],
)
@pytest.mark.parametrize("implicit", [False, True])
def test_a_file_without_mark_or_preamble_is_read_like_the_whole_one(tmp_path, kept, implicit):
    image = ct(head(1))
    if implicit:
        image.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    path = save(image, tmp_path / "IM1")
    header, hu = read_header(path, "IM1"), read_hu(path, 1)
    strip(path, kept)
    assert is_dicom(path)
    assert read_header(path, "IM1") == header
    assert np.array_equal(read_hu(path, 1), hu)


@pytest.mark.parametrize("suffix", ["", ".dcm"])
@pytest.mark.parametrize("bare", [("a",), PATIENTS])
def test_bare_files_are_slices_as_others_are(tmp_path, suffix, bare):
    write_dicom(tmp_path, suffix)
    for patient in bare:
        for path in (tmp_path / patient).iterdir():
            strip(path)
    assert recognise(tmp_path)[0] == "dicom"
    found = index(tmp_path)
    assert found.listing["kept"].sum() == len(PATIENTS) * N_SLICES
    assert reasons(found) == {"labels.csv": "table"}


@pytest.mark.parametrize("preamble", [b"", b"II*\0" + bytes(124)])  # of a file that is a TIFF, too
def test_bare_files_are_named_by_their_identifier(tmp_path, preamble):
    write_dicom(tmp_path)
    rows = ["image,label"]
    for path in sorted(tmp_path.glob("*/*.dcm")):
        rows.append(f"{pydicom.dcmread(path).SOPInstanceUID},{int(path.parent.name == 'b')}")
        strip(path)
        path.write_bytes(preamble + path.read_bytes())
    (tmp_path / "labels.csv").write_text("\n".join(rows))
    listing = index(tmp_path).listing
    positive = listing.loc[listing["target"] == 1, "path"].tolist()
    assert positive == [f"b/IM{number}.dcm" for number in range(N_SLICES)]


def test_compressed_pixels_need_the_name_of_their_compression(tmp_path):
    image = ct(head(1))
    image.compress(RLELossless)
    path = save(image, tmp_path / "IM1")
    assert read_hu(path, 1).shape == (8, 8)
    strip(path)
    assert is_dicom(path)
    with pytest.raises(InputError, match="pixels are compressed, and it does not tell how"):
        read_hu(path, 1)


def element(group, number, kind, value):
    return struct.pack("<HH2sH", group, number, kind, len(value)) + value


CHARACTERS = element(0x8, 0x5, b"CS", b"ISO_IR 100")
KIND = element(0x8, 0x16, b"UI", b"1.2.840.10008.5.1.4.1.1.2\0")


@pytest.mark.parametrize(
    ("head", "found"),
    [
        (KIND, True),
        (CHARACTERS + KIND, True),
        (struct.pack("<HHI", 0x8, 0x16, 4) + b"1.2\0" + b"\0" * 9, True),  # implicit
        (element(0x8, 0x60, b"CS", b"CT") + b"\0" * 9, True),
        (CHARACTERS + b"\0" * 99, False),  # nothing that tells what it is
        (KIND[:-20], False),  # the value is longer than the file
        (element(0x8, 0x16, b"UI", b"no id"), False),
        (element(0x10, 0x10, b"PN", b"A^B ") + KIND, False),  # starts in the middle
        (element(0x8, 0x18, b"UI", b"") + CHARACTERS + KIND, False),  # tags fall
        (b"patient_id,label\na,1\n", False),
        (b"", False),
    ],
)
def test_a_data_set_is_told_by_its_first_elements(head, found):
    assert begins_data_set(head, len(head)) == found


def test_no_other_file_of_pydicom_is_taken_for_dicom():
    others = [path for path in PYDICOMS.rglob("*") if path.suffix in (".py", ".txt", ".json")]
    assert others
    assert not any(map(is_dicom, others))


def nifti(folder):
    image = nibabel.Nifti1Image(np.zeros((2, 2, 2), np.int16), np.eye(4))
    image.to_filename(folder / "x.nii")
    return (folder / "x.nii").read_bytes()


PAGE = b"<html>502 Bad Gateway</html>"
NOISE = bytes(range(1, 256)) * 3


@pytest.mark.parametrize(
    ("name", "content", "fault"),
    [
        ("IM9.dcm", b"", "it is empty"),
        ("IM9.DCM", PAGE, "it is no DICOM file but text"),
        ("IM9.dcm", NOISE, "it is no DICOM file"),
        ("IM9.dcm", b"\x89PNG\r\n", "it is no DICOM file but a picture"),
        ("IM9.dcm.gz", b"\x1f\x8b\x08", "it is compressed: unpack it"),
        ("IM9.dcm", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "git lfs pull"),
        # As the others are called, where those have no suffix.
        ("IM9", PAGE, "it is no DICOM file but text"),
        ("1.2.840.9", NOISE, "it is no DICOM file"),
        ("README", b"From the scanner.\n", ""),
        # Called otherwise: known kinds are companions.
        ("a.txt", "höflich\n".encode(), ""),
        ("a.xml", "\ufeff<a/>".encode("utf-16-le"), ""),
        ("a.html", PAGE, ""),
        ("a.pdf", b"%PDF-1.4", ""),
        ("a.xlsx", b"PK\x03\x04", ""),
        ("a.jpg", b"\xff\xd8\xff\xe0", ""),
        ("a.mp4", b"\0\0\0\x20ftypisom\0", ""),
        ("a.ico", b"\0\0\1\0\1\0", ""),
        ("a.mat", b"MATLAB 5.0 MAT-file\0", ""),
        ("a.pkl", b"\x80\4\x95\0", ""),
        ("done.flag", b"", ""),
        ("IM9.dcm.part", NOISE, "it is no DICOM file, nor of a kind that is known"),
        ("IM9.bak", NOISE, "it is no DICOM file, nor of a kind that is known"),
        ("IM9.copy", b"\0\5\x16\7" + bytes(100), ""),
    ],
)
def test_a_companion_is_told_by_its_content_and_an_image_by_its_name(
    tmp_path, name, content, fault
):
    path = tmp_path / name
    path.write_bytes(content)
    found = fault_of(path, suffixes={""}, among_images=True)
    assert found.endswith(fault) if fault else found == ""
    called_so = suffix_of(name) in ("", ".dcm", ".gz") and name != "README"
    assert bool(fault_of(path, suffixes={""}, among_images=False)) == called_so


def test_a_volume_beside_images_is_a_companion(tmp_path):
    path = tmp_path / "x.nii.copy"
    path.write_bytes(nifti(tmp_path))
    assert fault_of(path, suffixes={".dcm"}, among_images=True) == ""


def test_what_should_be_an_image_is_a_problem_that_takes_nothing_else(tmp_path):
    write_dicom(tmp_path, "")
    (tmp_path / "a/IM9").write_bytes(PAGE)
    (tmp_path / "b/IM1").write_bytes((tmp_path / "b/IM1").read_bytes()[:300])
    (tmp_path / "c/notes.txt").write_text("?")
    with pytest.raises(InputError) as error:
        index(tmp_path)
    assert "a/IM9: unreadable image (it is no DICOM file but text)" in str(error.value)
    assert "b/IM1: unreadable image (cannot be read as DICOM: it is cut short" in str(error.value)
    assert "(2 problems)" in str(error.value)
    found = index(tmp_path, "exclude")
    assert found.problems["action"].tolist() == ["nothing excluded"] * 2
    assert found.listing["kept"].sum() == len(PATIENTS) * N_SLICES - 1
    assert reasons(found) == {
        "a/IM9": "unreadable",
        "b/IM1": "unreadable",
        "c/notes.txt": "other",
        "labels.csv": "table",
    }


def test_a_file_that_may_not_be_opened_is_a_problem(tmp_path, monkeypatch):
    """Root may open any file, so that it is closed is pretended here."""
    write_dicom(tmp_path)
    opened = Path.open

    def refusing(path, *args, **kwargs):
        if path.name == "IM0.dcm" and path.parent.name == "d":
            raise PermissionError(13, "Permission denied")
        return opened(path, *args, **kwargs)

    monkeypatch.setattr(Path, "open", refusing)
    with pytest.raises(InputError, match="d/IM0.dcm: unreadable image .it cannot be opened: Perm"):
        index(tmp_path)


def test_a_file_that_is_cut_anywhere_in_its_header_is_told(tmp_path):
    whole = save(ct(), tmp_path / "x.dcm").read_bytes()
    for n_bytes in range(132, whole.index(b"\xe0\x7f\x10\x00")):
        (tmp_path / "x.dcm").write_bytes(whole[:n_bytes])
        try:
            header = read_header(tmp_path / "x.dcm", "x.dcm")
        except InputError:
            continue
        assert header.reason != "no-pixels", f"cut to {n_bytes} bytes"
