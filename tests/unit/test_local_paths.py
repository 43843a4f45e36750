"""Nothing that is passed on says where on a machine something lies."""

import pytest

from ctseq.core.paths import is_local, last_part, without_places
from ctseq.report.checklists.files import reporting_files
from ctseq.report.page import render
from reports import DESCRIPTION, TWO, study_of

PLACES = ("/secret/clinic", "/home/mueller", "C:\\Users\\mueller", "~/mueller", "../mueller")


@pytest.mark.parametrize(
    ("path", "last"),
    [
        ("/data/ct/heads", "heads"),
        ("/data/ct/heads/", "heads"),
        ("~/heads.csv", "heads.csv"),
        ("../../heads", "heads"),
        ("C:\\Users\\x\\heads", "heads"),
        ("\\\\server\\share\\heads", "heads"),
        ("file:///data/heads", "heads"),
    ],
)
def test_a_path_of_a_machine_is_its_last_part(path, last):
    assert is_local(path)
    assert last_part(path) == last
    assert without_places({"a": [{"path": path}]}) == {"a": [{"path": f"…/{last}"}]}


@pytest.mark.parametrize("name", ["data/ct-ich", "facebook/dinov2-small", "tiny", "main", "40/120"])
def test_names_and_paths_inside_the_project_stay(name):
    assert not is_local(name)
    assert without_places([name, 3, None]) == [name, 3, None]


def study():
    """Return a study whose dataset, labels, links, checkpoints and others are absolute paths."""
    given = {
        "datasets": {
            "small": {
                "path": "/secret/clinic/heads",
                "labels": "C:\\Users\\mueller\\labels.csv",
                "links_into": ["/secret/clinic/archive"],
            },
            "other": {"format": "folder", "path": "../mueller/other"},
        },
        "external": ["other"],
        "encoders": {
            "video": {"checkpoint": "/home/mueller/vivit"},
            "image": {"checkpoint": "~/mueller/convnext"},
        },
    }
    made = study_of(TWO, dataset="folder", given=given)
    for name, encoder in made.resolved.encoders.items():
        made.encoders[name] = DESCRIPTION | {"checkpoint": encoder.checkpoint, "frames": 32}
    return made


def test_no_page_names_a_place_of_the_machine():
    own = study()
    page = render(own)
    for place in PLACES:
        assert place not in page, place
    assert "a local folder, vivit" in page
    assert "path: …/heads" in page
    assert "Paths of the machine are shown by their last part" in page


def test_no_checklist_and_no_card_names_a_place_of_the_machine():
    for name, text in reporting_files(study()).items():
        for place in PLACES:
            assert place not in text, (name, place)
