"""Files that are elsewhere: behind links, in a store that was not fetched, or in an archive."""

import os
import shutil
import zipfile

import pytest
from pydicom.uid import MRImageStorage

from ct_files import HU, ct, save
from ctseq.core.errors import InputError
from ctseq.intake.index import index_dataset
from ctseq.readers.images import read_image
from ctseq.readers.registry import recognise
from ctseq.readers.stores import absence, is_archive, pointer, where_files_are
from ctseq.readers.walk import walk
from ctseq.study.datasets import Dataset
from dicom_folders import N_SLICES, PATIENTS, reasons, write_dicom

N = len(PATIENTS) * N_SLICES
ANNEX = "../.git/annex/objects/Xk/7j/SHA256E-s100--0.dcm"


@pytest.fixture
def folder(tmp_path):
    return write_dicom(tmp_path / "data")


def index(folder, on_problem="error", links_into=()):
    return index_dataset(
        folder, "dicom", on_problem=on_problem, links_into=links_into, key="datasets.x"
    )


def files_into(folder, store):
    """Move each image into a store, and leave a link."""
    store.mkdir(parents=True)
    for number, path in enumerate(sorted(folder.glob("*/*.dcm"))):
        shutil.move(path, store / str(number))
        path.symlink_to(os.path.relpath(store / str(number), path.parent))


def folders_into(folder, store):
    """Move each patient's folder into a store, and leave a link."""
    store.mkdir(parents=True)
    for path in sorted(folder.glob("*/")):
        shutil.move(path, store / path.name)
        path.symlink_to(store / path.name)


@pytest.mark.parametrize("move", [files_into, folders_into])
def test_links_into_a_store_are_counted_and_followed_where_that_is_allowed(folder, move):
    store = folder.parent / "store"
    move(folder, store)
    n_links = N if move is files_into else len(PATIENTS)
    words = f"Links that lead out of it: {n_links}, to {store}. They are not followed: if they "
    words += f"may be, set datasets.x.links_into to [{store}]"
    with pytest.raises(InputError) as error:
        recognise(folder, "dicom", key="datasets.x")
    assert words in str(error.value)
    assert recognise(folder, "auto", links_into=[str(store)])[0] == "dicom"
    found = index(folder, links_into=[str(store)])
    assert found.listing["kept"].sum() == N
    assert found.listing["path"].iloc[0] == "a/IM0.dcm"
    assert reasons(found) == {"labels.csv": "table"}


def test_a_dataset_without_slices_says_that_they_lie_behind_links(folder):
    files_into(folder, folder.parent / "store")
    with pytest.raises(InputError, match=f"holds no brain slices .*Links that lead out of it: {N}"):
        index(folder)


def test_nothing_is_left_where_the_only_image_that_is_here_is_no_ct(folder):
    files_into(folder, folder.parent / "store")
    save(ct(HU, Modality="MR", SOPClassUID=MRImageStorage), folder / "a/object.dcm")
    with pytest.raises(InputError, match=f"holds no brain slices .*Links that lead out of it: {N}"):
        index(folder, "exclude")


def test_missing_slices_that_lie_behind_links_are_told_so(folder):
    shutil.move(folder / "d", folder.parent / "d")
    (folder / "d").symlink_to(folder.parent / "d")
    with pytest.raises(InputError, match=r"(?s)patient d: no slice file.*Links that lead out.*: 1"):
        index(folder)


def test_each_image_of_a_scan_that_lies_behind_links_is_named_where_rows_name_it(folder):
    store = folder.parent / "store"
    shutil.move(folder / "d", store)
    (folder / "d").mkdir()
    for path in sorted(store.iterdir()):
        (folder / "d" / path.name).symlink_to(path)
    images = [f"{patient}/IM{k}.dcm" for patient in PATIENTS for k in range(N_SLICES)]
    rows = [f"{image},{int(image[0] == 'a')}" for image in images]
    (folder / "labels.csv").write_text("\n".join(["image,label", *rows]))
    problems = index(folder, "exclude").problems
    lost = [f"d/IM{k}.dcm" for k in range(N_SLICES)]
    assert problems.loc[problems["problem"] == "not-opened", "path"].tolist() == lost
    with pytest.raises(InputError, match=r"d/IM0\.dcm: image that is never opened \(link that"):
        index(folder)


