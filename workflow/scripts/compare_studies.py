"""Set finished studies side by side on one page."""

from itertools import islice
from pathlib import Path

import yaml

from ctseq.core.files import atomic_write
from ctseq.core.logs import rule_log
from ctseq.core.tables import read_table
from ctseq.evidence.studies import FinishedStudy
from ctseq.evidence.tables import METRICS, VERDICT
from ctseq.replicates.splits import read_split
from ctseq.report.pages.studies import render_studies


def main(inputs, page):
    """Write the page; `inputs` has the names of the rule's input."""
    splits = map(read_split, inputs.splits)  # of all replicates, study by study
    studies = []
    files = zip(inputs.configs, inputs.metrics, inputs.verdicts, strict=True)
    for path, metrics, verdicts in files:
        config = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
        studies.append(
            FinishedStudy(
                name=Path(path).parent.name,
                config=config,
                metrics=read_table(metrics, METRICS),
                splits=list(islice(splits, config["replicates"])),
                verdicts=read_table(verdicts, VERDICT),
            )
        )
    with atomic_write(page) as unfinished:
        unfinished.write_text(render_studies(studies), encoding="utf-8")


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(snakemake.input, snakemake.output.page)
