"""Account for every file and slice of the dataset and check its labels against its images."""

import logging
from pathlib import Path

import ctseq.selection
from ctseq.datasets.readers import reader_for
from ctseq.reasons import REASONS
from ctseq.runlog import rule_log
from ctseq.tables import INVENTORY, LISTING, PROBLEMS, write_table


def main(
    *,
    dataset: str,
    format: str,
    on_problem: str,
    inventory: str,
    listing: str,
    problems: str,
    labels: str | None = None,
    threads: int = 1,
) -> None:
    """Write the inventory of files, the listing of slices and the problems that were left out."""
    log = logging.getLogger("ctseq").info
    reader, how = reader_for(dataset, format)
    log("Format: %s.", how)
    files, slices, found = ctseq.selection.index_dataset(
        dataset,
        reader,
        on_problem=on_problem,
        labels=Path(labels) if labels else None,
        threads=threads,
    )
    log(
        "Files seen in %s: %d, with slices of the study: %d.", dataset, len(files), files.kept.sum()
    )
    for code, count in files.loc[files["kept"] == 0, "reason"].value_counts().items():
        log("Not kept, %s: %d.", REASONS[code].words, count)
    log("Slices seen: %d, kept: %d.", len(slices), slices["kept"].sum())
    for code, count in found["problem"].value_counts().items():
        log("Problem, %s: %d; each stands in %s.", REASONS[code].words, count, problems)
    write_table(files, inventory, INVENTORY)
    write_table(slices, listing, LISTING)
    write_table(found, problems, PROBLEMS)


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(
            dataset=snakemake.input.dataset,
            **snakemake.params,
            **snakemake.output,
            threads=snakemake.threads,
        )
