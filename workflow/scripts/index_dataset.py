"""List every file and slice of a dataset and check its labels against its images."""

import logging
from pathlib import Path

from ctseq.core.files import write_json
from ctseq.core.logs import rule_log
from ctseq.core.tables import write_table
from ctseq.intake import tables
from ctseq.intake.demographics import read_demographics
from ctseq.intake.index import index_dataset, origin
from ctseq.readers.problems import REASONS
from ctseq.readers.registry import recognise


def main(*, dataset, name, settings, recognised, demographics, threads=1, **outputs):
    """Write the format and the tables of files, slices, scans, problems and demographics.

    `name` is the dataset's, and `settings` its format, labels, target, links_into and on_problem,
    and columns if there are any.
    """
    log, key = logging.getLogger("ctseq").info, f"datasets.{name}"
    links_into = settings["links_into"]
    format, how = recognise(dataset, settings["format"], links_into=links_into, key=key)
    log("Format: %s, by %s.", format, how)
    index = index_dataset(
        *(dataset, format),
        on_problem=settings["on_problem"],
        labels=Path(settings["labels"]) if settings["labels"] else None,
        target=settings["target"],
        links_into=links_into,
        columns=settings.get("columns"),
        threads=threads,
        key=key,
    )
    write_table(read_demographics(dataset), demographics, tables.DEMOGRAPHICS)
    for table, path in outputs.items():
        write_table(getattr(index, table), path, getattr(tables, table.upper()))
    labels = [settings["labels"]] if settings["labels"] else index.label_tables
    made = {"format": format, "recognised_by": how, "settings": settings}
    write_json(made | origin(dataset, labels, [*outputs.values()]), recognised)
    files, slices, scans = index.inventory, index.listing, index.series
    log("Files seen in %s: %d, with slices of the study: %d.",
        dataset, len(files), files["kept"].sum())  # fmt: skip
    for code, count in files.loc[files["kept"] == 0, "reason"].value_counts().items():
        log("Not kept, %s: %d.", REASONS[code].words, count)
    for note in index.notes:
        log("%s", note)
    several = scans["patient_id"].value_counts().gt(1).sum()
    log("Scans seen: %d; patients with several: %d.", len(scans), several)
    for scan in scans[scans["choice"] != ""].itertuples():
        told = filter(None, [scan.description, scan.choice, scan.note])
        log("%s: %s.", scan.scan_id, "; ".join(told))
    if several and index.labels_of == "patient":
        log("Labels are of patients: each counts for all scans of its patient.")
    log("Slices seen: %d, kept: %d.", len(slices), slices["kept"].sum())
    for code, count in index.problems["problem"].value_counts().items():
        where = outputs["problems"]
        log("Problem, %s: %d; each is listed in %s.", REASONS[code].words, count, where)


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        dataset, threads = snakemake.input.dataset, snakemake.threads
        main(dataset=dataset, **snakemake.params, **snakemake.output, threads=threads)
