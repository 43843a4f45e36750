"""Pictures are turned as viewers show them, and are grey."""

import numpy as np
import pytest
from PIL import Image

from ctseq.core.errors import InputError
from ctseq.readers.images import read_image

# Blocks that JPEG keeps; rows and columns differ, and no turn or mirror of it is the same.
SHOWN = np.kron(np.arange(30).reshape(5, 6) * 8, np.ones((8, 8))).astype(np.uint8)
ORIENTATION = 0x112
# What is stored for a picture to be shown as `SHOWN`: orientation 6 asks viewers to turn right.
STORED = {
    1: SHOWN,
    2: SHOWN[:, ::-1],
    3: SHOWN[::-1, ::-1],
    4: SHOWN[::-1],
    5: SHOWN.T,
    6: np.rot90(SHOWN),
    7: SHOWN[::-1, ::-1].T,
    8: np.rot90(SHOWN, -1),
}


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize(
    ("kind", "options"),
    [("jpg", {"quality": 100}), ("png", {}), ("tif", {}), ("tif", {"compression": "tiff_lzw"})],
)
def test_orientation_is_applied_once(kind, options, orientation, tmp_path):
    path = tmp_path / f"x.{kind}"
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    told = {"tiffinfo": {ORIENTATION: orientation}} if kind == "tif" else {"exif": exif}
    Image.fromarray(np.ascontiguousarray(STORED[orientation])).save(path, **options, **told)
    seen = read_image(path)
    assert seen.shape == SHOWN.shape
    np.testing.assert_allclose(seen.astype(int), SHOWN, atol=1 if kind == "jpg" else 0)


def test_damaged_exif_data_hide_how_a_picture_is_turned(tmp_path):
    path = tmp_path / "x.png"
    Image.fromarray(SHOWN).save(path, exif=b"Exif\0\0garbage")
    with pytest.raises(InputError, match=r"x.png cannot be read .* its EXIF data are damaged"):
        read_image(path)


def test_black_and_white_is_no_grey(tmp_path):
    path = tmp_path / "x.png"
    Image.fromarray(SHOWN).convert("1").save(path)
    with pytest.raises(InputError, match="it is black and white without grey"):
        read_image(path)


def test_a_tinted_picture_is_read_and_one_with_a_coloured_mark_is_not(tmp_path):
    path = tmp_path / "x.png"
    tinted = np.stack([SHOWN // 2, SHOWN // 2, SHOWN // 2 + 32], axis=-1)
    Image.fromarray(tinted).save(path)
    assert read_image(path).shape == SHOWN.shape
    tinted[:2, :2] = (255, 0, 0)
    Image.fromarray(tinted).save(path)
    with pytest.raises(InputError, match="parts of it are coloured, such as marks"):
        read_image(path)
