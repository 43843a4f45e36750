"""Why files, slices and label rows are left out: the codes that tables hold, and their words."""

from dataclasses import dataclass
from typing import Any

import pandas as pd

# What is left out because of a problem.
SLICE, SCAN, PATIENT = "slice excluded", "scan excluded", "patient excluded"
FILE = "file excluded"  # of several that hold the same slices
ROW, NOTHING = "row ignored", "nothing excluded"


@dataclass(frozen=True)
class Reason:
    """A reason: its words in messages, and its meaning or remedy for the documentation."""

    words: str
    meaning: str


# Files and scans that no study uses: listed with their reason, and no problem.
UNUSED_FILES = {
    "bone": Reason("bone window", "CT-ICH's second picture of each slice."),
    "mask": Reason("mask", "Outlines of bleeds, listed in `masks.csv`; never used as an image."),
    "table": Reason("table", "Labels, demographics or checksums: read, but no slice."),
    "other": Reason(
        "not part of the layout",
        "A file that the format does not know, or of an operating system or tool: `._1.png`, "
        "`.DS_Store`, `Thumbs.db`, hidden folders such as `.git`.",
    ),
    "outside": Reason(
        "link that leads out of the dataset's folder",
        "Not followed, unless `links_into` names the folder that it leads into.",
    ),
    "name": Reason(
        "name with control characters, backslashes or undecodable bytes",
        "Never opened; shown with the bytes escaped. Rename the file.",
    ),
    "copy": Reason(
        "the same slices as another file's",
        "Two files for the same slices, or at one place of a series, whose pixels are the same: "
        "the first one is used.",
    ),
    "no-pixels": Reason("DICOM file without an image", "Reports, directories, private objects."),
    "not-ct": Reason("DICOM image that is no grey CT slice", "Screenshots, other modalities."),
    "localizer": Reason("localizer", "The overview from which the scan was planned."),
    "not-axial": Reason("series that is not axial", "Coronal and sagittal reformats."),
    "derived": Reason(
        "computed from other slices",
        "Projections (MIP), reformats (MPR) and maps, by ImageType or the series' description.",
    ),
    "burnt-in": Reason(
        "text may be burnt into the image",
        "The series has BurnedInAnnotation YES: letters may name the patient, or the label.",
    ),
    "position": Reason(
        "series whose slices have no single position",
        "A position or orientation is missing, and no InstanceNumber with SliceLocation tells the "
        "order; or two different slices of one acquisition share a position.",
    ),
    "odd-slice": Reason(
        "file that does not fit its series",
        "Another size or orientation than most, or no position where the others have one. The scan "
        "stays, and its `note` says so.",
    ),
    "other-series": Reason(
        "another series of the study was chosen",
        "One series of each study is used; `choice` of the scan says which and why.",
    ),
    "same-scan": Reason(
        "the same scan as another of the patient",
        "Every slice has the same pixels: a copy, of which the first one is used.",
    ),
}
# What would make a label or an image wrong: the dataset's `on_problem` says if the run stops.
PROBLEMS = {
    "two-folders": Reason(
        "two folders for one patient",
        "`49` beside `049`, or one name in two places: whose slices are they?",
    ),
    "patient-id": Reason(
        "patient id that starts with no letter or digit, or holds a slash",
        "Spreadsheets may run it as a formula, programs take it for a path. Rename it.",
    ),
    "mixed-patients": Reason(
        "one folder holds several DICOM patients", "The PatientID differs between its files."
    ),
    "no-slices": Reason(
        "no slice can be used",
        "The inventory says of each of the patient's files why. Beside a study that is used, it is "
        "told of one that would be but for `burnt-in`.",
    ),
    "body-part": Reason(
        "not of the head", "No series of the study is, by its description or BodyPartExamined."
    ),
    "unordered": Reason(
        "slices that cannot be put in order",
        "Those of the best series of a study, or of a part of the head: no other series is used in "
        "their place.",
    ),
    "miscounted": Reason(
        "label rows count other slices than there are",
        "DICOM slices are numbered by their order: if some are missing or left out, or rows are of "
        "another series, labels would meet the wrong ones.",
    ),
    "volume": Reason("volume cannot be used", "NIfTI: no CT volume, or how it lies is unclear."),
    "number": Reason(
        "no slice number in the name",
        "It is the number in which a folder's pictures differ; codes such as `3f9a12e` are none.",
    ),
    "not-opened": Reason(
        "image that is never opened",
        "Beside slices, or named by the label table: a link that leads out (`outside`) or an odd "
        "name (`name`). Its scan lacks a slice, or all.",
    ),
    "two-files": Reason(
        "two files for one slice", "`2.jpg` beside `02.JPG`, both readable, and not the same."
    ),
    "no-label": Reason("no diagnosis row", "The label table does not know the slice or its scan."),
    "no-slice": Reason("no slice file", "A row of the label table names what is not there."),
    "rounded": Reason(
        "id that a spreadsheet rounded",
        "`1.00E+05`: its digits are lost. Take the table from before, with ids as text.",
    ),
    "shifted": Reason(
        "label rows count slices from another number",
        "Rows 0 to 29 beside slices 1 to 30: most slices would get their neighbour's label.",
    ),
    "two-labels": Reason("two diagnosis rows", "Even if they agree, one of them is a mistake."),
    "row": Reason(
        "row without patient or slice number", "Or without scan. It may be a note below the table."
    ),
    "cell": Reason(
        "cell is not 0, 1 or blank", "Or yes and no. Other values would have to be guessed."
    ),
    "contradiction": Reason(
        "hemorrhage contradicts the subtypes", "`1` beside a subtype's `0`, or the reverse."
    ),
    "unreadable": Reason(
        "unreadable image",
        "Cut short, empty, of another kind, too large, or its header contradicts its pixels. "
        "Another file for that slice stays.",
    ),
    "size": Reason("another image size than the scan's other slices", "A sequence has one size."),
    "not-hounsfield": Reason(
        "values are no Hounsfield units",
        "Air at the rim far from -1000, too few values of soft tissue, or values that no matter "
        "has: windows would show something else. Convert the scan again from its source.",
    ),
    "duplicate": Reason(
        "the same image as another patient's",
        "The same pixels under two patients leak between training and test patients, and one of "
        "the labels is doubtful. All copies are left out.",
    ),
    "gap": Reason(
        "too many slices are missing in between",
        "A gap of more than three usual distances in which a bleed of 1 ml, 12 mm across, may be "
        "lost. Smaller gaps are noted in `listing.csv` and `series.csv`.",
    ),
    "copied-label": Reason(
        "the same scan as another of the patient, with another label",
        "Every slice has the same pixels, so one of the labels is wrong. Both are left out.",
    ),
    "checksum": Reason("differs from SHA256SUMS.txt", "Damaged or edited: copy the file again."),
    "missing": Reason("is in SHA256SUMS.txt but not here", "Copy the file from the release."),
    "hidden": Reason(
        "what makes it positive is only in what is excluded",
        "A series or file that was not chosen, or what a problem excludes. Left in, the scan would "
        "count as negative.",
    ),
}
REASONS = UNUSED_FILES | PROBLEMS
# Files beside the slices, as a format has them: nothing that is looked for is left out with them.
BESIDE_SLICES = ("bone", "mask", "table")
# Why a file is listed and never opened.
NEVER_OPENED = ("outside", "name")


