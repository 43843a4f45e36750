"""Traits of files: transfer syntaxes, several slices in one, copies, twins, and damage."""

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from fuzz.dicom_trees import any_scan, lost, pick
from fuzz.written import DOUBTFUL, HARMLESS, PROBLEM, REFUSABLE, SPOILED

# Label tables that name images.
_IMAGES = {"image", "rsna"}


def enhanced(draw, tree):
    """Put a scan into one file, its frames in any order."""
    _, scan = any_scan(draw, tree)
    files = draw(st.permutations(tree.files_of(scan)))
    places = [{"ImagePositionPatient": f.tags["ImagePositionPatient"]} for f in files]
    first, style_ = files[0], files[0].style
    alike = len({(f.style, f.hu[0].shape, f.tags["ImagePositionPatient"] is None) for f in files})
    if alike > 1 or len(files) > len(scan.slices) or not first.tags["ImagePositionPatient"]:
        return tree
    if style_.told or not {"patient", "study", "slice", "cq500"} & {*tree.tables}:
        return tree
    if not all(file.usable and file.beside is None for file in files):
        return tree
    scale = {"RescaleSlope": style_.slope, "RescaleIntercept": style_.intercept}
    orientation = {"ImageOrientationPatient": first.tags["ImageOrientationPatient"]}
    own = {
        "SOPClassUID": "1.2.840.10008.5.1.4.1.1.2.1",
        "NumberOfFrames": len(files),
        "ImagePositionPatient": None,
        "ImageOrientationPatient": None,
        "RescaleSlope": None,
        "RescaleIntercept": None,
        "SharedFunctionalGroupsSequence": [{"PlaneOrientationSequence": [orientation]}],
        "PerFrameFunctionalGroupsSequence": [
            {"PlanePositionSequence": [place], "PixelValueTransformationSequence": [scale]}
            for place in places
        ],
    }
    shows, hu = (tuple(one for f in files for one in getattr(f, name)) for name in ("shows", "hu"))
    whole = replace(first, shows=shows, hu=hu).but(**own)
    ids = {id(file) for file in files}
    rest = tuple(file for file in tree.files if id(file) not in ids)
    # A table of images names a file, which shows one slice.
    tables = tuple(kind for kind in tree.tables if kind not in ("image", "rsna"))
    return replace(tree, files=(*rest, whole), tables=tables).with_trait("frames of one file")


def syntax(draw, tree):
    name = pick(draw, ("implicit", "big", "deflated", "rle"))
    scan = draw(st.booleans()) and any_scan(draw, tree)[1]
    tree = tree.mapped(lambda f: replace(f, syntax=name), scan or None)
    return tree.with_trait(f"{name} transfer syntax")


def bare(draw, tree):
    name = pick(draw, ("explicit", "implicit"))
    scan = draw(st.booleans()) and any_scan(draw, tree)[1]
    tree = tree.mapped(lambda f: replace(f, mark=False, syntax=name), scan or None)
    return tree.with_trait(f"bare data sets, {name}")


def copies(draw, tree):
    """Put the same file into a scan again, or all of its files, or one with another identifier."""
    _, scan = any_scan(draw, tree)
    files = tree.files_of(scan)
    how = pick(draw, ("one", "all", "renumbered"))
    again = files if how == "all" else [pick(draw, files)]
    named = []
    for file in again:
        folder, _, name = file.path.rpartition("/")
        inner = "copy/" if how == "all" and tree.layout != "flat" else "copy of "
        named.append(file.but(f"{folder}/{inner}{name}".lstrip("/")))
    if how == "renumbered":
        named = [file.but(SOPInstanceUID=f"{file.tags['SOPInstanceUID']}.7") for file in named]
    return tree.plus(*named).with_trait(f"identical copies: {how}")


def twin(draw, tree):
    """Put another slice at the place of one, which nothing tells apart."""
    index, scan = any_scan(draw, tree)
    file = pick(draw, tree.files_of(scan))
    (one,) = file.shows
    folder, _, name = file.path.rpartition("/")
    other = replace(file, hu=(np.rot90(file.hu[0], 2) + 2,), usable=False)
    other = other.but(f"{folder}/twin {name}".lstrip("/"), SOPInstanceUID="1.2.77")
    tree = tree.plus(replace(other, shows=(replace(one, series=7),)))
    tree = tree.swapped(file, replace(file, usable=False)).with_scan(index, state=DOUBTFUL)
    return lost(tree, index, file.shows).with_trait("two slices at one place", PROBLEM)


def shared_pixels(draw, tree):
    """Let two patients have the same slice, which neither can have beside the other."""
    first, second = tree.written.scans[0], tree.written.scans[-1]
    if first.patient == second.patient or "a study copied" in tree.written.traits:
        return tree
    if tree.written.severity > HARMLESS:  # one of them could be left out for that alone
        return tree
    file, other = tree.files_of(first)[0], tree.files_of(second)[0]
    same = replace(other, hu=file.hu, style=file.style, beside=file.shows[0])
    tree = tree.swapped(other, same).swapped(file, replace(file, beside=other.shows[0]))
    tree = lost(tree, 0, file.shows)
    tree = lost(tree, len(tree.written.scans) - 1, other.shows)
    return tree.with_trait("one slice of two patients", PROBLEM)


def cut(draw, tree):
    index, scan = any_scan(draw, tree)
    file = pick(draw, tree.files_of(scan))
    shared = "one slice of two patients" in tree.written.traits  # would be one patient's then
    if shared or not file.usable:
        return tree
    size = len(file.entry.content)
    n_bytes = pick(draw, (20, size // 2, size - 200, size))
    severity, images = PROBLEM, _IMAGES & {*tree.tables}
    if n_bytes > 20 and images and file.shows[0].positive and _of_several_scans(tree, file):
        # Nobody knows which scan a row of the image makes positive.
        named = draw(st.booleans()) or len(images) == len({*tree.tables})
        kept = images if named else {*tree.tables} - images
        tree = replace(tree, tables=tuple(kind for kind in tree.tables if kind in kept))
        severity = REFUSABLE if named else PROBLEM
    tree = tree.swapped(file, replace(file, cut=n_bytes))
    if n_bytes > 20 and len(scan.slices) == 1:
        return tree.with_scan(index, state=SPOILED).with_trait("cut short", severity)
    return lost(tree, index, file.shows).with_trait(f"cut by {n_bytes} bytes", severity)


def _of_several_scans(tree, file):
    """Tell whether a file's folder holds slices of several scans."""
    folder = file.path.rpartition("/")[0]
    others = (one for one in tree.files if one.path.rpartition("/")[0] == folder)
    return len({(s.patient, s.study) for one in others for s in one.shows}) > 1
