"""Account for every file of the dataset and check its labels against its images."""

import logging

import ctseq.selection
from ctseq.datasets import reader_for
from ctseq.runlog import rule_log
from ctseq.tables import INVENTORY, PROBLEMS, write_table


def main(
    *,
    dataset: str,
    format: str,
    on_problem: str,
    inventory: str,
    problems: str,
    threads: int = 1,
) -> None:
    """Write the inventory and the problems that were left out of the study."""
    reader = reader_for(dataset, format)
    files, found = ctseq.selection.index_dataset(
        dataset, reader, on_problem=on_problem, threads=threads
    )
    log = logging.getLogger("ctseq").info
    log("Files seen in %s: %d, kept as slices: %d.", dataset, len(files), files["kept"].sum())
    for reason, count in files.loc[files["kept"] == 0, "reason"].value_counts().items():
        log("Not kept, %s: %d.", reason, count)
    for problem, count in found["problem"].value_counts().items():
        log("Problem, %s: %d; each stands in %s.", problem, count, problems)
    write_table(files, inventory, INVENTORY)
    write_table(found, problems, PROBLEMS)


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(
            dataset=snakemake.input.dataset,
            format=snakemake.params.format,
            on_problem=snakemake.params.on_problem,
            inventory=snakemake.output.inventory,
            problems=snakemake.output.problems,
            threads=snakemake.threads,
        )
