"""DICOM files whose header and pixels disagree: put right if that is certain, else named."""

import numpy as np
import pydicom
import pytest
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import (
    MPEG2MPML,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    RLELossless,
)

import lossless_jpeg
from ct_files import HU, ct, save
from ctseq.core.errors import InputError
from ctseq.readers.dicom.pixels import read_hu

# Brain with a skull of 1400 HU in air.
HEAD = np.pad(np.full((4, 4), 40, np.int32), 1, constant_values=1400)
HEAD = np.pad(HEAD, 2, constant_values=-1000)
HEAD[2, 2:6] = 1200, 1300, 1500, 1600
PADDED = np.where(np.add.outer(np.arange(10), np.arange(10)) < 4, -2000, HEAD)
# A tenth of the values is enough that each decoder notices, and few enough that some do not.
KEPT = 0.9


def stored(values, **changes):
    """Return a slice whose stored values are `values`, whatever its header says."""
    return ct(PixelData=np.asarray(values).astype("<u2").tobytes(), **changes)


def head(**changes):
    return stored(changes.pop("values"), hu=HEAD, RescaleSlope=1, **changes)


def with_padding(image, representation, value):
    image.add_new("PixelPaddingValue", representation, value)
    return image


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        pytest.param(
            head(values=HEAD % 4096, signed=False, bits=12, RescaleIntercept=0),
            HEAD,
            id="12 bits, negative values modulo 4096",
        ),
        pytest.param(
            head(values=HEAD, signed=False, RescaleIntercept=0),
            HEAD,
            id="signed values that are said to be unsigned",
        ),
        pytest.param(
            head(values=PADDED, signed=False, PixelPaddingValue=63536),
            PADDED - 1024,
            id="padding of -2000 in unsigned values",
        ),
        pytest.param(
            head(values=PADDED, signed=False, bits=12, PixelPaddingValue=63536),
            np.where(PADDED == -2000, -3024, (PADDED % 4096) - 1024),
            id="padding of 16 bits beside values of 12",
        ),
        pytest.param(
            with_padding(head(values=PADDED, RescaleIntercept=0), "US", 63536),
            PADDED,
            id="padding told as unsigned in signed values",
        ),
        pytest.param(
            head(values=(HEAD + 1024) | 0x8000, signed=False, bits=12),
            HEAD,
            id="an overlay in the upper bits",
        ),
    ],
)
def test_values_are_put_right(image, expected, tmp_path):
    np.testing.assert_array_equal(read_hu(save(image, tmp_path / "x.dcm"), 1), expected)


@pytest.mark.parametrize("padding", [0, 4095])
def test_an_inverted_slice_with_padding_is_turned_back(padding, tmp_path):
    """Padding fills all of the rim, and is neither inverted nor taken for air."""
    is_padding = np.pad(np.zeros((8, 8), bool), 1, constant_values=True)
    values = np.where(is_padding, padding, 4095 - (HEAD + 1024))
    image = head(values=values, signed=False, bits=12, RescaleIntercept=-1024,
                 PhotometricInterpretation="MONOCHROME1", PixelPaddingValue=padding)  # fmt: skip
    hu = read_hu(save(image, tmp_path / "x.dcm"), 1)
    np.testing.assert_array_equal(hu, np.where(is_padding, padding - 1024, HEAD))


def test_a_slice_of_air_is_not_inverted(tmp_path):
    noise = np.full((6, 6), -1005, np.int16)
    noise[0] = -990  # the rim is a little brighter than the mean
    image = ct(noise, PhotometricInterpretation="MONOCHROME1")
    np.testing.assert_array_equal(read_hu(save(image, tmp_path / "x.dcm"), 1), noise)


def cut_file(n):
    def spoil(path):
        path.write_bytes(path.read_bytes()[:-n])

    return spoil


def replaced(old, new):
    def spoil(path):
        assert path.read_bytes().count(old) == 1
        path.write_bytes(path.read_bytes().replace(old, new))

    return spoil


