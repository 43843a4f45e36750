"""Folders of pictures, and CT-ICH's release of them."""

import io
from dataclasses import replace

import numpy as np
from hypothesis import strategies as st
from PIL import Image

from fuzz.dicom_trees import NAMES, SHAPES, pick, positives
from fuzz.nifti_folders import with_diagnosis
from fuzz.tables import plain_table, with_table
from fuzz.written import (
    DOUBTFUL,
    PROBLEM,
    REFUSABLE,
    Entry,
    Scan,
    Slice,
    Written,
    head,
)

# By how much JPEG may change a noisy picture of few pixels.
_JPEG = 24
_ORIENTATION = 0x112  # of EXIF and TIFF
_NUMBERED = ("{}", "slice_{}", "{:03d}", "IM {}", "scan {} brain", "Slice-{}")
# Names whose last number is not the slice's.
_MISLEADING = ("slice{}_512x512", "{} (1)", "{}_brain_W80_L40", "IM{}_v2")


def grey(hu):
    """Return what a viewer shows of Hounsfield units in the brain window: level 40, width 120."""
    return np.round(np.clip((hu + 20) / 120, 0, 1) * 255).astype(np.uint8)


def _saved(picture, kind, **options):
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def _exif(picture, kind):
    exif = Image.Exif()
    exif[_ORIENTATION] = 6  # a viewer turns it by 90 degrees to the right
    return _saved(picture.rotate(90, expand=True), kind, exif=exif, quality=95)


def _palette(picture):
    inverted = 255 - np.asarray(picture)
    coded = Image.frombytes("P", picture.size, inverted.tobytes())
    coded.putpalette([level for index in range(256) for level in (255 - index,) * 3])
    return _saved(coded, "PNG")


# Trait of one patient's pictures to their suffix and a function that writes one.
_KINDS = {
    "png": (".png", lambda p: _saved(p, "PNG")),
    "jpg": (".jpg", lambda p: _saved(p, "JPEG", quality=95)),
    "jpeg": (".JPEG", lambda p: _saved(p, "JPEG", quality=95, progressive=True)),
    "tif": (".tif", lambda p: _saved(p, "TIFF")),
    "packed tiff": (".TIFF", lambda p: _saved(p, "TIFF", compression="tiff_lzw")),
    "colour": (".png", lambda p: _saved(p.convert("RGB"), "PNG")),
    "opaque": (".PNG", lambda p: _saved(p.convert("RGBA"), "PNG")),
    "palette": (".png", _palette),
    "turned by EXIF, jpg": (".jpg", lambda p: _exif(p, "JPEG")),
    "turned by EXIF, png": (".png", lambda p: _exif(p, "PNG")),
    "turned by EXIF, tif": (".tif", lambda p: _exif(p, "TIFF")),
}


