"""Titles of label tables' columns, as people write them, and what the columns hold.

Titles are compared as `spelling.bare_title` returns them: in lower-case letters and digits alone.
"""

import re
from collections.abc import Iterable

from ctseq.readers.labels.spelling import bare_title
from ctseq.readers.subtypes import SUBTYPES, TARGETS

# Of several columns of a kind, the one whose title comes first here is taken.
SCAN = (
    *("scanid", "scan", "scanname", "studyinstanceuid", "studyuid", "studyid", "study"),
    *("studyname", "examid", "exam", "examination"),
)
WEAK_PATIENT = ("id", "name")  # of whatever the row is about
PATIENT = (
    *("patientid", "patient", "patientnumber", "patientno", "patientnr", "patientname", "pid"),
    *("subjectid", "subject", "subjectnumber", "participantid", "participant"),
    *("caseid", "case", "casenumber", "caseno", "casename", *WEAK_PATIENT),
)
# The header's own number is none that slices get here: `INSTANCE` is for pictures' names alone.
INSTANCE = ("instancenumber", "instanceno", "instance")
SLICE = (
    *("slicenumber", "slice", "sliceno", "slicenr", "slicenum", "sliceindex", "sliceidx"),
    *("sliceid", "imagenumber", "imageno", "framenumber", "frame", "z", "zindex", *INSTANCE),
)
IMAGE = (
    *("image", "imageid", "imagepath", "imagename", "imagefile", "imagefilename", "img"),
    *("imgpath", "imgname", "imgid", "imgfile", "file", "filename", "filepath", "fileid"),
    *("fname", "path", "picture", "dicom", "dicomfile", "dicompath", "dicomid"),
    *("sopinstanceuid", "sopuid", "sopinstance", "instanceuid"),
)
# A column of the first line is the label, and if there is none, one of the second.
LABEL = ("label", "hemorrhage", "haemorrhage", "ich", "any", "intracranialhemorrhage")
WEAK_LABEL = (
    *("labels", "diagnosis", "class", "target", "bleed", "bleeding", "hemorrhagic", "y"),
    *("groundtruth", "gt", "classlabel", "haemorrhagic", "intracranialhaemorrhage"),
)
SHORT = {"intraventricular": "ivh", "intraparenchymal": "iph", "subarachnoid": "sah"}
SHORT |= {"epidural": "edh", "subdural": "sdh"}
FLAGS = {"hemorrhage": (*LABEL, *WEAK_LABEL)}
FLAGS |= {
    name: (name, f"{name}hemorrhage", f"{name}haemorrhage", f"{name}hematoma", SHORT[name])
    for name in SUBTYPES
}
FLAGS |= {"fracture": ("fracture", "fractureyesno", "skullfracture", "calvarialfracture")}
# Of the titles, those that a message names.
_SHOWN = 6
# Parts of titles of columns that tell who somebody is.
_PRIVATE = re.compile(
    "name|^nom|nom$|nombre|geb(?!nis)|birth|dob|naiss|nacim|date(?!i)|datum|fecha|(?<!im)age$|"
    "^age|alter|sex|gesch|gender|adress|addr|phone|tel|mail|insur|versich|ssn|arzt|physician|doctor"
)


def column_of(header: list[str], titles: Iterable[str]) -> int | None:
    """Return the index of the first of `titles` that a header has, or None."""
    return next((header.index(title) for title in titles if title in header), None)


def flag_columns(header: list[str], target: str) -> dict[str, int]:
    """Return the columns of a plain table's flags, the target's own among them if it has one."""
    found = {name: column_of(header, titles) for name, titles in FLAGS.items()}
    if target not in TARGETS and (own := column_of(header, [bare_title(target)])) is not None:
        found = {name: at for name, at in found.items() if at != own} | {"target": own}
    return {name: at for name, at in found.items() if at is not None}


def doubled_labels(header: list[str]) -> list[str]:
    """Return the titles of the columns that could each be the label; empty if it is one."""
    found = [title for title in header if title in LABEL] or [
        title for title in header if title in WEAK_LABEL
    ]
    return found if len(found) > 1 else []


def unknown_titles(header: list[str], target: str) -> list[str]:
    """Return the titles of a plain table that are not understood; blank ones are left out."""
    known = {*SCAN, *PATIENT, *SLICE, *IMAGE, bare_title(target)}
    known |= {title for titles in FLAGS.values() for title in titles}
    return [title for title in header if title and title not in known]


def known_titles() -> str:
    """Return in words which titles name a slice, an image and a scan."""
    words = {"slices": SLICE, "images": IMAGE, "scans": SCAN}
    return "; ".join(f"of {name}: {', '.join(own[:_SHOWN])}" for name, own in words.items())


def is_private(title: str) -> bool:
    """Tell by a bare title whether a column says who somebody is: it is no label, and not shown."""
    return _PRIVATE.search(title) is not None
