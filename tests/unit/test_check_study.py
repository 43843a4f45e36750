"""The check of a study: what it finds, and all that is wrong in one error."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

import configs
from ct_files import ct, save
from ct_ich import write_ct_ich
from ctseq.checks.asked import Asked
from ctseq.checks.study import check_study
from ctseq.checks.table import summary, table
from ctseq.core.errors import InputError
from ctseq.core.lines import flattened, restored
from ctseq.study.study import Study
from dicom_folders import head, write_dicom
from encoders import settings_of

PATIENTS = {f"{number:03d}": "-b-" if number % 2 else "----" for number in range(49, 57)}
LINEAR = {"family": "linear", "labels": "scan", "finetuned": False, "shuffled_encoders": []}
LINEAR |= {"mirror": False, "epochs": 3, "candidates": 1, "seeds": 1, "folds": None, "repeats": 1}
LINEAR |= {"trainable": "head"}


@pytest.fixture
def asked(checkpoints, tmp_path, monkeypatch):
    """What a study of eight patients asks for, four of them with hemorrhage."""
    monkeypatch.chdir(tmp_path)
    path = write_ct_ich(tmp_path / "raw", PATIENTS, side=16)
    settings = {"path": str(path), "format": "ct-ich-jpg", "labels": None, "links_into": []}
    settings |= {"target": "hemorrhage", "on_problem": "error", "phantom": None}
    own = {"folder": "results/data/own", "settings": settings, "window": "40/120", "code": "1"}
    encoders = {
        name: {
            "settings": settings_of(sees, checkpoint=str(checkpoints / sees)),
            "window": None,
            "folder": str(checkpoints / sees),
            "made": False,
            "sources": [],
        }
        for name, sees in (("video", "sequence"), ("image", "slice"))
    }
    models = {"a": LINEAR | {"encoders": ["video"]}}
    models["b"] = LINEAR | {"encoders": ["image"], "labels": "slice"}
    return Asked(
        **{"results": "results/s", "datasets": {"own": own}, "encoders": encoders},
        **{"models": models, "replicates": 3, "seed": 1, "shards": [""]},
        splits={"scheme": "random", "test_proportion": 0.25, "stratify": True},
    )


def changed(asked, part, name, **settings):
    """Return what is asked for with other settings of a dataset or an encoder."""
    parts = getattr(asked, part)
    own = parts[name] | {"settings": parts[name]["settings"] | settings}
    return replace(asked, **{part: parts | {name: own}})


def test_a_good_study_is_told_what_it_has_and_takes(asked):
    found = check_study(asked, threads=1)
    (own,) = found["datasets"]
    counts = {key: own[key] for key in ("patients", "positive_patients", "brain_slices")}
    # Four patients with three slices, one of them positive, and four with four.
    assert counts == {"patients": 8, "positive_patients": 4, "brain_slices": 28}
    assert own["positive_slices"] == 4
    assert found["splits"] == {"replicates": 3, "train": [6, 6], "test": [2, 2], "positive": [1, 1]}
    video, image = found["encoders"]
    assert (video["rows"], image["rows"]) == (8, 28)
    assert (video["slices"], image["slices"]) == (28, 28)
    # Four frames of a scan, of which four scans have three slices.
    assert (video["short_scans"], image["short_scans"]) == (4, 0)
    # A row of 64 features in float32, and slices of 48 x 48 pixels.
    assert video["bytes"] == 8 * video["width"] * 4 + 28 * 48 * 48
    assert min(video["row_seconds"], image["row_seconds"]) > 0
    assert [one["runs"] for one in found["models"]] == [3, 3]
    assert [one["needs"] for one in found["models"]] == [[], ["labels of slices"]]
    assert found["seconds"] == sum(found["seconds_of"].values())


def test_the_table_fits_a_terminal(asked):
    text = table(check_study(asked, threads=1))
    lines = text.splitlines()
    assert lines[0] == "Check of the study s: nothing is wrong."
    assert max(map(len, lines)) <= 80
    for words in ("VivitForVideoClassification", "labels of slices", "3 of 5 s", "one row took"):
        assert words in text
    assert "it sees some twice in 4 scans with fewer." in " ".join(text.split())


def test_the_summary_is_three_lines_with_the_time_and_where_the_table_is(asked):
    lines = summary(check_study(asked, threads=1), "results/s/check.txt").splitlines()
    assert len(lines) == 3
    assert lines[0] == "Check: 8 patients, 4 positive, 28 slices; 2 models, 2 encoders."
    assert lines[1].startswith("It will take about ")
    assert lines[2].endswith("results/s/check.txt")


def test_all_kinds_of_problems_are_in_one_error(asked, tmp_path):
    other = write_ct_ich(tmp_path / "other", PATIENTS, side=16)
    external = asked.datasets["own"]["settings"] | {"path": str(other), "target": "Blutung"}
    datasets = {"away": asked.datasets["own"] | {"folder": "results/data/away"}}
    datasets["away"]["settings"] = external
    wrong = replace(asked, datasets=asked.datasets | datasets, shards=["x"] * 9)
    wrong = changed(wrong, "encoders", "video", frames=5)
    wrong.encoders["image"]["window"] = "700/3200"
    wrong.models["b"]["folds"] = 5
    with pytest.raises(InputError) as raised:
        check_study(wrong, threads=1)
    said = str(raised.value)
    assert said.startswith("The study cannot be run as it is (5 problems):")
    for words in (
        "datasets.away",
        "'Blutung'",
        "encoders.video.frames is 5, but the checkpoint joins 2 frames",
        "image sees own in 700/3200: ",
        "tuning.folds is 5 but only 3 of 6 patients are positive",
        "own: shards is 9, but there are 8 patients",
        "then look again: snakemake check",
    ):
        assert words in said


def test_labels_of_slices_are_needed_where_a_model_learns_from_them(asked):
    raw = Path(asked.datasets["own"]["settings"]["path"])
    folder = raw.with_name("folder")
    for patient in PATIENTS:
        shutil.copytree(raw / "Patients_CT" / patient / "brain", folder / patient)
        for mask in folder.glob("*/*_HGE_Seg.jpg"):
            mask.unlink()
    rows = [f"{patient},{int(patient) % 2}" for patient in PATIENTS]
    (folder / "labels.csv").write_text("\n".join(["patient_id,hemorrhage", *rows]))
    other = changed(asked, "datasets", "own", path=str(folder), format="folder")
    with pytest.raises(InputError, match="models.b needs labels of slices, which own lacks: set"):
        check_study(other, threads=1)


def test_a_disk_that_is_too_small_is_said_before(asked, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(9, 8, 1000))
    with pytest.raises(InputError, match=r"take \d+ kB, but 1 kB are free"):
        check_study(asked, threads=1)


def test_a_job_is_told_in_lines_what_a_configuration_asks_for():
    study = Study.of(configs.resolved(configs.changed({"tuning.patients": "train"})))
    asked = Asked.by(study, codes={study.dataset.name: "1"})
    assert asked.own == "ct-ich"
    vivit, convnext = asked.models["vivit"], asked.models["convnext"]
    assert (vivit["labels"], convnext["labels"]) == ("scan", "slice")
    assert (vivit["epochs"], vivit["candidates"], vivit["folds"]) == (20, 1, study.inner_folds)
    lines = flattened(vars(asked))
    assert 'datasets.ct-ich.settings.target: "hemorrhage"' in lines
    assert Asked(**restored(lines)) == asked


def test_what_is_gone_is_missed_where_something_has_still_to_be_made_of_it(asked, tmp_path):
    check_study(asked, threads=1)
    for path in (tmp_path / "results/data/own/checked").iterdir():
        path.rename(tmp_path / "results/data/own" / path.name)
    Path(asked.datasets["own"]["settings"]["path"]).rename(tmp_path / "away")
    with pytest.raises(InputError, match=r"datasets.own.path is .*/raw, which does not exist"):
        check_study(asked, threads=1)


def test_fine_tuning_takes_pixels_and_passes_over_them(asked):
    tuned = asked.models["a"] | {"finetuned": True}
    found = check_study(replace(asked, models={"a": tuned}), threads=1)
    (model,), (video, image) = found["models"], found["encoders"]
    assert (video["rows"], video["slices"]) == (0, 28)
    # Three epochs of eight scans, three passes each.
    assert model["seconds_each"] == pytest.approx(3 * 8 * 3 * video["row_seconds"])
    assert image["row_seconds"] is None


def test_parts_that_encoders_lack_for_training_are_said_before_anything_runs(asked, tmp_path):
    tuned = {"finetuned": True, "trainable": {"last_blocks": 9}}
    models = {"a": asked.models["a"] | tuned}
    models["b"] = asked.models["b"] | tuned | {"trainable": {"lora": 2, "layers": ["q_proj"]}}
    wrong = replace(asked, models=models)
    with pytest.raises(InputError) as raised:
        check_study(wrong, threads=1)
    said = str(raised.value)
    assert "models.a: training.trainable asks for the last 9 blocks, but Vivit" in said
    assert (
        "models.b: training.trainable asks for low-rank adapters (lora) of q_proj, but the linear "
        "layers of ConvNextForImageClassification are pwconv1 and pwconv2." in said
    )
    # Of models that are trained already nothing is asked.
    for model in "ab":
        for number in (1, 2, 3):
            run = tmp_path / f"results/s/runs/{model}/replicate-0{number}"
            run.mkdir(parents=True)
            (run / "scores.csv").touch()
    assert [one["runs"] for one in check_study(wrong, threads=1)["models"]] == [0, 0]


def test_what_a_dataset_lacks_is_said_without_a_checkpoint_that_is_still_to_be_fetched(asked):
    asked = changed(asked, "datasets", "own", path="away")
    asked.encoders["image"]["folder"] = "gone"
    asked.encoders["video"].update(folder="resources/checkpoints/video", made=True)
    with pytest.raises(InputError) as raised:
        check_study(asked, threads=1)
    said = str(raised.value)
    assert "datasets.own.path: away does not exist" in said
    assert "encoders.image" in said
    assert "encoders.video" not in said


def test_the_table_counts_what_is_left_out_by_choice_too(asked, tmp_path):
    path = write_dicom(tmp_path / "dicom")
    write_beside(
        path / "a", "scout", 200, series="9", ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"]
    )
    write_beside(path / "a", "thick", 210, series="8")
    (path / "b/notes.txt").write_text("seen")
    by_patient = replace(asked, models={"a": asked.models["a"]})
    wanted = changed(by_patient, "datasets", "own", path=str(path), format="dicom")
    found = check_study(wanted, threads=1)
    files = {"localizer": 2, "other": 1, "other-series": 2}  # and no label table
    assert found["datasets"][0]["left_out"] == {"files": files, "slices": {}, "scans": {}}
    assert (
        "Left out of own, files: localizer (2), not part of the layout (1) and another series of "
        "the study was chosen (2)."
    ) in " ".join(table(found).split())


def write_beside(folder, name, seed, *, series, **changes):
    """Write a series of two slices of patient a's study."""
    for number in range(2):
        image = ct(head(seed + number), z=5.0 * number, series=series, **changes)
        image.PatientID, image.StudyInstanceUID = "a", "1.2.0"
        save(image, folder / f"{name}{number}.dcm")
