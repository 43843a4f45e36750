"""Traits of slices: how they lie, how their values are stored, and how their files were damaged."""

from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from fuzz.dicom_files import Style
from fuzz.dicom_stored import bare, copies, cut, enhanced, shared_pixels, syntax, twin
from fuzz.dicom_trees import any_scan, lost, pick
from fuzz.written import DOUBTFUL, HARMLESS, PROBLEM, SPOILED

# Names of styles that hold Hounsfield units, as files in the wild store them.
STYLES = {
    "unsigned": Style(signed=False, intercept=-1024),
    "12 bits unsigned": Style(signed=False, bits=12, intercept=-1024),
    "12 bits wrapped": Style(signed=False, bits=12, wrapped=True),
    "16 bits wrapped": Style(signed=False, wrapped=True),
    "padding of -2000": Style(padding=-2000),
    "padding of -3024": Style(intercept=-1024, padding=-3024),
    "padding of -32768": Style(padding=-32768),
    "half units": Style(signed=False, slope=0.5, intercept=-1024),
    "two units": Style(slope=2, intercept=-1000),
    "MONOCHROME1": Style(photometric="MONOCHROME1"),
    "MONOCHROME1, inverted": Style(photometric="MONOCHROME1", inverted=True),
    "unsigned, inverted": Style(
        signed=False, bits=12, intercept=-1024, photometric="MONOCHROME1", inverted=True
    ),
}
# Names of styles whose values are no Hounsfield units, or that do not tell of them.
SPOILING = {
    "1024 added": Style(signed=False, added=1024),
    "slope halved": Style(told=(0.5, 0)),
    "intercept twice": Style(signed=False, intercept=-1024, told=(1, -2048)),
    "slope of 0": Style(told=(0, 0)),
    "no slope": Style(told=(None, None)),
    "slope that is empty": Style(told=("", 0)),
}

# What slices without positions may lack beside, by which SliceLocation tells their order: numbers
# that count in the same order, and that they are called axial.
_DISORDERS = {
    "no order at all": {"SliceLocation": None, "InstanceNumber": None},
    "SliceLocation without InstanceNumber": {"InstanceNumber": None},
    "SliceLocation of slices that may lie anyhow": {"ImageType": None},
}
# What traits and people write of what a series shows.
_WORDS = ("SeriesDescription", "BodyPartExamined", "ConvolutionKernel")


def style(draw, tree):
    name = pick(draw, sorted(STYLES))
    scan = draw(st.booleans()) and any_scan(draw, tree)[1]
    tree = tree.mapped(lambda f: replace(f, style=STYLES[name]), scan or None)
    return tree.with_trait(name)


def not_hounsfield(draw, tree):
    name = pick(draw, sorted(SPOILING))
    index, scan = any_scan(draw, tree)
    tree = tree.mapped(lambda f: replace(f, style=SPOILING[name]), scan)
    return tree.with_scan(index, state=SPOILED).with_trait(name, PROBLEM)


def one_not_hounsfield(draw, tree):
    index, scan = any_scan(draw, tree)
    file = pick(draw, tree.files_of(scan))
    spoiled = replace(file, style=SPOILING["1024 added"], usable=False)
    tree = lost(tree.swapped(file, spoiled), index, file.shows)
    return tree.with_trait("1024 added in one slice", PROBLEM)


def tilt(draw, tree):
    _, scan = any_scan(draw, tree)
    angle = np.radians(draw(st.integers(-28, 28)))
    cosines = [1.0, 0.0, 0.0, 0.0, float(np.cos(angle)), float(-np.sin(angle))]
    return tree.mapped(lambda f: f.but(ImageOrientationPatient=cosines), scan).with_trait("tilted")


def turn(draw, tree):
    _, scan = any_scan(draw, tree)
    how, cosines = pick(
        draw,
        (
            ("prone", [-1.0, 0.0, 0.0, 0.0, -1.0, 0.0]),
            ("above", [-1.0, 0.0, 0.0, 0.0, 1.0, 0.0]),
            ("exchanged", [0.0, 1.0, 0.0, 1.0, 0.0, 0.0]),
        ),
    )
    tree = tree.mapped(lambda f: replace(f.but(ImageOrientationPatient=cosines), turn=how), scan)
    return tree.with_trait(how)


def noise(draw, tree):
    _, scan = any_scan(draw, tree)
    rng = np.random.default_rng(draw(st.integers(0, 99)))

    def change(file):
        place = np.array(file.tags["ImagePositionPatient"]) + rng.uniform(-0.02, 0.02, 3)
        cosines = np.array(file.tags["ImageOrientationPatient"]) + rng.uniform(-1e-4, 1e-4, 6)
        return file.but(
            ImagePositionPatient=np.round(place, 6).tolist(),
            ImageOrientationPatient=np.round(cosines, 6).tolist(),
        )

    return tree.mapped(change, scan).with_trait("noise of 0.02 mm")


