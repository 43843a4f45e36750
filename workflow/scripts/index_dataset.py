"""Account for every file and slice of the dataset and check its labels against its images."""

import logging
from pathlib import Path

from ctseq.core.files import write_json
from ctseq.core.logs import rule_log
from ctseq.core.tables import write_table
from ctseq.intake.index import index_dataset
from ctseq.intake.tables import DEMOGRAPHICS, INVENTORY, LISTING, PROBLEMS
from ctseq.readers.problems import REASONS
from ctseq.readers.registry import READERS, recognise


def main(
    *,
    dataset: str,
    format: str,
    on_problem: str,
    recognised: str,
    inventory: str,
    listing: str,
    problems: str,
    demographics: str,
    labels: str | None = None,
    threads: int = 1,
) -> None:
    """Write the format, all files and slices, the problems that were left out, demographics."""
    log = logging.getLogger("ctseq").info
    name, how = recognise(dataset, format)
    log("Format: %s, by %s.", name, how)
    reader, table = READERS[name], Path(labels) if labels else None
    index = index_dataset(dataset, reader, on_problem=on_problem, labels=table, threads=threads)
    write_json({"format": name, "recognised_by": how}, recognised)
    write_table(reader.read_demographics(dataset), demographics, DEMOGRAPHICS)
    for rows, path, contract in zip(
        index, (inventory, listing, problems), (INVENTORY, LISTING, PROBLEMS), strict=True
    ):
        write_table(rows, path, contract)
    files, slices = index.inventory, index.listing
    log("Files seen in %s: %d, with slices of the study: %d.",
        dataset, len(files), files["kept"].sum())  # fmt: skip
    for code, count in files.loc[files["kept"] == 0, "reason"].value_counts().items():
        log("Not kept, %s: %d.", REASONS[code].words, count)
    log("Slices seen: %d, kept: %d.", len(slices), slices["kept"].sum())
    for code, count in index.problems["problem"].value_counts().items():
        log("Problem, %s: %d; each stands in %s.", REASONS[code].words, count, problems)


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        dataset, threads = snakemake.input.dataset, snakemake.threads
        main(dataset=dataset, **snakemake.params, **snakemake.output, threads=threads)
