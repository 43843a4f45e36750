"""Mistakes, one a row, each with the words that its user reads; none shows a traceback."""

import importlib.util
import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

from configs import changed, resolved
from ct_ich import write_ct_ich
from ctseq.core.logs import rule_log
from ctseq.intake.tables import SCANS
from ctseq.study.encoders import Encoder

SCRIPTS = Path(__file__).parents[2] / "workflow/scripts"
DIAGNOSIS = "hemorrhage_diagnosis.csv"
SLICE = "Patients_CT/050/brain/2.jpg"
PYTHONS = "Traceback (most recent call last)"


def script(name):
    spec = importlib.util.spec_from_file_location(f"script_{name}", SCRIPTS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def said(tmp_path, capfd):
    """Run a script's `main` as its rule does; give what the screen shows, which the log holds."""

    def run(name, /, *arguments, **keywords):
        log = tmp_path / "rule.log"
        with pytest.raises(SystemExit) as ended, rule_log(log):
            script(name).main(*arguments, **keywords)
        assert ended.value.code == 1
        shown = capfd.readouterr().err
        assert shown.startswith("Error: ")
        assert log.read_text("utf-8").endswith(shown)
        assert PYTHONS not in shown
        return shown

    return run


@pytest.fixture
def dataset(tmp_path):
    """A sound dataset of four patients, two with hemorrhage."""
    patients = {"049": "-b-", "050": "---", "051": "bb", "052": "-"}
    return write_ct_ich(tmp_path / "data", patients, side=16)


def index(folder, tmp_path, on_problem="error"):
    names = ("inventory", "listing", "problems", "demographics", "series", "masks")
    made = {name: str(tmp_path / f"{name}.csv") for name in names}
    made["recognised"] = str(tmp_path / "format.json")
    settings = {"format": "ct-ich-jpg", "labels": None, "target": "hemorrhage"}
    settings |= {"links_into": [], "on_problem": on_problem}
    return {"dataset": str(folder), "name": "own", "settings": settings} | made


def selection(folder, tmp_path):
    names = ("inventory", "listing", "demographics", "series", "slices", "scans")
    made = {name: str(tmp_path / f"{name}.csv") for name in names}
    made |= {"summary": str(tmp_path / "summary.json"), "sorted_folder": str(tmp_path / "sorted")}
    return {"dataset": str(folder), "target": "hemorrhage"} | made


def empty(folder):
    shutil.rmtree(folder)
    folder.mkdir()


def file(folder):
    shutil.rmtree(folder)
    folder.write_text("not a folder")


def only_bones(folder):
    for path in folder.rglob("brain"):
        shutil.rmtree(path)


def without_table(folder):
    (folder / DIAGNOSIS).unlink()


def without_rows(folder):
    (folder / DIAGNOSIS).write_text("")


def without_column(folder):
    text = (folder / DIAGNOSIS).read_text("utf-8-sig")
    (folder / DIAGNOSIS).write_text(text.replace("Epidural", "Extradural"))


def truncated(folder):
    (folder / SLICE).write_bytes((folder / SLICE).read_bytes()[:200])


def zero_bytes(folder):
    (folder / SLICE).write_bytes(b"")


def no_image(folder):
    (folder / SLICE).write_text("<html>502 Bad Gateway</html>")


def another_size(folder):
    Image.new("L", (20, 12), 50).save(folder / SLICE)


def slice_without_row(folder):
    text = (folder / DIAGNOSIS).read_bytes()
    (folder / DIAGNOSIS).write_bytes(text.replace(b"50,2,0,0,0,0,0,1,0\r\n", b""))


def row_without_slice(folder):
    (folder / SLICE).unlink()


def twice(folder):
    with (folder / DIAGNOSIS).open("ab") as table:
        table.write(b"50,2,1,0,0,0,0,0,0\r\n")


def contradiction(folder):
    text = (folder / DIAGNOSIS).read_bytes()
    (folder / DIAGNOSIS).write_bytes(text.replace(b"49,2,0,0,0,1,0,0,0", b"49,2,0,0,0,1,0,1,0"))


def patient_twice(folder):
    shutil.copytree(folder / "Patients_CT/050", folder / "Patients_CT/50")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (empty, ["{folder} is no dataset", "Found nothing", "Set datasets.own.path"]),
        (file, ["datasets.own.path: {folder} is not a folder", "root folder"]),
        (only_bones, ["holds no brain slices among its 10 files", "Patients_CT"]),
        (without_table, [f"has no {DIAGNOSIS}", "Copy the table"]),
        (without_rows, [DIAGNOSIS, "is empty"]),
        (without_column, [DIAGNOSIS, "lacks the column epidural", "it has patientnumber"]),
        (truncated, ["(1 problem)", SLICE, "cannot be read as an image"]),
        (zero_bytes, ["(1 problem)", SLICE, "it is empty"]),
        (no_image, ["(1 problem)", SLICE, "cannot be read as an image"]),
        (another_size, ["(1 problem)", SLICE, "20 x 12", "16 x 16"]),
        (slice_without_row, ["(1 problem)", SLICE]),
        (row_without_slice, ["(1 problem)", DIAGNOSIS, "row 6"]),
        (twice, [DIAGNOSIS, "row 6", "row 11"]),
        (contradiction, ["(1 problem)", DIAGNOSIS, "row 3"]),
        (patient_twice, ["Patients_CT/050", "Patients_CT/50"]),
    ],
)
def test_a_faulty_dataset(said, dataset, tmp_path, spoil, words):
    spoil(dataset)
    shown = said("index_dataset", **index(dataset, tmp_path))
    for word in words:
        assert word.format(folder=dataset) in shown
    assert not (tmp_path / "inventory.csv").exists()
    # What can be left out says that it can be.
    assert ("datasets.own.on_problem: exclude" in shown) == (
        "problem)" in shown or "problems)" in shown
    )


