"""Account for every file and slice of the dataset and check its labels against its images."""

import logging
from collections import Counter
from pathlib import Path

from ctseq.core.logs import rule_log
from ctseq.core.tables import open_table, typed, write_table
from ctseq.intake.catalogue import open_catalogue
from ctseq.intake.index import index_dataset
from ctseq.intake.tables import INVENTORY, LISTING, PROBLEMS
from ctseq.readers.reasons import REASONS
from ctseq.readers.registry import reader_for


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
    counts, left = Counter(), Counter()
    with open_catalogue(Path(inventory).with_name("catalogue")) as catalogue:
        index = index_dataset(
            dataset,
            reader,
            catalogue,
            on_problem=on_problem,
            labels=Path(labels) if labels else None,
            threads=threads,
        )
        with (
            open_table(inventory, INVENTORY) as add_files,
            open_table(listing, LISTING) as add_slices,
        ):
            for files, slices in index.parts():
                add_files(files)
                add_slices(slices)
                counts.update(files=len(files), kept_files=files["kept"].sum())
                counts.update(slices=len(slices), kept_slices=slices["kept"].sum())
                left.update(files.loc[files["kept"] == 0, "reason"])
    write_table(typed(index.problems, PROBLEMS), problems, PROBLEMS)
    log("Files seen in %s: %d, with slices of the study: %d.",
        dataset, counts["files"], counts["kept_files"])  # fmt: skip
    for code, count in left.most_common():
        log("Not kept, %s: %d.", REASONS[code].words, count)
    log("Slices seen: %d, kept: %d.", counts["slices"], counts["kept_slices"])
    for code, count in Counter(found["problem"] for found in index.problems).most_common():
        log("Problem, %s: %d; each stands in %s.", REASONS[code].words, count, problems)


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(
            dataset=snakemake.input.dataset,
            **snakemake.params,
            **snakemake.output,
            threads=snakemake.threads,
        )
