"""Files that are asked for by name: what is said of those that the study does not have."""

import pytest

from configs import changed, resolved
from ctseq.core.errors import InputError
from ctseq.study.made.targets import check_targets
from ctseq.study.study import Study

RUN = "results/ours/runs"


@pytest.fixture
def study():
    return Study.of(resolved(changed({"study": "ours", "replicates": 2})))


@pytest.mark.parametrize("target", [
    "all",
    "check",
    "results/ours/report.html",
    f"{RUN}/vivit/replicate-02/metrics.json",
    "results/ours/splits/replicate-01.csv",
    "results/data/ct-ich/slices.csv",
    "results/data/ct-ich/features/vivit-shuffled-2024-replicate-01.safetensors",
    "results/published/report.html",
    "results/studies.html",
    "results/ours/runs",
    "resources/checkpoints/tiny-slice",
    "/elsewhere/results/other/report.html",
])  # fmt: skip
def test_files_of_the_study_and_names_that_are_no_files_of_one_are_left_alone(study, target):
    check_targets([target], study)


@pytest.mark.parametrize(("target", "says"), [
    (f"{RUN}/vivit/replicate-07/metrics.json",
     "it is of replicate 7 of a study with 2: raise `replicates`, now 2."),
    ("results/ours/splits/replicate-03.csv",
     "it is of replicate 3 of a study with 2: raise `replicates`, now 2."),
    (f"{RUN}/vivit/replicate-002/scores.csv", "replicate 2 is written replicate-02."),
    (f"{RUN}/vivit/replicate-1/scores.csv", "replicate 1 is written replicate-01."),
    (f"{RUN}/vivit/replicate-00/scores.csv", "replicates are numbered from 01."),
    (f"{RUN}/convnet/replicate-01/scores.csv",
     "it names 'convnet', but `compare` has vivit, convnext; did you mean convnext?"),
    (f"{RUN}/gru/replicate-01/scores.csv", "it names 'gru', but `compare` has vivit, convnext"),
    ("./results/our/report.html",
     "the study of this configuration is ours, whose files are in results/ours/. Name one of "
     "these, or set `study` to our, or give the configuration of that study (--configfile)."),
    ("results/data/ctich/slices.csv", "ctich is no dataset of the study ours, which has ct-ich."),
])  # fmt: skip
def test_what_a_study_does_not_have_is_said_with_what_it_has(study, target, says):
    with pytest.raises(InputError) as error:
        check_targets(["all", target], study)
    assert str(error.value) == f"{target} cannot be made: {says}"


def test_all_of_them_are_listed(study):
    targets = ["results/a/report.html", "results/b/report.html"]
    with pytest.raises(InputError) as error:
        check_targets(targets, study)
    assert [line.split()[0] for line in str(error.value).splitlines()] == targets


def test_what_another_configuration_made_is_there(study, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = tmp_path / "results/other/report.html"
    made.parent.mkdir(parents=True)
    made.touch()
    check_targets(["results/other/report.html"], study)
