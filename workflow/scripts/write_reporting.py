"""Write the reporting checklists and a card of each model, filled in as far as the study knows."""

from pathlib import Path

from ctseq.core.files import atomic_write
from ctseq.core.lines import restored
from ctseq.core.logs import rule_log
from ctseq.report.checklists.files import reporting_files
from ctseq.report.study import Conducted, conducted


def main(inputs, paths, *, config, registered):
    """Write the files whose names are the paths' names."""
    texts = reporting_files(Conducted(**conducted(inputs, config, registered)))
    for path in paths:
        with atomic_write(path) as unfinished:
            unfinished.write_text(texts[Path(path).name], encoding="utf-8")


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(snakemake.input, snakemake.output, **restored(snakemake.params[1:]))
