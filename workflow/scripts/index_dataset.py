"""List every file and slice of a dataset and check its labels against its images."""

import logging
from pathlib import Path

from ctseq.core.logs import rule_log
from ctseq.intake.index_files import adopt_index, write_index


def main(*, dataset, name, settings, recognised, code="", threads=1, **tables):
    """Write the format and the tables of files, slices, scans, problems and demographics.

    `name` is the dataset's, and `settings` its format, labels, columns, target, links_into
    and on_problem. What a check has read just now, by the same `code`, is taken from it.
    """
    kept = Path(recognised).with_name("checked")
    lines = adopt_index(kept, recognised, tables, code=code, settings=settings)
    if lines is None:
        options = {"dataset": dataset, "name": name, "settings": settings, "threads": threads}
        lines = write_index(recognised, tables, **options)
    for line in lines:
        logging.getLogger("ctseq").info("%s", line)


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        code, threads = snakemake.params[0], snakemake.threads
        options = {**snakemake.params, **snakemake.output, "threads": threads}
        main(dataset=snakemake.input.dataset, code=code, **options)