def test_a_store_below_the_dataset_needs_no_leave(folder):
    files_into(folder, folder / ".git/annex/objects")
    found = index(folder)
    assert found.listing["kept"].sum() == N
    assert reasons(found) == {"labels.csv": "table", ".git": "other"}


def test_links_end_in_no_loop_and_reach_nothing_else(folder):
    store = folder.parent / "store"
    folders_into(folder, store)
    (store / "a/again").symlink_to(folder)
    (store / "b/up").symlink_to(store)
    (folder / "away").symlink_to("/")
    found = index(folder, links_into=[str(store)])
    assert found.listing["kept"].sum() == N
    assert reasons(found)["away"] == "outside"


def test_a_store_that_is_not_there_is_an_error(folder):
    with pytest.raises(InputError, match="datasets.x.links_into names .*nowhere, which is no fol"):
        recognise(folder, links_into=[str(folder / "nowhere")], key="datasets.x")


def test_links_into_several_stores_name_each(tmp_path, monkeypatch):
    targets = ["/one/a/1.png", "/one/b/1.png", "/two/1.png"]
    for number, target in enumerate(targets):
        (tmp_path / str(number)).symlink_to(target)
    monkeypatch.setattr("pathlib.Path.exists", lambda path: True)
    assert "to /one, /two. They" in where_files_are(tmp_path, (), "datasets.x")


def test_what_git_annex_has_not_fetched(folder):
    files_into(folder, folder / ".git/annex/objects")
    shutil.rmtree(folder / ".git/annex/objects")
    fetch = r"git-annex has not fetched it: run git annex get"
    with pytest.raises(InputError, match=rf"to files that are not there: {N} \({fetch}\)"):
        recognise(folder, "dicom")
    link = folder / "a/IM0.dcm"
    assert absence(link) == f"it does not exist: {fetch}"
    assert absence(folder / "a/IM7.dcm") == "it does not exist"
    assert absence(folder) == "it is no plain file"


def test_one_image_that_was_not_fetched_is_a_problem(folder):
    path = folder / "a/IM0.dcm"
    path.unlink()
    path.symlink_to(ANNEX)
    with pytest.raises(InputError, match="a/IM0.dcm: unreadable image .it does not exist: git-ann"):
        index(folder)


@pytest.mark.parametrize(
    ("text", "cure"),
    [
        ("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 9\n", "git lfs pull"),
        ("/annex/objects/SHA256E-s100--0.dcm\n", "git annex get"),
        (ANNEX, "git annex get"),  # a link, where a file system has none
        ("..\\.git\\annex\\objects\\x", "git annex get"),
        ("a note on /data/x\n", ""),
        ("", ""),
    ],
)
def test_a_pointer_is_told_by_its_text(tmp_path, text, cure):
    path = tmp_path / "1.png"
    path.write_text(text)
    assert pointer(path).endswith(cure) if cure else pointer(path) == ""
    with pytest.raises(InputError, match=cure or "cannot identify|it is empty"):
        read_image(path)


def test_pointers_in_place_of_all_images(folder):
    for path in folder.glob("*/*.dcm"):
        path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 9\n")
    with pytest.raises(InputError, match=rf"text in place of the file itself: {N} \(git LFS"):
        recognise(folder, "dicom")


def test_what_dvc_has_not_fetched(tmp_path):
    (tmp_path / "scans.dvc").write_text("outs:\n- md5: 4d7a.dir\n  path: scans\n")
    (tmp_path / ".dvc").mkdir()
    with pytest.raises(InputError, match=r"files that are not there: 1 \(DVC .*: run dvc pull\)"):
        recognise(tmp_path)
    (tmp_path / "scans").mkdir()
    assert where_files_are(tmp_path, (), "datasets.x") == ""


@pytest.mark.parametrize("format", ["dicom", "auto"])
def test_archives_alone_are_to_be_unpacked(tmp_path, format):
    for name in ("CT-1.zip", "CT-2.7z", "CT-3.tar.gz", "CT-4.rar"):
        (tmp_path / name).write_bytes(b"PK")
    (tmp_path / "reads.csv").write_text("name,R1:ICH,R2:ICH,R3:ICH\nCT-1,1,1,0\n")
    words = r"not unpacked: 4 \(CT-1.zip, CT-2.7z, CT-3.tar.gz and 1 more\). Unpack each into a fol"
    with pytest.raises(InputError, match=words):
        recognise(tmp_path, format)


