"""What operating systems and tools leave behind is never a slice, a problem or a file's twin."""

import hashlib
import shutil

import pytest
from PIL import Image

from ct_ich import write_ct_ich
from ctseq.core.errors import InputError
from ctseq.intake.index import index_dataset
from ctseq.readers.junk import in_junk, is_junk
from ctseq.readers.registry import recognise
from ctseq.readers.walk import walk
from dicom_folders import reasons, write_dicom
from picture_folders import write_pictures

APPLE_DOUBLE = b"\0\5\x16\7\0\2\0\0Mac OS X        " + b"\0" * 100


def litter(folder):
    """Leave behind what systems and tools do; return the paths under which it is listed."""
    real = [path for path in folder.rglob("*") if path.is_file()]
    twins = [path.with_name("._" + path.name) for path in real]
    for path in twins:
        path.write_bytes(APPLE_DOUBLE)
    held = [path.relative_to(folder) for path in real]
    wholes = ("__MACOSX", ".git", ".ipynb_checkpoints", "@eaDir", "$RECYCLE.BIN", ".Trash-1000")
    for name in wholes:
        for path in held:
            (folder / name / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(folder / path, folder / name / path)
    below = max(real, key=lambda path: len(path.parts)).parent
    singles = [folder / ".DS_Store", below / "Thumbs.db", below / "desktop.ini", below / ".1.swp"]
    for path in singles:
        path.write_bytes(b"x")
    (below / "@eaDir").mkdir()
    shutil.copy(real[0], below / "@eaDir")  # a thumbnail
    listed = [*twins, *singles, below / "@eaDir", *(folder / name for name in wholes)]
    return {path.relative_to(folder).as_posix(): "other" for path in listed}


def ct_ich(folder):
    return write_ct_ich(folder, {"049": "-b", "050": "--"})


@pytest.mark.parametrize(
    ("write", "format"),
    [(write_dicom, "dicom"), (write_pictures, "folder"), (ct_ich, "ct-ich-jpg")],
)
@pytest.mark.parametrize("on_problem", ["error", "exclude"])
def test_junk_is_listed_and_changes_nothing(tmp_path, write, format, on_problem):
    write(tmp_path)
    clean = index_dataset(tmp_path, format, on_problem="error")
    junk = litter(tmp_path)
    assert recognise(tmp_path) == recognise(tmp_path, format)
    found = index_dataset(tmp_path, format, on_problem=on_problem)
    assert found.listing.equals(clean.listing)
    assert found.problems.empty
    assert reasons(found) == reasons(clean) | junk


def test_a_label_table_has_no_twin(tmp_path):
    write_pictures(tmp_path)
    shutil.copy(tmp_path / "labels.csv", tmp_path / "._labels.csv")
    shutil.copy(tmp_path / "labels.csv", tmp_path / "~$labels.csv")
    assert index_dataset(tmp_path, "folder", on_problem="error").listing["kept"].all()


def test_checksums_of_what_a_tool_keeps_are_not_missed(tmp_path):
    write_pictures(tmp_path)
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git/HEAD").write_text("x")
    digest = hashlib.sha256(b"x").hexdigest()
    (tmp_path / "SHA256SUMS.txt").write_text(f"{digest}  .git/HEAD\n")
    assert index_dataset(tmp_path, "folder", on_problem="error").problems.empty
    (tmp_path / "SHA256SUMS.txt").write_text(f"{digest}  p0/7.png\n")
    with pytest.raises(InputError, match="p0/7.png: is in SHA256SUMS.txt but not here"):
        index_dataset(tmp_path, "folder", on_problem="error")


@pytest.mark.parametrize("name", ["._1.png", ".git", ".DS_Store", "THUMBS.DB", "~$a.xlsx"])
def test_names_of_systems_and_tools(name):
    assert is_junk(name)
    assert in_junk(f"a/{name}/1.png")
    assert in_junk(f"a/{name}")


@pytest.mark.parametrize("name", ["1.png", "a.b", "..p", "thumbs", "eaDir", "~", "$x"])
def test_names_of_others(name):
    assert not is_junk(name)
    assert not in_junk(f"a/{name}/1.png")


def test_a_folder_of_a_tool_is_one_file_however_much_it_holds(tmp_path):
    for number in range(50):
        path = tmp_path / f".git/objects/{number}/x"
        path.parent.mkdir(parents=True)
        path.write_bytes(b"")
    assert list(walk(tmp_path)) == [(".git", "other")]


def test_only_junk_is_no_dataset(tmp_path):
    (tmp_path / "p1/@eaDir").mkdir(parents=True)
    Image.new("L", (4, 4)).save(tmp_path / "p1/@eaDir/1.png")
    Image.new("L", (4, 4)).save(tmp_path / "p1/._1.png")
    with pytest.raises(InputError, match="is no dataset that is known") as error:
        recognise(tmp_path)
    assert "looks right" not in str(error.value)


def test_a_picture_of_another_kind_is_no_silent_gap(tmp_path):
    write_pictures(tmp_path)
    Image.open(tmp_path / "p1/2.png").save(tmp_path / "p1/2.bmp")
    # Beside the picture that was made of it, it is no slice.
    assert reasons(index_dataset(tmp_path, "folder", on_problem="error"))["p1/2.bmp"] == "other"
    (tmp_path / "p1/2.png").unlink()
    with pytest.raises(InputError, match=r"p1/2.bmp: patient p1: unreadable image .it is no PNG"):
        index_dataset(tmp_path, "folder", on_problem="error")
    found = index_dataset(tmp_path, "folder", on_problem="exclude")
    assert reasons(found)["p1/2.bmp"] == "unreadable"
    assert found.listing["kept"].tolist() == [1] * 5
