"""Traits of a patient: several studies, a study that was copied, visits in folders of their own."""

import unicodedata
from dataclasses import replace

from hypothesis import strategies as st

from fuzz.dicom_trees import any_scan, base_tags, positives
from fuzz.written import DOUBTFUL, Scan, Slice, head


def _second_scan(draw, tree, scan):
    positive = scan.positive and draw(st.booleans())
    flags = positives(draw, len(scan.slices), positive)
    slices = tuple(
        Slice(one.patient, 1, 0, one.rank, flag)
        for one, flag in zip(scan.slices, flags, strict=True)
    )
    uid = f"1.2.{scan.patient + 3}.1"
    files = []
    for file, one in zip(tree.files_of(scan), slices, strict=True):
        new = base_tags(one, file.tags["ImagePositionPatient"][2])
        tags = new | {"PatientID": file.tags["PatientID"]}
        files.append(replace(file, shows=(one,), hu=(head(file.hu[0].shape, one),), tags=tags))
    return Scan(slices, scan.name, uid), files


def _with_more(tree, scan, files):
    written = replace(tree.written, scans=(*tree.written.scans, scan))
    return replace(tree, written=written).plus(*files)


def two_studies(draw, tree):
    _, scan = any_scan(draw, tree)
    second, files = _second_scan(draw, tree, scan)
    files = [_moved(file, "study2_") for file in files]
    return _with_more(tree, second, files).with_trait("two studies of a patient")


def copied_study(draw, tree):
    index, scan = any_scan(draw, tree)
    second, files = _second_scan(draw, tree, scan)
    slices = tuple(replace(one, positive=other.positive)
                   for one, other in zip(second.slices, scan.slices, strict=True))  # fmt: skip
    originals = tree.files_of(scan)
    files = [
        replace(_moved(file, "again_"), shows=(one,), hu=original.hu)
        for file, one, original in zip(files, slices, originals, strict=True)
    ]
    tree = _with_more(tree, replace(second, slices=slices, state=DOUBTFUL), files)
    return tree.with_scan(index, state=DOUBTFUL).with_trait("a study copied")


def visits(draw, tree):
    """Let one patient have two folders, each with a name of its own in the label table."""
    index, scan = any_scan(draw, tree)
    # Of three folders, an id that two share could as well be one that was written over others.
    if tree.layout != "folders" or len(tree.written.scans) < 3:
        return tree
    second, files = _second_scan(draw, tree, scan)
    folder = next(one for one in tree.files_of(scan)[0].path.split("/") if _is_name(one, scan.name))
    names = [f"{scan.name}_visit{number}" for number in (1, 2)]
    tag = {"PatientID": f"MRN77851{scan.patient}"}
    tree = tree.mapped(lambda f: f.but(f.path.replace(folder, names[0], 1), **tag), scan)
    files = [f.but(f.path.replace(folder, names[1], 1), **tag) for f in files]
    tree = _with_more(tree, replace(second, name=names[1]), files).with_scan(index, name=names[0])
    others = {id(f) for f in (*tree.files_of(tree.written.scans[index]), *files)}
    tree = tree.mapped(
        lambda f: f if id(f) in others else f.but(PatientID=f"MRN77851{f.shows[0].patient}")
    )
    return replace(tree, tables=("patient",)).with_trait("two visits of a patient")


def _is_name(folder, name):
    return unicodedata.normalize("NFC", folder) == name


def _moved(file, prefix):
    folder, _, name = file.path.rpartition("/")
    return replace(file, path=f"{folder}/{prefix}{name}".lstrip("/"))
