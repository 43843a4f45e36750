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


def main(dataset, *, format, on_problem, labels=None, threads=1, **outputs):
    """Write the format, all files and slices, the problems that were left out, demographics."""
    log = logging.getLogger("ctseq").info
    name, how = recognise(dataset, format)
    log("Format: %s, by %s.", name, how)
    reader, table = READERS[name], Path(labels) if labels else None
    index = index_dataset(dataset, reader, on_problem=on_problem, labels=table, threads=threads)
    write_json({"format": name, "recognised_by": how}, outputs["recognised"])
    write_table(reader.read_demographics(dataset), outputs["demographics"], DEMOGRAPHICS)
    write_table(index.inventory, outputs["inventory"], INVENTORY)
    write_table(index.listing, outputs["listing"], LISTING)
    write_table(index.problems, outputs["problems"], PROBLEMS)
    files, slices = index.inventory, index.listing
    log("Files seen in %s: %d, with slices of the study: %d.",
        dataset, len(files), files["kept"].sum())  # fmt: skip
    for code, count in files.loc[files["kept"] == 0, "reason"].value_counts().items():
        log("Not kept, %s: %d.", REASONS[code].words, count)
    log("Slices seen: %d, kept: %d.", len(slices), slices["kept"].sum())
    for code, count in index.problems["problem"].value_counts().items():
        log("Problem, %s: %d; each stands in %s.", REASONS[code].words, count, outputs["problems"])


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        given = {**snakemake.params, **snakemake.output}
        main(snakemake.input.dataset, threads=snakemake.threads, **given)
