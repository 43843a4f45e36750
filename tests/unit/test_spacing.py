"""The distance between slices, from the readers that know it to the table of scans."""

import nibabel
import numpy as np
import pytest

from ct_files import HU, ct, save
from ctseq.core.tables import read_table, write_table
from ctseq.intake.tables import SCANS
from ctseq.phantom.layouts import write_phantom
from ctseq.readers import ct_ich_nifti
from ctseq.readers.dicom.headers import read_header
from ctseq.readers.dicom.stacks import spacing_of
from indexed import selected


@pytest.mark.parametrize(
    ("layout", "expected"),
    [("dicom", 5.0), ("ct-ich-nifti", 5.0), ("ct-ich-jpg", np.nan), ("folder", np.nan)],
)
def test_volumes_know_their_spacing_and_pictures_do_not(tmp_path, layout, expected):
    write_phantom(
        tmp_path, patients=2, positive=1, image_size=32, layout=layout, slices=(5, 5), seed=1
    )
    _, scans, _ = selected(tmp_path, layout)
    np.testing.assert_array_equal(scans["spacing_mm"], [expected, expected])


def test_of_slices_without_equal_distances_the_median_counts(tmp_path):
    heights = [20, 0, 2.5, 5, 12.5]  # 2.5, 2.5, 7.5 and 7.5 apart, in no order
    headers = [
        read_header(save(ct(z=z), tmp_path / f"{n}.dcm"), f"{n}.dcm") for n, z in enumerate(heights)
    ]
    assert spacing_of(headers) == 5
    assert np.isnan(spacing_of(headers[:1]))
    assert np.isnan(spacing_of([]))


def test_a_tilted_gantry_is_measured_along_the_normal(tmp_path):
    """A table that moves 5 mm, 30 degrees off the normal, leaves 4.33 mm between slices."""
    back, up = np.cos(np.pi / 6), np.sin(np.pi / 6)
    tilted = {"ImageOrientationPatient": [1, 0, 0, 0, back, up]}
    headers = [
        read_header(save(ct(z=5.0 * n, **tilted), tmp_path / f"{n}.dcm"), f"{n}.dcm")
        for n in range(3)
    ]
    assert spacing_of(headers) == pytest.approx(5 * back, abs=5e-4)
    sheared = np.array(
        [[-0.5, 0, 0, 0], [0, -0.5 * back, 0, 0], [0, 0.5 * up, 5, 0], [0, 0, 0, 1.0]]
    )
    path = tmp_path / "ct_scans/049.nii"
    path.parent.mkdir()
    nibabel.Nifti1Image(np.zeros((6, 4, 3), np.int16), sheared).to_filename(path)
    contents = ct_ich_nifti.list_contents(tmp_path)
    assert sum(len(file.slices) for file in contents.files) == 3
    [told] = contents.series
    assert told.spacing_mm == pytest.approx(5 * back, abs=5e-4)


def test_patients_of_one_dataset_keep_their_own(tmp_path):
    for patient, (first, distance) in {"049": (1, 1.25), "050": (40, 5.0)}.items():
        for number in range(3):
            save(ct(HU + first + number, z=distance * number, PatientID=patient),
                 tmp_path / f"{patient}/{number}.dcm")  # fmt: skip
    (tmp_path / "labels.csv").write_text("patient_id,hemorrhage\n049,1\n050,0\n")
    _, scans, _ = selected(tmp_path, "dicom")
    assert scans["spacing_mm"].tolist() == [1.25, 5.0]
    write_table(scans, tmp_path / "scans.csv", SCANS)
    assert read_table(tmp_path / "scans.csv", SCANS)["spacing_mm"].tolist() == [1.25, 5.0]