def test_all_faults_are_listed_at_once(said, dataset, tmp_path):
    for spoil in (truncated, contradiction, patient_twice):
        spoil(dataset)
    shown = said("index_dataset", **index(dataset, tmp_path))
    assert all(word in shown for word in (SLICE, "row 3", "Patients_CT/50"))


def test_excluding_keeps_the_rest_and_says_why(dataset, tmp_path):
    truncated(dataset)
    script("index_dataset").main(**index(dataset, tmp_path, on_problem="exclude"))
    inventory = (tmp_path / "inventory.csv").read_text().splitlines()
    (row,) = [line for line in inventory if line.startswith(SLICE)]
    assert row.split(",")[5] == "0"
    assert row.split(",")[6]
    assert SLICE in (tmp_path / "problems.csv").read_text()
    script("select_slices").main(**selection(dataset, tmp_path))
    summary = json.loads((tmp_path / "summary.json").read_text())
    files = summary["flow"]["files"]
    assert files["seen"] == files["used"] + sum(files["excluded_by_reason"].values()) == 19


@pytest.mark.parametrize(
    ("labels", "words"),
    [("-", "All 3 scans are without hem"), ("b", "All 3 scans have hemorrhage")],
)
def test_all_scans_of_one_class(said, tmp_path, labels, words):
    folder = write_ct_ich(tmp_path / "data", {"049": labels, "050": labels * 3, "051": labels})
    script("index_dataset").main(**index(folder, tmp_path))
    shown = said("select_slices", **selection(folder, tmp_path))
    assert words in shown
    assert "Check the dataset's label table and its `target`" in shown


@pytest.mark.parametrize(
    ("truth", "proportion", "words"),
    [
        ([0, 1], 0.1, ["2 patients", "splits.test_proportion 0.1", "no test patient"]),
        ([0, 1], 0.9, ["no train patient", "Choose another proportion or add patients"]),
        ([0, 0, 0, 1], 0.3, ["training patients are positive, and 1 of all 4", "splits.stratify"]),
    ],
)
def test_fewer_patients_than_a_split_needs(said, tmp_path, truth, proportion, words):
    unknown = "," * (len(SCANS.columns) - 5)
    rows = [
        f"{id:03d},{id:03d},{flag},1,{flag}{unknown}" for id, flag in enumerate(truth, start=49)
    ]
    (tmp_path / "scans.csv").write_text("\n".join([",".join(SCANS.columns), *rows, ""]))
    shown = said(
        "split_patients",
        tmp_path / "scans.csv",
        tmp_path / "split.csv",
        replicate=7,  # with this seed it tests on the only positive patient
        scheme="random",
        test_proportion=proportion,
        stratify=False,
        seed=1,
    )
    assert "Replicate 7: " in shown
    for word in words:
        assert word in shown


@pytest.mark.parametrize(
    ("held", "settings", "spoiled", "words"),
    [
        (
            "slice",
            {"sees": "sequence", "frames": 4},
            None,
            ["encoders.m.sees is sequence", "ConvNextForImage", "Set encoders.m.sees to slice"],
        ),
        (
            "sequence",
            {},
            None,
            ["encoders.m.sees is slice", "VivitForVideo", "Set encoders.m.sees to sequence"],
        ),
        (
            "sequence",
            {"sees": "sequence", "frames": 3},
            None,
            ["encoders.m.frames is 3", "2 frames to a tubelet", "a multiple of 2"],
        ),
        ("slice", {}, "config.json", ["lacks config.json", "save_pretrained"]),
        (
            "slice",
            {},
            "preprocessor_config.json",
            ["lacks preprocessor_config.json", "save_pretrained"],
        ),
        ("slice", {}, "model.safetensors", ["lacks model.safetensors"]),
        ("slice", {"pooling": "cls"}, None, ["encoders.m.pooling is cls", "does not allow"]),
    ],
)
def test_a_checkpoint_that_does_not_fit(
    said, tmp_path, checkpoints, held, settings, spoiled, words
):
    folder = shutil.copytree(checkpoints[held], tmp_path / "checkpoint")
    if spoiled:
        (folder / spoiled).unlink()
    own = {"sees": "slice", "checkpoint": str(folder)} | settings
    settings = Encoder.of("m", resolved(changed({"encoders.m": own}))).settings
    options = {"folder": folder, "encoder": "m", "settings": settings | {"window": "40/120"}}
    shown = said("describe_encoder", tmp_path / "m.json", **options)
    for word in words:
        assert word in shown
    assert str(folder) in shown or "frames" in words[0]