def _cut(picture):
    content = _saved(picture, "PNG")
    return content[: len(content) * 2 // 3]


def _deep(picture):
    return _saved(Image.fromarray(np.asarray(picture).astype(np.uint16) * 257), "PNG")


_BROKEN = {
    "cut short": _cut,
    "16 bits": _deep,
    "transparent": lambda p: _saved(Image.merge("LA", (p, p)), "PNG"),
    "empty": lambda p: b"",
    "a page": lambda p: b"<html>404</html>",
}


def picture_folder(draw, *, odd=True):
    """Draw a folder of pictures with a label table; `odd` if some may be of another kind."""
    shape = pick(draw, SHAPES)
    n_patients = draw(st.integers(2, 4))
    names = draw(st.permutations(NAMES))[:n_patients]
    written = Written("folder", (), (), traits=("pictures",))
    kind = pick(draw, sorted(_KINDS)) if odd else "png"
    misleading = odd and draw(st.integers(0, 9)) == 0
    pattern = pick(draw, _MISLEADING if misleading else _NUMBERED)
    first, step = draw(st.integers(0, 2)), draw(st.integers(1, 2))
    below = pick(draw, ("", "", "", "", "", "brain/")) if odd else ""
    for patient, name in enumerate(names):
        n_slices = draw(st.integers(3, 6))
        flags = positives(draw, n_slices, patient == 0 or (patient > 1 and draw(st.booleans())))
        slices = tuple(Slice(patient, 0, 0, rank, flag) for rank, flag in enumerate(flags))
        written = replace(written, scans=(*written.scans, Scan(slices, name)))
        suffix, save = _KINDS["png" if patient else kind]
        for one in slices:
            number = first + step * one.rank
            written.numbers[one] = number
            picture = grey(head(shape, one))
            content = save(Image.fromarray(picture))
            path = f"{name}/{below}{pattern.format(number)}{suffix}"
            tolerance = _JPEG if "jp" in kind and not patient else 1
            entry = Entry(path, content, (one,), (picture,), tolerance=tolerance)
            written = replace(written, entries=(*written.entries, entry))
    written = written.with_trait(kind)
    if below or misleading:  # read right, or not at all
        written = _doubted(written).with_trait(below or pattern, REFUSABLE)
    kinds = ("patient", "slice", "image")
    if not odd:
        return plain_table(draw, written, pick(draw, kinds))
    return with_table(draw, _broken(draw, written), kinds)


def _doubted(written):
    for index in range(len(written.scans)):
        written = written.with_scan(index, state=DOUBTFUL)
    return written


def _broken(draw, written):
    """Return the folder with a picture that cannot be used, or that has a twin; mostly as it is."""
    trait = draw(st.sampled_from((None, None, None, "twin", *sorted(_BROKEN))))
    if trait is None:
        return written
    entry = pick(draw, written.entries)
    (one,) = entry.shows
    index = one.patient
    scan = written.scans[index]
    doubt = {"state": DOUBTFUL} if scan.positive else {}
    lost = written.with_scan(index, losable=scan.losable | {one}, **doubt)
    others = tuple(other for other in written.entries if other is not entry)
    if trait == "twin":
        folder = entry.path.rpartition("/")[0]
        other = replace(entry, path=f"{folder}/other_{written.numbers[one]}.png", shows=(one,),
                        content=_saved(Image.fromarray(entry.pixels[0][::-1]), "PNG"),
                        usable=False)  # fmt: skip
        entries = (*others, replace(entry, usable=False), other)
    else:
        content = _BROKEN[trait](Image.fromarray(entry.pixels[0]))
        path = f"{entry.path.rpartition('.')[0]}.png"
        entries = (*others, replace(entry, path=path, content=content, usable=False))
    return replace(lost, entries=entries).with_trait(trait, PROBLEM)


def ct_ich_folder(draw, *, odd=True):
    """Draw a folder in the layout of CT-ICH's JPG releases; `odd` if a picture may be damaged."""
    shape = pick(draw, SHAPES)
    n_patients = draw(st.integers(2, 4))
    ids = draw(st.permutations((49, 50, 7, 66, 130, 100)))[:n_patients]
    top, brain = pick(draw, (("Patients_CT", "brain"), ("patients_ct", "Brain")))
    written = Written("ct-ich-jpg", (), (), traits=("CT-ICH",))
    for patient, number in enumerate(ids):
        n_slices = draw(st.integers(3, 6))
        flags = positives(draw, n_slices, patient == 0 or (patient > 1 and draw(st.booleans())))
        slices = tuple(Slice(patient, 0, 0, rank, flag) for rank, flag in enumerate(flags))
        written = replace(written, scans=(*written.scans, Scan(slices, str(number))))
        for one in slices:
            picture = grey(head(shape, one))
            content = _saved(Image.fromarray(picture), "JPEG", quality=95)
            folder, name = f"{top}/{number:03d}", f"{one.rank + 1}"
            path, shown = f"{folder}/{brain}/{name}.jpg", ((one,), (picture,))
            entries = [Entry(path, content, *shown, tolerance=_JPEG)]
            entries.append(Entry(f"{folder}/bone/{name}.jpg", content))
            if one.positive:
                entries.append(Entry(f"{folder}/{brain}/{name}_HGE_Seg.jpg", content))
            written.numbers[one] = one.rank + 1
            written = replace(written, entries=(*written.entries, *entries))
    written = _broken_jpg(draw, written) if odd else written
    return with_diagnosis(draw, written, "hemorrhage_diagnosis.csv", odd=odd)


def _broken_jpg(draw, written):
    if draw(st.integers(0, 3)):
        return written
    entry = pick(draw, [entry for entry in written.entries if entry.shows])
    (one,) = entry.shows
    scan = written.scans[one.patient]
    doubt = {"state": DOUBTFUL} if scan.positive else {}
    written = written.with_scan(one.patient, losable=scan.losable | {one}, **doubt)
    broken = replace(entry, content=entry.content[:200], usable=False)
    entries = tuple(broken if other is entry else other for other in written.entries)
    return replace(written, entries=entries).with_trait("cut short", PROBLEM)