def gap(draw, tree):
    """Leave out what lies between two slices, so that no file ever showed it."""
    index, scan = any_scan(draw, tree)
    wide = draw(st.booleans())
    above = draw(st.integers(1, len(scan.slices) - 1))
    own = tree.files_of(scan)
    heights = [f.tags["ImagePositionPatient"][2] for f in own]
    more = float(np.diff(heights).min()) * (11 if wide else 1)

    def change(file):
        x, y, z = file.tags["ImagePositionPatient"]
        shift = more if file.shows[0].rank >= above else 0
        return file.but(ImagePositionPatient=[x, y, z + shift])

    # A gap between few slices, or at an end, is as well a change of spacing.
    inside = len(scan.slices) >= 5 and 2 <= above <= len(scan.slices) - 2
    tree = tree.mapped(change, scan).with_scan(index, noted=inside)
    if wide:
        tree = tree.with_scan(index, state=DOUBTFUL)
    series = [f.tags["SeriesInstanceUID"] for f in own]
    if wide and len({*series}) < len(series) and series[above - 1] != series[above]:
        # Two series far from each other may be of two parts of the body: one of them is the scan.
        tree = tree.with_scan(index, losable=frozenset(scan.slices))
    return tree.with_trait(f"gap of {more:g} mm", PROBLEM if wide else HARMLESS)


def two_spacings(draw, tree):
    _, scan = any_scan(draw, tree)
    middle = len(scan.slices) // 2

    def change(file):
        rank = file.shows[0].rank
        z = 2.5 * min(rank, middle) + 5.0 * max(rank - middle, 0)
        return file.but(ImagePositionPatient=[-100.0, -100.0, z])

    return tree.mapped(change, scan).with_trait("2.5 mm below and 5 mm above")


def no_position(draw, tree):
    index, scan = any_scan(draw, tree)
    file = pick(draw, tree.files_of(scan))
    tree = tree.swapped(file, file.but(ImagePositionPatient=None))
    return lost(tree, index, file.shows).with_trait("a slice without position", PROBLEM)


def no_positions(draw, tree):
    index, scan = any_scan(draw, tree)
    # Where there is another series, it could be chosen in place of one without any order.
    alone = not any(one.series for file in tree.files for one in file.shows)
    how = pick(draw, ("SliceLocation alone", *_DISORDERS)) if alone else "SliceLocation alone"
    own = tree.files_of(scan)
    several = len({file.tags.get("SeriesInstanceUID") for file in own}) > 1
    if several or any(file.turn for file in own):
        return tree  # nothing would tell how they lie, or whether series count from one place

    def change(file):
        z = file.tags["ImagePositionPatient"][2]
        tags = {"ImagePositionPatient": None, "ImageOrientationPatient": None}
        return file.but(**tags | {"SliceLocation": z} | _DISORDERS.get(how, {}))

    tree = tree.mapped(change, scan)
    if how in _DISORDERS:
        return tree.with_scan(index, state=SPOILED).with_trait(how, PROBLEM)
    return tree.with_scan(index, noted=True).with_trait(how)


def odd_size(draw, tree):
    index, scan = any_scan(draw, tree)
    file = pick(draw, tree.files_of(scan))
    if len(scan.slices) < 5:  # of few slices that are left, it could be the usual size
        return tree
    small = replace(file, hu=tuple(hu[:12, :12] for hu in file.hu), usable=False)
    return lost(tree.swapped(file, small), index, file.shows).with_trait("odd size", PROBLEM)


def tags(draw, tree):
    name, told = pick(
        draw,
        (
            ("derived", {"ImageType": ["DERIVED", "SECONDARY", "AXIAL"]}),
            ("no ImageType", {"ImageType": None}),
            ("no numbers", {"InstanceNumber": None}),
            ("one InstanceNumber", {"InstanceNumber": 1}),
            ("InstanceNumber 0", {"InstanceNumber": 0}),
            ("InstanceNumber 1.0", {"InstanceNumber": "1.0 "}),
            ("named description", {"SeriesDescription": "Winterbottom head 5mm"}),
            ("dated description", {"SeriesDescription": "19391231 head"}),
            ("no PixelSpacing", {"PixelSpacing": None}),
            ("head", {"BodyPartExamined": "HEAD", "ConvolutionKernel": "H31s"}),
            ("unknown kernel", {"ConvolutionKernel": "XYZ77"}),
        ),
    )
    if "InstanceNumber" in told and "SliceLocation alone" in tree.written.traits:
        return tree  # the two together tell the order
    return tree.mapped(lambda f: _retagged(f, told)).with_trait(name)


def _retagged(file, told):
    """Return a file with other tags; it keeps what alone says what it shows.

    That is the ImageType of overviews and of files that do not say how they lie, and the words by
    which another trait told series or parts of the body apart: with other words, nobody knows.
    """
    kept = {*_WORDS} if any(file.tags.get(name) for name in _WORDS) else set()
    if "LOCALIZER" in (file.tags["ImageType"] or ()) or not file.tags["ImageOrientationPatient"]:
        kept |= {"ImageType"}
    return file.but(**{name: value for name, value in told.items() if name not in kept})


SLICE_TRAITS = {
    "lie": (tilt, turn, noise),
    "place": (gap, two_spacings, no_position, no_positions),
    "style": (style, style, not_hounsfield, one_not_hounsfield),
    "tags": (tags,),
    "size": (odd_size,),
    "twice": (copies, copies, twin, shared_pixels),
    "file": (syntax, bare, cut, enhanced),
}
