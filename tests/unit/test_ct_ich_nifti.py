"""The NIfTI release's reader, on volumes written by hand."""

import nibabel
import numpy as np
import pytest

from ctseq.core.errors import InputError
from ctseq.imaging.windows import PRESETS
from ctseq.intake.index import index_dataset
from ctseq.readers import ct_ich_nifti as reader
from indexed import list_slices, selected

HEADER = (
    "PatientNumber,SliceNumber,Intraventricular,Intraparenchymal,Subarachnoid,Epidural,Subdural,"
    "No_Hemorrhage,Fracture_Yes_No"
)
# Rows from the face back, columns from the patient's right to left, slices from the feet up: tissue
# within a rim of air.
SEEN = np.pad(np.arange(2 * 4 * 6, dtype=np.int16).reshape(2, 4, 6) - 5, ((0, 0), (1, 1), (1, 1)),
              constant_values=-1000)  # fmt: skip


def write(folder, axes="LPS", patient="049", seen=SEEN, **header):
    """Write what is `seen`, stored along `axes`, with an affine that says so."""
    left_back_up = seen.transpose(2, 1, 0)  # (column, row, slice)
    lps = nibabel.orientations.axcodes2ornt(("L", "P", "S"))
    turn = nibabel.orientations.ornt_transform(lps, nibabel.orientations.axcodes2ornt(axes))
    affine = np.diag([-0.5, -0.5, 5, 1]) @ nibabel.orientations.inv_ornt_aff(
        turn, left_back_up.shape
    )
    image = nibabel.Nifti1Image(nibabel.orientations.apply_orientation(left_back_up, turn), affine)
    for name, value in header.items():
        image.header[name] = value
    path = folder / f"ct_scans/{patient}.nii"
    path.parent.mkdir(parents=True, exist_ok=True)
    image.to_filename(path)
    return path


@pytest.fixture
def folder(tmp_path):
    """Two patients of two slices; in the second the upper one bleeds."""
    write(tmp_path, patient="049")
    write(tmp_path, patient="050", seen=SEEN + 1)
    rows = ["49,1,0,0,0,0,0,1,0", "49,2,0,0,0,0,0,1,0", "50,1,0,0,0,0,0,1,0", "50,2,0,1,0,0,0,0,0"]
    text = "\r\n".join([HEADER, *rows]) + "\r\n"
    (tmp_path / "hemorrhage_diagnosis_raw_ct.csv").write_bytes(b"\xef\xbb\xbf" + text.encode())
    people = ',,,Hemorrhage type,,\r\nPatient Number,"Age\n(years)",Gender\r\n49,34,Male\r\n,,\r\n'
    (tmp_path / "Patient_demographics.csv").write_text(people + "50,2 months,F\r\nTotal,2,\r\n")
    return tmp_path


def read(folder, patient="049"):
    slices = list_slices(reader, folder)
    own = slices[slices["patient_id"] == patient]
    sequence = reader.open_sequence(folder, own)
    return own, np.stack([sequence(index) for index in range(len(own))])


@pytest.mark.parametrize("axes", ["LPS", "RAS", "LAS", "RPS", "PLS", "ARS"])
def test_any_orientation_is_seen_as_in_the_jpg_release(folder, axes):
    write(folder, axes)
    slices, seen = read(folder)
    np.testing.assert_array_equal(seen, SEEN)
    assert slices["slice_number"].tolist() == [1, 2]


def test_numbers_follow_the_file_and_the_sequence_the_body(folder):
    """The table counts slices as they are stored, also where these run from the top down."""
    write(folder, "LPI")
    slices, seen = read(folder)
    assert slices["slice_number"].tolist() == [2, 1]
    np.testing.assert_array_equal(seen, SEEN)  # from the feet up all the same


def test_a_study_of_volumes(folder):
    (folder / "masks").mkdir()
    (folder / "masks/050.nii").write_bytes(b"never opened")
    slices, scans, summary = selected(folder, "ct-ich-nifti")
    assert slices["path"].tolist() == ["ct_scans/049.nii"] * 2 + ["ct_scans/050.nii"] * 2
    assert slices["intraparenchymal"].tolist() == [0, 0, 0, 1]
    assert scans["sex"].tolist() == ["M", "F"]
    assert scans["age_years"].tolist() == [34, pytest.approx(2 / 12)]
    files = {"seen": 5, "used": 2, "excluded_by_reason": {"mask": 1, "table": 2}}
    assert summary["flow"]["files"] == files
    assert summary["flow"]["slices"] == {"seen": 4, "used": 4, "excluded_by_reason": {}}


def test_scaled_and_floating_values_are_hounsfield_units(folder):
    path = folder / "ct_scans/049.nii"
    image = nibabel.load(path)
    values = np.asarray(image.dataobj) * 0.5
    scaled = nibabel.Nifti1Image(values, image.affine)
    scaled.set_data_dtype(np.int16)  # stored as whole numbers with a slope and an intercept
    scaled.to_filename(path)
    assert nibabel.load(path).dataobj.slope != 1
    np.testing.assert_allclose(read(folder)[1], SEEN * 0.5, atol=5e-3)
    nibabel.Nifti1Image(values, image.affine).to_filename(path)  # as 64-bit floating point
    np.testing.assert_array_equal(read(folder)[1], SEEN * 0.5)


