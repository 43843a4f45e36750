"""DICOM: stored values become Hounsfield units, in every kind of compression."""

import numpy as np
import pydicom
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import JPEG2000Lossless, JPEGLosslessSV1, RLELossless

import lossless_jpeg
from ct_files import HU, PYDICOMS, ct, save
from ctseq.core.errors import InputError
from ctseq.readers.dicom.pixels import read_hu


@pytest.mark.parametrize(
    "image",
    [
        pytest.param(ct(), id="signed 16 bit"),
        pytest.param(ct(signed=False), id="unsigned 16 bit"),
        pytest.param(ct(signed=False, bits=12), id="unsigned 12 bit"),
        pytest.param(ct(bits=12), id="signed 12 bit"),
        pytest.param(ct(HU // 2, RescaleSlope=2), id="slope"),
        pytest.param(ct(HU + 7, RescaleIntercept=-7), id="intercept"),
        pytest.param(ct(-HU, RescaleSlope=-1, PhotometricInterpretation="MONOCHROME1"), id="mono1"),
        pytest.param(ct(HU[:, ::-1], ImageOrientationPatient=[-1, 0, 0, 0, 1, 0]), id="mirrored"),
        pytest.param(ct(HU[::-1], ImageOrientationPatient=[1, 0, 0, 0, -1, 0]), id="upside down"),
        pytest.param(ct(HU.T, ImageOrientationPatient=[0, 1, 0, 1, 0, 0]), id="transposed"),
    ],
)
def test_stored_values_become_the_same_hounsfield_units(image, tmp_path):
    hu = read_hu(save(image, tmp_path / "x.dcm"), 1)
    assert hu.dtype == np.float32
    np.testing.assert_array_equal(hu, HU)


def test_signed_12_bits_ignore_what_lies_above_them(tmp_path):
    image = ct(bits=12)
    stored = np.frombuffer(image.PixelData, "<i2") & 0x0FFF  # old overlays live in the upper bits
    image.PixelData = stored.astype("<u2").tobytes()
    np.testing.assert_array_equal(read_hu(save(image, tmp_path / "x.dcm"), 1), HU)


@pytest.mark.parametrize(("signed", "bits"), [(False, 12), (True, 16)])
def test_monochrome1_that_was_stored_upside_down_is_turned_back(signed, bits, tmp_path):
    head = np.full((8, 8), -1000, np.int16)
    head[2:6, 2:6] = 40
    if signed:
        image = ct(-1 - head, PhotometricInterpretation="MONOCHROME1")
    else:
        stored = 4095 - (head + 1024)
        image = ct(stored - 1024, signed=False, bits=12, PhotometricInterpretation="MONOCHROME1")
    np.testing.assert_array_equal(read_hu(save(image, tmp_path / "x.dcm"), 1), head)


@pytest.mark.parametrize("syntax", [RLELossless, JPEG2000Lossless])
def test_compressed_pixels_are_decoded(syntax, tmp_path):
    image = ct(np.tile(HU, (8, 8)))
    image.compress(syntax)
    hu = read_hu(save(image, tmp_path / "x.dcm"), 1)
    np.testing.assert_array_equal(hu, np.tile(HU, (8, 8)))


def test_lossless_jpeg_is_decoded(tmp_path):
    noise = np.random.default_rng(0).integers(-1024, 31000, (9, 7)).astype(np.int16)
    noise[0, :2] = 31744, -1024  # a difference of -32768, the longest that there is
    image = ct(noise, signed=False, RescaleSlope=2)
    stored = np.frombuffer(image.PixelData, "<u2").reshape(noise.shape)
    image.PixelData = encapsulate([lossless_jpeg.encode(stored)])
    image["PixelData"].is_undefined_length = True
    image.file_meta.TransferSyntaxUID = JPEGLosslessSV1
    hu = read_hu(save(image, tmp_path / "x.dcm"), 1)
    np.testing.assert_array_equal(hu, 2.0 * stored - 1024)


@pytest.mark.parametrize("name", ["RLE", "jp2klossless", "jpeg_ls_lossless", "implicit"])
def test_other_programs_files_are_decoded(name, tmp_path):
    """pydicom brings one picture in several transfer syntaxes."""
    decoded = []
    for file in ("MR_small.dcm", f"MR_small_{name}.dcm"):
        image = pydicom.dcmread(PYDICOMS / file)
        image.RescaleSlope, image.RescaleIntercept = 2, -1024
        image.save_as(tmp_path / file)
        decoded.append(read_hu(tmp_path / file, 1))
    np.testing.assert_array_equal(*decoded)


def without(name):
    return ct(**{name: None})


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (without("PixelData"), "it has no pixel data"),
        (without("RescaleSlope"), "it has no RescaleSlope, so its values are no Hounsfield"),
        (ct(PixelData=b"\0\0"), "cannot be decoded"),
        (ct(RescaleSlope="nan"), "its RescaleSlope is no number"),
    ],
)
def test_what_cannot_be_decoded_says_so(image, words, tmp_path):
    with pytest.raises(InputError, match=rf"x\.dcm cannot be decoded: .*{words}|{words}"):
        read_hu(save(image, tmp_path / "x.dcm"), 1)