def compressed(syntax, kept=1.0):
    noise = np.random.default_rng(0).integers(-1000, 1000, (64, 64)).astype(np.int16)
    if syntax == JPEGLosslessSV1:
        image = ct(noise, signed=False)
        coded = lossless_jpeg.encode(np.frombuffer(image.PixelData, "<u2").reshape(noise.shape))
        image.file_meta.TransferSyntaxUID = syntax
    else:
        image = ct(noise)
        image.compress(syntax)
        coded = next(generate_frames(image.PixelData))
    image.PixelData = encapsulate([coded[: int(kept * len(coded))]])
    image["PixelData"].is_undefined_length = True
    return image


def of_syntax(uid):
    image = compressed(RLELossless)
    image.file_meta.TransferSyntaxUID = uid
    return image


EXPLICIT = ExplicitVRLittleEndian.encode() + b"\0"


@pytest.mark.parametrize(
    ("image", "spoil", "words"),
    [
        (ct(), cut_file(40), "its pixel data is cut short: 56 of 96 bytes"),
        (compressed(RLELossless), cut_file(99), "its pixel data is cut short: the end is missing"),
        (compressed(RLELossless, KEPT), None, "cut short or damaged: it is no RLE Lossless of 64"),
        (compressed(JPEG2000Lossless, KEPT), None, "it is no JPEG 2000 .* of 64 x 64 pixels"),
        (compressed(JPEGLosslessSV1, KEPT), None, "cut short: the end of the JPEG is missing"),
        (of_syntax(MPEG2MPML), None, "its transfer syntax, MPEG2 .*, is none that can be decoded"),
        (ct(), replaced(EXPLICIT, b"1.2.3.4".ljust(len(EXPLICIT), b"\0")), "syntax, 1.2.3.4, is"),
        (ct(RescaleSlope=""), None, "its RescaleSlope is empty"),
        (ct(RescaleIntercept=""), None, "its RescaleIntercept is empty"),
        (ct(RescaleIntercept=None), None, "it has no RescaleIntercept, so its values are no Houns"),
        (ct(RescaleSlope="77"), replaced(b"DS\2\x0077", b"DS\2\0ab"), "RescaleSlope is no number"),
        (ct(RescaleSlope=[1, 1]), None, "its RescaleSlope is no number"),
        (ct(RescaleSlope=0), None, "its RescaleSlope is 0, which makes all values one"),
        (ct(RescaleType="Z_EFF"), None, "its RescaleType says that its values are no Hounsfield"),
        (ct(BitsStored=None), None, "it does not say its BitsStored"),
        (ct(BitsStored=17), None, "no values have BitsAllocated 16, BitsStored 17"),
        (ct(PixelRepresentation=2), None, "and PixelRepresentation 2"),
        (ct(PhotometricInterpretation="PALETTE COLOR"), None, "say that it is colour"),
        (head(values=HEAD + 1024, signed=True, bits=12, RescaleIntercept=-1024), None,
         "its values are signed .* by their range they are unsigned: bone would be darker"),
    ],
)  # fmt: skip
def test_the_cause_is_named(image, spoil, words, tmp_path):
    path = save(image, tmp_path / "x.dcm")
    if spoil:
        spoil(path)
    with pytest.raises(InputError, match=rf"x\.dcm cannot be decoded: .*{words}"):
        read_hu(path, 1)


def test_a_plug_in_that_is_not_installed_is_named(tmp_path, monkeypatch):
    decoder = pydicom.pixels.get_decoder(JPEG2000Lossless)
    monkeypatch.setattr(decoder, "_available", {})
    monkeypatch.setattr(decoder, "_unavailable", {"some": ("numpy", "plug-in>=2")})
    path = save(compressed(JPEG2000Lossless), tmp_path / "x.dcm")
    with pytest.raises(InputError, match="JPEG 2000 .*, needs a plug-in of pydicom: .*plug-in>=2"):
        read_hu(path, 1)


def test_a_file_without_mark_and_transfer_syntax_is_read_as_it_is_written(tmp_path):
    path = save(ct(), tmp_path / "x.dcm")
    content = path.read_bytes()
    path.write_bytes(content[content.index(b"\x08\0\x16\0UI") :])  # from the first element on
    np.testing.assert_array_equal(read_hu(path, 1), HU)
