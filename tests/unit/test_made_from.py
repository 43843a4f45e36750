"""What results were made from: written by the index, and told on the page from there."""

import hashlib

import index_dataset
from ct_ich import write_ct_ich
from ctseq.core.files import read_json
from ctseq.report.facts import made_from

ENCODER = {"checkpoint": "owner/x", "commit": "c" * 40, "weights_sha256": "ab" * 32}
LOCAL = {"checkpoint": "/home/me/models/vit", "commit": None, "weights_sha256": "cd" * 32}


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def index(folder, made, labels=None):
    """Run the script; return what it writes of what it read."""
    names = ("inventory", "listing", "problems", "demographics", "series", "masks")
    settings = {"path": str(folder), "format": "ct-ich-jpg", "labels": labels}
    settings |= {"target": "hemorrhage", "links_into": [], "on_problem": "error", "phantom": None}
    index_dataset.main(
        dataset=str(folder),
        name="own",
        settings=settings,
        recognised=str(made / "format.json"),
        **{name: str(made / f"{name}.csv") for name in names},
    )
    return read_json(made / "format.json")


def test_an_index_says_by_which_label_table_and_what_it_is(tmp_path):
    folder = write_ct_ich(tmp_path / "data", {"049": "-b-", "050": "---"}, side=16)
    found = index(folder, tmp_path / "first")
    table = (folder / "hemorrhage_diagnosis.csv").read_bytes()
    assert found["labels"] == {"hemorrhage_diagnosis.csv": sha256(table)}
    names = ("inventory", "listing", "problems", "series", "masks")
    files = [(tmp_path / f"first/{name}.csv").read_bytes() for name in names]
    assert found["index_sha256"] == sha256("".join(map(sha256, files)).encode())
    assert found["settings"]["path"] == str(folder)
    assert index(folder, tmp_path / "again") == found
    (folder / "Patients_CT/050/bone/3.jpg").unlink()
    other = index(folder, tmp_path / "other")
    assert other["labels"] == found["labels"]
    assert other["index_sha256"] != found["index_sha256"]


def test_the_page_tells_what_results_were_made_from():
    clinic = {
        "format": "dicom",
        "recognised_by": "a DICOM file",
        "settings": {
            "path": "/home/me/clinic", "format": "auto", "labels": "/home/me/truth.csv",
            "target": "hemorrhage", "links_into": ["/mnt/store"], "on_problem": "exclude",
            "phantom": None,
        },
        "labels": {"truth.csv": "11" * 32},
        "index_sha256": "22" * 32,
    }  # fmt: skip
    settings = {"revision": "v2", "subfolder": "encoder"}
    encoders = {"a": ENCODER | {"settings": settings}, "b": LOCAL | {"settings": {"subfolder": ""}}}
    table = made_from({"clinic": clinic}, encoders)
    assert table.rows == [
        ["Dataset clinic", "folder clinic, read as dicom"],
        ["Dataset clinic", "target hemorrhage, on_problem exclude, links into store"],
        ["Dataset clinic", f"labels truth.csv, SHA-256 {'11' * 32}"],
        ["Dataset clinic", f"index, SHA-256 {'22' * 32}"],
        ["Encoder a", f"checkpoint owner/x, revision v2, commit {'c' * 40}, subfolder encoder"],
        ["Encoder a", f"weights, SHA-256 {'ab' * 32}"],
        ["Encoder b", "checkpoint local folder vit"],
        ["Encoder b", f"weights, SHA-256 {'cd' * 32}"],
    ]
    cells = [cell for row in table.rows for cell in row]
    assert not [cell for cell in cells if "/home" in cell or "/mnt" in cell]


def test_synthetic_patients_and_their_encoders_have_no_folder():
    drawn = {"settings": {"path": "results/data/p/phantom", "phantom": {"patients": 9, "seed": 1}}}
    none = {"checkpoint": None, "commit": None, "weights_sha256": None}
    tiny = {"checkpoint": "tiny", "commit": None, "weights_sha256": None}
    assert made_from({"p": {"format": "dicom"} | drawn}, {"a": none, "b": tiny}).rows == [
        ["Dataset p", "synthetic patients: patients 9, seed 1"],
        ["Encoder a", "no checkpoint"],
        ["Encoder b", "checkpoint tiny"],
    ]


def test_files_of_an_earlier_version_tell_less():
    table = made_from({"own": {"format": "dicom"}}, {"a": LOCAL})
    assert [row[0] for row in table.rows] == ["Encoder a", "Encoder a"]
