"""What readers keep of a scan: distances, how it lies, positions, masks, and no person's name."""

import nibabel
import numpy as np
import pytest

from ct_files import HU, ct, save
from ctseq.core.tables import read_table, write_table
from ctseq.imaging.geometry import orientation_words
from ctseq.intake.index import index_dataset
from ctseq.intake.tables import MASKS, SERIES
from ctseq.phantom.layouts import write_phantom
from ctseq.readers.dicom.headers import read_header

TILT = 20 * np.pi / 180
TILTED = [1, 0, 0, 0, np.cos(TILT), -np.sin(TILT)]


def kept(folder, format):
    """Return the tables of series and masks, and the listing."""
    index = index_dataset(folder, format, on_problem="error")
    return index.series, index.masks, index.listing


def series_of(folder, **changes):
    for number in range(3):
        save(ct(HU + number, z=4.0 * number, **changes), folder / f"a/{number}.dcm")
    (folder / "labels.csv").write_text("patient_id,label\nP,1\n")
    series, _, listing = kept(folder, "dicom")
    return series.iloc[0], listing


def test_dicom_tells_distances_and_how_slices_lie(tmp_path):
    told, listing = series_of(tmp_path, PixelSpacing=[0.5, 0.4], SeriesDescription="Head  5mm H30s")
    assert told[["spacing_mm", "row_mm", "column_mm"]].tolist() == [4.0, 0.5, 0.4]
    assert told[["orientation", "description"]].tolist() == ["axial", "Head 5mm H30s"]
    assert listing["position_mm"].tolist() == [0, 4, 8]


def test_rows_and_columns_are_those_of_slices_as_shown(tmp_path):
    exchanged = [0, 1, 0, 1, 0, 0]
    told, _ = series_of(tmp_path, PixelSpacing=[0.5, 0.4], ImageOrientationPatient=exchanged)
    assert told[["row_mm", "column_mm"]].tolist() == [0.4, 0.5]


def test_a_tilted_gantry_is_told(tmp_path):
    told, listing = series_of(tmp_path, ImageOrientationPatient=TILTED)
    assert told["orientation"] == "axial, tilted 20 degrees"
    assert told[["row_mm", "column_mm"]].isna().all()
    expected = np.round(4 * np.cos(TILT) * np.arange(3), 3)
    np.testing.assert_array_equal(listing["position_mm"], expected)


def test_words_of_orientation():
    assert orientation_words([1, 0, 0], [0, -2, 0]) == "axial"
    assert orientation_words(TILTED[:3], TILTED[3:]) == "axial, tilted 20 degrees"
    assert orientation_words([1, 0, 0], [0, 1, 0.001]) == "axial"


@pytest.mark.parametrize(
    ("description", "expected"),
    [
        ("CT POST CONTRAST", "CT POST CONTRAST"),
        ("Head 5.0 H30s", "Head 5.0 H30s"),
        ("x" * 80, "x" * 64),
        ("Bad\x07text", ""),
        ("Head of MILLER", ""),
        ("head smillerton", ""),  # a name inside a word
        ("Jo 5mm", ""),  # a short one as a word,
        ("Joint 5mm", "Joint 5mm"),  # and not
        ("Head MRN-77", ""),
        ("Doe^Jane", ""),
        ("Head 12.03.1950", ""),
        ("Head 1950-03-12", ""),
        ("Head 4711088", ""),
        ("", ""),
    ],
)
def test_a_description_that_may_name_a_person_is_not_kept(tmp_path, description, expected):
    image = ct(PatientName="Miller^Jo", PatientID="MRN-77", SeriesDescription=description)
    header = read_header(save(image, tmp_path / "a.dcm"), "a.dcm")
    assert header.facts.description == expected


def test_an_id_with_a_word_of_everybodys_hides_no_description(tmp_path):
    image = ct(PatientID="CQ500-CT-0", SeriesDescription="CT Plain")
    header = read_header(save(image, tmp_path / "a.dcm"), "a.dcm")
    assert header.facts.description == "CT Plain"


@pytest.mark.parametrize("spacing", [[], 0.5, [0.5, 0], [0.5, 0.5, 0.5]])
def test_spacing_of_pixels_that_is_odd_is_unknown(tmp_path, spacing):
    header = read_header(save(ct(PixelSpacing=spacing), tmp_path / "a.dcm"), "a.dcm")
    assert np.isnan(header.pixel_mm).all()


def test_volumes_tell_distances_as_slices_are_shown(tmp_path):
    """The first axis of the array runs to the back and the second to the left, up to the head."""
    affine = np.array([[0, -0.4, 0, 9], [-0.5, 0, 0, 9], [0, 0, 2.5, 30], [0, 0, 0, 1.0]])
    path = tmp_path / "ct_scans/049.nii"
    path.parent.mkdir()
    tissue = np.arange(4 * 6 * 3, dtype=np.int16).reshape(4, 6, 3)
    values = np.pad(tissue, ((1, 1), (1, 1), (0, 0)), constant_values=-1000)
    nibabel.Nifti1Image(values, affine).to_filename(path)
    header = "PatientNumber,SliceNumber,Intraventricular,Intraparenchymal,Subarachnoid,Epidural,"
    rows = [f"49,{n},0,0,0,0,0,1" for n in (1, 2, 3)]
    text = "\n".join([header + "Subdural,No_Hemorrhage", *rows])
    (tmp_path / "hemorrhage_diagnosis_raw_ct.csv").write_text(text)
    series, _, listing = kept(tmp_path, "ct-ich-nifti")
    told = series.iloc[0]
    assert told[["spacing_mm", "row_mm", "column_mm"]].tolist() == [2.5, 0.5, 0.4]
    assert told["orientation"] == "axial"
    assert listing["position_mm"].tolist() == [30, 32.5, 35]


@pytest.mark.parametrize("layout", ["ct-ich-jpg", "ct-ich-nifti", "dicom", "folder"])
def test_every_scan_has_its_row_and_masks_stay_apart(tmp_path, layout):
    write_phantom(tmp_path, patients=4, positive=2, image_size=32, layout=layout, slices=(5, 5),
                  seed=1)  # fmt: skip
    series, masks, listing = kept(tmp_path, layout)
    assert series["scan_id"].tolist() == listing["scan_id"].drop_duplicates().tolist()
    volume = layout in ("ct-ich-nifti", "dicom")
    assert set(series["orientation"]) == ({"axial"} if volume else {""})
    sizes = [250 / 32] * 4 if volume else [np.nan] * 4
    np.testing.assert_allclose(series["row_mm"], sizes, atol=1e-3)
    np.testing.assert_array_equal(series["row_mm"], series["column_mm"])
    expected = [0.0, 5, 10, 15, 20] * 4 if volume else [np.nan] * 20
    np.testing.assert_array_equal(listing["position_mm"], expected)
    for rows, contract in ((series, SERIES), (masks, MASKS)):
        write_table(rows, tmp_path / "table.csv", contract)
        assert read_table(tmp_path / "table.csv", contract).equals(rows)
    assert not set(masks["path"]) & set(listing["path"])
    if layout == "ct-ich-jpg":  # a picture for each positive slice
        positive = listing.loc[listing["target"] == 1, ["scan_id", "slice_number"]]
        own = masks.sort_values(["scan_id", "slice_number"])[["scan_id", "slice_number"]]
        assert own.astype(str).values.tolist() == positive.astype(str).values.tolist()
    elif layout == "ct-ich-nifti":  # a volume for each scan
        assert masks["scan_id"].tolist() == series["scan_id"].tolist()
        assert masks["slice_number"].isna().all()
    else:
        assert masks.empty
