"""`snakemake compare_studies`: reads finished studies, whichever is configured, and runs none."""

import pandas as pd
import yaml

from configs import CONFIG, merged, resolved
from ctseq.core.tables import write_table
from ctseq.evidence.over_replicates.analyses import OVER_REPLICATES
from ctseq.evidence.over_replicates.design import design_of_splits
from ctseq.evidence.over_replicates.samples import replicates_of
from ctseq.evidence.tables import METRICS, VERDICT
from ctseq.replicates.tables import SPLIT
from ctseq.study.comparison import comparison_settings
from ctseq.study.config import used_config

MODELS = {"vivit": "ViViT", "convnext": "ConvNeXt"}


def write_study(copy, name, accuracy):
    """Lay out a finished study of two replicates: what the page is made from."""
    asked = {"study": name, "replicates": 2}
    asked["comparison"] = {"primary": "accuracy", "metrics": ["accuracy"]}
    config = used_config(resolved(merged(CONFIG, asked)))
    del config["compare_studies"]
    folder = copy.folder / "results" / name
    rows = [
        (model, replicate, "accuracy", value)
        for model, values in zip(MODELS, accuracy, strict=True)
        for replicate, value in enumerate(values, start=1)
    ]
    metrics = pd.DataFrame(rows, columns=list(METRICS.columns))
    split = pd.DataFrame({"patient_id": list("1234"), "subset": ["train"] * 3 + ["test"]})
    design = design_of_splits([split] * 2)
    replicates = replicates_of(metrics, design, comparison_settings(config))
    write_table(metrics, folder / "metrics.csv", METRICS)
    verdicts = OVER_REPLICATES["verdict"].compute(replicates)
    write_table(verdicts, folder / "comparison/verdict.csv", VERDICT)
    for number in ("01", "02"):
        write_table(split, folder / f"splits/replicate-{number}.csv", SPLIT)
    (folder / "config.yaml").write_text(yaml.safe_dump(config))


def test_finished_studies_stand_on_one_page_and_stay_as_they_are(working_copy):
    copy = working_copy({"study": "one"})  # configured otherwise than it was run
    write_study(copy, "one", [[0.9, 0.8], [0.5, 0.3]])
    write_study(copy, "two", [[0.4, 0.5], [0.7, 0.5]])
    before = copy.tree("results")
    outcome = copy.snakemake("compare_studies", overlay={"compare_studies": ["one", "two"]})
    assert outcome.status == 0, outcome.text[-4000:]
    assert outcome.jobs == ["compare_studies"]
    page = (copy.folder / "results/studies.html").read_text("utf-8")
    assert (
        "No difference between ViViT and ConvNeXt in accuracy is shown by studies one and two."
        in page
    )
    after = copy.tree("results")
    assert {path: after[path] for path in before} == before

    (copy.folder / "results/two/metrics.csv").unlink()
    names = {"compare_studies": ["one", "two", "three"]}
    outcome = copy.snakemake("compare_studies", "--dry-run", overlay=names)
    assert outcome.status != 0
    assert "study two lacks results/two/metrics.csv" in outcome.text
    assert "study three lacks results/three/config.yaml" in outcome.text
    assert "Traceback (most recent call last)" not in outcome.text
