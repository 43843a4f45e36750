"""A reader, a type of encoders and a family, each added by one module and one line of a registry.

They come out in the checks of the configuration, in a run, in the report and in the documents.
"""

import shutil
import subprocess
import sys

import pytest

from studies import ROOT

TOYS = {  # registry, module and line
    "readers/formats": (
        "toys/text_scans.py",
        'FORMATS["text"] = Format("ctseq.readers.text_scans", "greys in lines", "*.scan", False, '
        "own_labels=True)",
    ),
    "encoders/registry": (
        "toys/quadrants.py",
        'ENCODER_TYPES["quadrants"] = EncoderType("ctseq.encoders.quadrants", "mean grey of each '
        'quadrant", ("slice",), False)',
    ),
    "families/registry": (
        "nearest_mean.py",
        'FAMILIES["nearest"] = Family("ctseq.families.nearest_mean", "nearest mean of a class")',
    ),
}
ASKED = {
    "study": "toys",
    "encoders": {"quadrants": {"type": "quadrants", "sees": "slice"}},
    "models": {
        "nearest": {"encoder": "quadrants", "family": "nearest", "labels": "scan"},
        "straight": {"encoder": "quadrants", "family": "linear", "labels": "scan"},
    },
    "compare": ["nearest", "straight"],
    "replicates": 2,
    "splits": {"stratify": True},
    "training": {"epochs": 2},
    "comparison": {"metrics": ["accuracy"]},
}
DOCUMENTS = """
import sys
sys.path.insert(0, "docs")
import generate
print(*map(generate.page, ("configuration", "datasets", "training", "encoders")))
"""


@pytest.fixture(scope="module")
def toys(modules_copy, tmp_path_factory):
    """Add the toys to a working copy and run a study of them."""
    folder = tmp_path_factory.mktemp("scans")
    for number in range(1, 13):
        bleeds = number % 2
        slices = [6 * number, 6 * number + 2 + 150 * bleeds, 6 * number + 4]  # none like another
        text = "\n".join(map(str, [bleeds, *slices]))
        (folder / f"{number:03d}.scan").write_text(text)
    dataset = {"datasets": {"ours": {"path": str(folder), "format": "text"}}, "dataset": "ours"}
    copy = modules_copy(ASKED | dataset)
    library = copy.folder / "workflow/scripts/ctseq"
    for registry, (module, line) in TOYS.items():
        shutil.copy(ROOT / "tests" / module, library / registry.partition("/")[0])
        with (library / f"{registry}.py").open("a") as file:
            file.write(f"{line}\n")
    outcome = copy.snakemake()
    assert outcome.status == 0, outcome.text[-8000:]
    return copy


def test_they_run_to_the_report_and_are_named_there(toys):
    page = (toys.results / "report.html").read_text("utf-8")
    for words in ("nearest mean of a class", "mean grey of each quadrant"):
        assert words in page
    assert '"format": "text"' in (toys.data / "format.json").read_text()


def test_the_checks_know_them(toys):
    plans = toys.plans(
        {
            "names": {"overlay": {"models": {"straight": {"family": "nearst"}}}},
            "type": {"overlay": {"encoders": {"quadrants": {"checkpoint": "owner/x"}}}},
            "format": {"overlay": {"datasets": {"ours": {"format": "txt"}}}},
        }
    )
    assert "did you mean nearest?" in plans["names"].text
    assert "encoders.quadrants.checkpoint (case-1.yaml, line 3) has no effect" in plans["type"].text
    assert "did you mean text?" in plans["format"].text


def test_editing_one_runs_again_what_it_decides(toys):
    modules = {
        "reader": ("readers/text_scans", {"index_dataset", "pack_pixels", "plot_examples"}),
        "encoder": ("encoders/quadrants", {"describe_encoder", "extract_features"}),
        "family": ("families/nearest_mean", {"fit"}),
    }
    cases = {}
    for name, (module, _) in modules.items():
        path = f"workflow/scripts/ctseq/{module}.py"
        text = (toys.folder / path).read_text("utf-8")
        cases[name] = {"edit": {path: text + "EDITED = True\n"}}
    plans = toys.plans(cases)
    for name, (_, rules) in modules.items():
        assert rules <= plans[name].rules
    fits = {job for job in plans["family"].jobs if job.startswith("fit")}
    assert fits == {f"fit model=nearest, replicate={n}" for n in ("01", "02")}
    assert "extract_features" not in plans["family"].rules
    assert "index_dataset" not in plans["encoder"].rules


def test_the_generated_documents_name_them(toys):
    shutil.copytree(ROOT / "docs", toys.folder / "docs")
    documents = subprocess.run(
        [sys.executable, "-c", DOCUMENTS],
        cwd=toys.folder,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for words in ("greys in lines", "mean grey of each quadrant", "nearest mean of a class"):
        assert words in documents
