"""Whatever the headers of a study say: every file is used or has a reason, and slices rise."""

from hypothesis import given, settings
from hypothesis import strategies as st

from ctseq.readers.dicom.descriptions import CONTRAST, PLAIN, UNTOLD
from ctseq.readers.dicom.facts import Facts
from ctseq.readers.dicom.headers import Header, heights
from ctseq.readers.dicom.series import choose_series
from ctseq.readers.dicom.stacks import NEAREST_MM
from ctseq.readers.problems import UNUSED_FILES

AXIAL, TILTED = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0), (1.0, 0.0, 0.0, 0.0, 0.94, -0.34)
CORONAL = (1.0, 0.0, 0.0, 0.0, 0.0, -1.0)


@st.composite
def headers(draw):
    facts = Facts(
        series=draw(st.sampled_from(["", "1", "2"])),
        series_number=draw(st.integers(0, 2)),
        frame="",
        description="",
        kernel="",
        sharpness=draw(st.sampled_from(["soft", "sharp"])),
        contrast=draw(st.sampled_from([PLAIN, CONTRAST, UNTOLD])),
        part=draw(st.sampled_from(["head", "", "chest"])),
        original=draw(st.booleans()),
        axial=draw(st.booleans()),
        computed=False,
    )
    orientation = draw(st.sampled_from([AXIAL, AXIAL, AXIAL, TILTED, CORONAL, ()]))
    frames = draw(st.sampled_from([1, 1, 1, 2]))
    z = st.sampled_from([0.0, 5.0, 10.0, 12.5, 40.0])
    positions = tuple((0.0, 0.0, draw(z)) for _ in range(frames)) if orientation else ()
    place = (draw(st.integers(0, 5)) + 0.0, draw(z)) if not orientation else ()
    return Header(
        path="",
        patient="P",
        study="1",
        acquisition=draw(st.integers(0, 2)),
        instance=draw(st.sampled_from([b"", b"1", b"2"])),
        facts=facts,
        reason=draw(st.sampled_from(["", "", "", "localizer"])),
        orientation=orientation,
        positions=positions,
        place=draw(st.sampled_from([place, ()])),
        size=draw(st.sampled_from([(4, 4), (4, 4), (2, 2)])),
        pixel_mm=(0.5, 0.5),
    )


@given(st.lists(headers(), max_size=12), st.data())
@settings(max_examples=300, deadline=None)
def test_every_file_is_accounted_for(own, data):
    study = []
    for number, header in enumerate(own):
        fields = {name: getattr(header, name) for name in header.__slots__}
        study.append(Header(**fields | {"path": f"{number}.dcm"}))
    digests = {one.path: data.draw(st.sampled_from(["", "x", "y"])) for one in study}
    [choice] = choose_series(study, digests.get)
    used = {header.path for header in choice.series}
    assert used.isdisjoint(choice.reasons)
    assert used | choice.reasons.keys() == {header.path for header in study}
    assert set(choice.reasons.values()) <= UNUSED_FILES.keys()
    if choice.series:
        z = heights(choice.series)
        assert all(below + NEAREST_MM < above for below, above in zip(z, z[1:], strict=False))
        assert len({header.size for header in choice.series}) == 1
        assert choice.words