def test_a_fourth_axis_of_one_is_none(folder):
    path = folder / "ct_scans/049.nii"
    image = nibabel.load(path)
    nibabel.Nifti1Image(np.asarray(image.dataobj).copy()[..., None], image.affine).to_filename(path)
    np.testing.assert_array_equal(read(folder)[1], SEEN)


def test_windows_make_grey_values(folder):
    slices = list_slices(reader, folder)
    sequence = reader.open_sequence(folder, slices[:2], (PRESETS["brain"],))
    assert sequence(0).dtype == np.uint8
    assert sequence(0)[1, 1] == round((15 / 120) * 255)  # -5 HU lies 15 above the window's foot


def no_orientation(path):
    content = bytearray(path.read_bytes())
    content[252:256] = bytes(4)  # qform_code and sform_code
    path.write_bytes(content)


def changed(change):
    def spoil(path):
        change(nibabel.load(path)).to_filename(path)

    return spoil


def array_of(image):
    return np.asarray(image.dataobj).copy()


def flat(image):
    affine = image.affine.copy()
    affine[:, 1] = affine[:, 0]
    return nibabel.Nifti1Image(array_of(image), affine)


def coronal(image):
    return nibabel.Nifti1Image(array_of(image), image.affine[:, [0, 2, 1, 3]])


def four(image):
    return nibabel.Nifti1Image(np.stack([array_of(image)] * 2, -1), image.affine)


def two(image):
    return nibabel.Nifti1Image(array_of(image)[..., 0], image.affine)


def colours(image):
    rgb = np.zeros(image.shape, [("R", "u1"), ("G", "u1"), ("B", "u1")])
    return nibabel.Nifti1Image(rgb, image.affine)


def cut(path):
    path.write_bytes(path.read_bytes()[:380])


def both(sform, qform):
    """Write an affine twice, of the same voxels, as what is asked for makes of it."""

    def change(image):
        # Without what nibabel itself writes where values are not told.
        both = nibabel.Nifti1Image(array_of(image), image.affine)
        both.set_sform(sform(image.affine), 1)
        both.set_qform(qform(image.affine), 1, strip_shears=True)
        return both

    return changed(change)


def same(affine):
    return affine


def upside_down(affine):
    return affine @ np.diag([1, -1, -1, 1])


def thicker(affine):
    return affine @ np.diag([1, 1, 2, 1])


def leaning(affine):
    """Return the affine of a volume whose slices are tilted, but not the way that they follow."""
    leaning = affine.copy()
    leaning[1, 2] = 5 * np.tan(np.radians(20))
    return leaning


def nodding(affine):
    sine, cosine = np.sin(np.radians(10)), np.cos(np.radians(10))
    turn = [[1, 0, 0, 0], [0, cosine, -sine, 0], [0, sine, cosine, 0], [0, 0, 0, 1]]
    return np.array(turn) @ affine


@pytest.mark.parametrize(
    "spoil",
    [both(same, same), both(nodding, nodding), both(leaning, leaning), both(leaning, same)],
)
def test_an_sform_and_a_qform_that_agree(folder, spoil):
    spoil(folder / "ct_scans/049.nii")
    np.testing.assert_array_equal(read(folder)[1], SEEN)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (both(same, upside_down), "lies along LPS by its sform, and along LAI by its qform"),
        (both(thicker, same), "in voxels of 0.5 x 0.5 x 10 mm by its sform, and of 0.5 x 0.5 x 5"),
        (both(nodding, same), "turned otherwise by its sform than by its qform"),
        (no_orientation, "does not tell where right, front and top are"),
        (changed(flat), "an affine that describes no volume"),
        (changed(coronal), "stored along L.*reorient it"),
        (changed(four), r"has 4 dimensions, \(8, 6, 2, 2\)"),
        (changed(two), "has 2 dimensions"),
        (changed(colours), "no Hounsfield units"),
        (lambda path: path.write_bytes(b""), "it is empty"),
        (lambda path: path.write_text("no volume" * 99), "cannot be read as a volume"),
    ],
)
def test_volumes_that_cannot_be_used(folder, spoil, words):
    spoil(folder / "ct_scans/049.nii")
    with pytest.raises(InputError, match=f"049.nii: patient 049: volume cannot be used .*{words}"):
        index_dataset(folder, "ct-ich-nifti", on_problem="error")
    index = index_dataset(folder, "ct-ich-nifti", on_problem="exclude")
    assert index.inventory.set_index("path")["reason"]["ct_scans/049.nii"] == "volume"
    assert set(index.listing["patient_id"]) == {"050"}
    assert index.problems["problem"].tolist() == ["volume"]


def test_a_slice_that_holds_no_numbers_and_a_file_cut_short(folder):
    path = folder / "ct_scans/049.nii"
    image = nibabel.load(path)
    values = array_of(image).astype(np.float32)
    values[0, 0, 1] = np.nan
    nibabel.Nifti1Image(values, image.affine).to_filename(path)
    with pytest.raises(InputError, match="patient 049 slice 2: unreadable image .*no numbers"):
        index_dataset(folder, "ct-ich-nifti", on_problem="error")
    cut(path)
    with pytest.raises(InputError, match="patient 049 slice 1: unreadable image"):
        index_dataset(folder, "ct-ich-nifti", on_problem="error")
