"""Traits of a study: more series than one, several studies, heads that a scanner split."""

from dataclasses import replace

from hypothesis import strategies as st

from fuzz.dicom_studies import copied_study, two_studies, visits
from fuzz.dicom_trees import Dicom, any_scan, base_tags, pick
from fuzz.written import PROBLEM, SPOILED, head

# A soft kernel and a sharp one of each vendor.
_KERNELS = (
    ("SIEMENS", "H31s", "H60s"),
    ("SIEMENS", "H30f", "H70h"),
    ("SIEMENS", ["Hr38h", "3"], ["Hr64h", "3"]),
    ("SIEMENS", "Br40d", "Br60f"),
    ("GE MEDICAL SYSTEMS", "STANDARD", "BONE"),
    ("GE MEDICAL SYSTEMS", "SOFT", "BONEPLUS"),
    ("GE MEDICAL SYSTEMS", "STANDARD", "LUNG"),
    ("GE MEDICAL SYSTEMS", "STANDARD", "EDGE"),
    ("Philips", "UB", "YD"),
    ("Philips", "B", "D"),
    ("Philips", "UB", "E"),
)
# What a plain series has, and one with contrast agent.
_CONTRAST = (
    ({}, {"ContrastBolusAgent": "Iohexol"}),
    ({"ContrastBolusAgent": "NONE"}, {"ContrastBolusAgent": "OMNIPAQUE 300"}),
    ({}, {"ContrastBolusVolume": 60.0}),
    (
        {"SeriesDescription": "CT PRE CONTRAST 5MM STD"},
        {"SeriesDescription": "CT POST CONTRAST 5MM"},
    ),
    ({"SeriesDescription": "HEAD PLAIN"}, {"SeriesDescription": "HEAD C+"}),
    ({"SeriesDescription": "NON CONTRAST HEAD"}, {"SeriesDescription": "HEAD WITH CONTRAST"}),
    ({"SeriesDescription": "CT Plain"}, {"SeriesDescription": "CT CONTRAST"}),
    ({"SeriesDescription": "Head PLAIN THIN"}, {"SeriesDescription": "Head post contrast"}),
)
# What tells that a series is no head scan as it was measured.
_OTHERS = (
    {"ImageType": ["DERIVED", "SECONDARY", "MIP"], "SeriesDescription": "MIP 10mm"},
    {"ImageType": ["DERIVED", "PRIMARY", "PROJECTION IMAGE"], "SeriesDescription": "VRT"},
    {"BodyPartExamined": "NECK", "SeriesDescription": "Neck 5.0"},
    {"BodyPartExamined": "CHEST", "SeriesDescription": "Chest 5.0"},
    {"BurnedInAnnotation": "YES"},
)
# Objects that are no CT image.
_OBJECTS = (
    {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.88.11", "Modality": "SR"},
    {"SOPClassUID": "1.2.840.10008.5.1.4.1.1.4", "Modality": "MR", "Rows": 16, "Columns": 16},
)


def _second_series(tree, scan, *, series=1, spacing=None, first=0.0, usable=False, **tags):
    """Return files of one more series of a scan's study, at the same places, with other pixels.

    With a spacing, its slices are from a first height on instead.
    """
    made = []
    for file in tree.files_of(scan):
        (one,) = file.shows
        other = replace(one, series=series)
        new = base_tags(other, 0)
        own = ("SOPInstanceUID", "SeriesInstanceUID", "SeriesNumber")
        folder, _, name = file.path.rpartition("/")
        path = f"{folder}/s{series}_{name}".lstrip("/")
        hu = (head(file.hu[0].shape, other),)
        tags_ = file.tags | {key: new[key] for key in own}
        x, y, z = file.tags["ImagePositionPatient"]
        at = [x, y, first + one.rank * (spacing or 0)]
        place = {} if spacing is None else {"ImagePositionPatient": at}
        made.append(
            replace(
                file, path=path, shows=(other,), hu=hu, usable=usable, tags=tags_ | place | tags
            )
        )
    return made


def _numbered(draw, files):
    """Let the other series come before or after the right one by its number."""
    number = pick(draw, (1, 9))
    return [file.but(SeriesNumber=number) for file in files]


def bone_kernel(draw, tree):
    maker, soft, sharp = pick(draw, _KERNELS)
    _, scan = any_scan(draw, tree)
    tree = tree.mapped(lambda f: f.but(ConvolutionKernel=soft, Manufacturer=maker), scan)
    files = _second_series(tree, scan, ConvolutionKernel=sharp)
    return tree.plus(*_numbered(draw, files)).with_trait(f"sharp series {sharp}")


def contrast(draw, tree):
    plain, agent = pick(draw, _CONTRAST)
    _, scan = any_scan(draw, tree)
    tree = tree.mapped(lambda f: f.but(**plain), scan)
    spacing = 2.5 if "THIN" in str(plain) else None  # told by words, against the rule of spacing
    if spacing:
        tree = tree.mapped(
            lambda f: f.but(ImagePositionPatient=[-100.0, -100.0, f.shows[0].rank * spacing]), scan
        )
    series = _second_series(tree, scan, spacing=spacing and 5.0, **agent)
    return tree.plus(*_numbered(draw, series)).with_trait(f"contrast series {agent}")


def other_series(draw, tree):
    told = pick(draw, _OTHERS)
    _, scan = any_scan(draw, tree)
    files = _second_series(tree, scan, **told)
    return tree.plus(*_numbered(draw, files)).with_trait(f"other series {told}")


def only_other_part(draw, tree):
    index, scan = any_scan(draw, tree)
    told = pick(draw, ({"BodyPartExamined": "CHEST"}, {"BurnedInAnnotation": "YES"}))
    tree = tree.mapped(lambda f: f.but(**told), scan).with_scan(index, state=SPOILED)
    return tree.with_trait(f"nothing but {told}", PROBLEM)


def thin_series(draw, tree):
    _, scan = any_scan(draw, tree)
    if len(scan.slices) < 4:  # of three, one that is lost or lies apart makes it the nearer to 5 mm
        return tree
    # Within the scan, whichever of its slices is lost: beside it, it would be the scan's next part.
    first = tree.files_of(scan)[1].tags["ImagePositionPatient"][2]
    files = _second_series(tree, scan, spacing=0.625, first=first)
    # A table that names the images of both would make each a scan.
    tables = tuple(kind for kind in tree.tables if kind not in ("image", "rsna"))
    tree = replace(tree.plus(*_numbered(draw, files)), tables=tables)
    return tree.with_trait("thin series")


def coronal(draw, tree):
    _, scan = any_scan(draw, tree)
    files = [
        f.but(
            ImageOrientationPatient=[1.0, 0.0, 0.0, 0.0, 0.0, -1.0],
            ImagePositionPatient=[-100.0, 5.0 * f.shows[0].rank, 0.0],
            ImageType=["DERIVED", "SECONDARY", "AXIAL"],
        )
        for f in _second_series(tree, scan)
    ]
    return tree.plus(*files).with_trait("coronal series")


def localizer(draw, tree):
    _, scan = any_scan(draw, tree)
    inside = draw(st.booleans())
    told = {"ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}
    told |= {"ImageOrientationPatient": [0.0, 1.0, 0.0, 0.0, 0.0, -1.0]}
    file = _second_series(tree, scan, series=2, **told)[0]
    if inside:
        file = file.but(SeriesInstanceUID=tree.files_of(scan)[0].tags["SeriesInstanceUID"])
    return tree.plus(file).with_trait("localizer in the series" if inside else "localizer")


def screenshot(draw, tree):
    _, scan = any_scan(draw, tree)
    own = tree.files_of(scan)[0].tags
    file = _second_series(
        tree,
        scan,
        series=2,
        SOPClassUID="1.2.840.10008.5.1.4.1.1.7",
        ImageType=["DERIVED", "SECONDARY", "SCREEN SAVE"],
        SeriesInstanceUID=own["SeriesInstanceUID"],
        SeriesNumber=own["SeriesNumber"],
        ImageOrientationPatient=None,
        ImagePositionPatient=None,
        RescaleSlope=None,
        RescaleIntercept=None,
    )[0]
    return tree.plus(file).with_trait("screenshot in the series")


def other_object(draw, tree):
    """Put a report or another modality's image into a study."""
    _, scan = any_scan(draw, tree)
    told = pick(draw, _OBJECTS)
    own = tree.files_of(scan)[0]
    tags = own.tags | {"SeriesInstanceUID": "1.2.88", "SOPInstanceUID": "1.2.88.1"} | told
    tags |= {"ImagePositionPatient": None, "ImageOrientationPatient": None}
    folder = own.path.rpartition("/")[0]
    file = Dicom(f"{folder}/object.dcm".lstrip("/"), (), (), tags)
    return tree.plus(file).with_trait(f"{told['Modality']} object")


def acquisitions(draw, tree):
    _, scan = any_scan(draw, tree)
    own = tree.files_of(scan)[0].tags
    shared = {key: own[key] for key in ("SeriesInstanceUID", "SeriesNumber")}
    tree = tree.mapped(lambda f: f.but(AcquisitionNumber=1), scan)
    second = _second_series(tree, scan, AcquisitionNumber=2, ContrastBolusAgent="Iohexol", **shared)
    return tree.plus(*second).with_trait("two acquisitions at one place")


def split_head(draw, tree):
    _, scan = any_scan(draw, tree)
    middle = draw(st.integers(1, len(scan.slices) - 1))
    by_series = draw(st.booleans())

    def change(file):
        upper = file.shows[0].rank >= middle
        if not by_series:
            return file.but(AcquisitionNumber=1 + upper)
        uid, number = file.tags["SeriesInstanceUID"], file.tags["SeriesNumber"]
        return file.but(SeriesInstanceUID=f"{uid}.{1 + upper}", SeriesNumber=number + upper)

    how = "series" if by_series else "acquisitions"
    return tree.mapped(change, scan).with_trait(f"head split into two {how}")


def one_slice_series(draw, tree):
    _, scan = any_scan(draw, tree)

    def change(file):
        uid, rank = file.tags["SeriesInstanceUID"], file.shows[0].rank
        return file.but(SeriesInstanceUID=f"{uid}.{rank + 1}", SeriesNumber=100 + rank)

    return tree.mapped(change, scan).with_trait("series of one slice each")


def no_series_uid(draw, tree):
    return tree.mapped(lambda f: f.but(SeriesInstanceUID=None)).with_trait("no SeriesInstanceUID")


def hidden_bleed(draw, tree):
    """Let only the series with contrast agent be labelled positive."""
    index, scan = any_scan(draw, tree)
    if scan.positive or not {"image", "rsna"} & {*tree.tables}:
        return tree
    files = _second_series(tree, scan, ContrastBolusAgent="Iohexol")
    files = [replace(f, shows=(replace(f.shows[0], positive=True),)) for f in files]
    tree = replace(tree.plus(*files), tables=tuple({"image", "rsna"} & {*tree.tables}))
    tree = tree.with_scan(index, state=SPOILED)
    return tree.with_trait("bleed labelled in another series only", PROBLEM)


# The first trait of a group that is drawn is made; those below come later.
SERIES_TRAITS = {
    "one": (two_studies, copied_study, visits),
    "more": (bone_kernel, contrast, other_series, thin_series, coronal, acquisitions, split_head,
             one_slice_series, only_other_part, hidden_bleed),
    "odd": (localizer, screenshot, other_object),
    "uid": (no_series_uid,),
}  # fmt: skip