def test_compressed_files_alone_are_to_be_unpacked(tmp_path):
    (tmp_path / "p1").mkdir()
    for name in ("1.dcm.gz", "2.dcm.xz", "seg.nii.gz"):
        (tmp_path / "p1" / name).write_bytes(b"\x1f\x8b")
    words = r"compressed: 2 \(p1/1.dcm.gz and p1/2.dcm.xz\). Unpack each beside itself"
    with pytest.raises(InputError, match=words):
        recognise(tmp_path)
    (tmp_path / "p1/1.dcm").write_bytes(b"")  # as gunzip --keep leaves it
    assert "compressed: 1 (p1/2.dcm.xz)" in where_files_are(tmp_path, (), "datasets.x")


@pytest.mark.parametrize("format", ["folder", "auto"])
def test_pictures_of_other_kinds_alone_are_named(tmp_path, format):
    (tmp_path / "p1").mkdir()
    for name in ("1.webp", "2.BMP"):
        (tmp_path / "p1" / name).write_bytes(b"BM")
    words = r"no PNG, JPG or TIFF: 2 \(p1/1.webp and p1/2.BMP\). Save each as one without loss"
    with pytest.raises(InputError, match=words):
        recognise(tmp_path, format)


def test_an_archive_beside_its_folder_is_only_listed(folder):
    zipfile.ZipFile(folder / "b.zip", "w").write(folder / "b/IM0.dcm")
    assert reasons(index(folder))["b.zip"] == "other"
    assert where_files_are(folder, (), "datasets.x") == ""
    (folder / "CT-7.zip").write_bytes(b"PK")
    (folder / "CT7 CT7").mkdir()  # as CQ500's archives are unpacked
    assert where_files_are(folder, (), "datasets.x") == ""
    (folder / "e.zip").write_bytes(b"PK")
    assert "not unpacked: 1 (e.zip)" in where_files_are(folder, (), "datasets.x")


def test_an_archive_given_as_the_dataset(folder):
    path = folder.parent / "data.zip"
    path.write_bytes(b"PK")
    with pytest.raises(InputError, match="is not a folder.*Unpack data.zip first"):
        recognise(path)
    assert is_archive("A.TAR.GZ")
    assert not is_archive("049.nii.gz")


def test_a_sibling_makes_no_parent_a_dataset(folder):
    empty = folder.parent / "empty"
    empty.mkdir()
    (empty / "notes.txt").write_text("?")
    with pytest.raises(InputError, match="is no dataset that is known") as error:
        recognise(empty)
    assert "looks right" not in str(error.value)


def test_of_several_folders_that_fit_none_is_better(tmp_path):
    for patient in ("p1", "p2"):
        (tmp_path / f"{patient}/brain").mkdir(parents=True)
        (tmp_path / f"{patient}/brain/1.png").write_bytes(b"")
    with pytest.raises(InputError, match="is no dataset that is known") as error:
        recognise(tmp_path, "folder")
    assert "looks right" not in str(error.value)
    shutil.rmtree(tmp_path / "p2")
    with pytest.raises(InputError, match="p1 looks right"):
        recognise(tmp_path, "folder")


def test_a_patients_folder_points_to_the_dataset(tmp_path):
    for patient in ("p1", "p2"):
        (tmp_path / patient).mkdir()
        (tmp_path / f"{patient}/1.png").write_bytes(b"")
    with pytest.raises(InputError, match=f"{tmp_path} looks right: set datasets.<name>.path to it"):
        recognise(tmp_path / "p2", "folder")


def test_links_are_settings_of_the_dataset():
    its = {"path": "d", "format": "dicom", "labels": "auto", "target": "hemorrhage"}
    its |= {"on_problem": "error", "window": "brain", "links_into": ["/store"], "columns": {}}
    dataset = Dataset.of("x", {"datasets": {"x": its}})
    assert dataset.settings["links_into"] == ["/store"]


def test_a_walk_names_each_file_once(folder):
    store = folder.parent / "store"
    folders_into(folder, store)
    (folder / "more").symlink_to(store)
    paths = [found.path for found in walk(folder, [str(store)])]
    assert len(paths) == len(set(paths)) == N + 1