def problem(
    code: str,
    action: str,
    path: str,
    patient_id: str = "",
    slice_number: Any = pd.NA,
    *,
    scan_id: str = "",
    row: Any = pd.NA,
    detail: str = "",
) -> dict[str, Any]:
    """Return a row of problems.csv.

    `code` is a key of `PROBLEMS`, and `action` says what is left out: `SLICE`, `FILE`, `SCAN`,
    `PATIENT`, `ROW` or `NOTHING`. Without a scan's id, it is the patient's only scan. `row` counts
    in the label table, and `detail` adds to the code's words.
    """
    return {
        "problem": code,
        "path": path,
        "row": row,
        "scan_id": scan_id or patient_id,
        "patient_id": patient_id,
        "slice_number": slice_number,
        "detail": detail,
        "action": action,
    }


def scan_words(scan_id: str, patient_id: str) -> str:
    """Return which scan it is, in words: by its patient, if it is the only one; empty without."""
    return scan_id and f"{'patient' if scan_id == patient_id else 'scan'} {scan_id}"


def in_words(found: dict[str, Any]) -> str:
    """Return a problem as a line of a message: the file, the scan and slice, what is wrong."""
    row = "" if found["row"] is pd.NA else f", row {found['row']}"
    detail = f" ({found['detail']})" if found["detail"] else ""
    slice_ = "" if found["slice_number"] is pd.NA else f"slice {found['slice_number']}"
    scan = scan_words(found["scan_id"], found["patient_id"])
    whose = " ".join(filter(None, [scan, slice_]))
    words = PROBLEMS[found["problem"]].words
    return f"{found['path']}{row}: {whose}{': ' * bool(whose)}{words}{detail}"
