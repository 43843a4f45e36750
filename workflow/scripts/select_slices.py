"""Keep the study's slices and sort the patients' sequences into two folders."""

import logging
from pathlib import Path

from ctseq.core.files import atomic_write, write_json
from ctseq.core.logs import rule_log
from ctseq.core.tables import open_table, read_parts, write_table
from ctseq.intake.links import link_sequences
from ctseq.intake.selection import Selection
from ctseq.intake.tables import INVENTORY, LISTING, PATIENTS, SLICES
from ctseq.readers.registry import reader_for


def main(
    *,
    dataset: str,
    format: str,
    inventory: str,
    listing: str,
    slices: str,
    patients: str,
    summary: str,
    sorted_folder: str,
) -> None:
    """Write the slices, the patients, their counts and the folder of links."""
    reader, _ = reader_for(dataset, format)
    selection = Selection(reader.read_demographics(dataset))
    files = INVENTORY.only("patient_id", "kept", "reason")
    for part in read_parts(inventory, files, by="patient_id"):
        selection.account(part)
    with open_table(slices, SLICES) as add, atomic_write(sorted_folder) as folder:
        for part in read_parts(listing, LISTING, by="patient_id"):
            kept, people = selection.take(part)
            add(kept)
            link_sequences(Path(dataset), kept, people, folder)
        counts = selection.summary()
    write_table(selection.patients, patients, PATIENTS)
    write_json(counts, summary)
    log = logging.getLogger("ctseq").info
    log("Patients: %(patients)d, with hemorrhage: %(positive_patients)d.", counts)
    positive = counts["positive_slices"]
    told = "not labelled one by one" if positive is None else f"with hemorrhage: {positive}"
    log("Slices: %d, %s.", counts["brain_slices"], told)
    log("Slices a patient: %(min)d to %(max)d, median %(median)g.", counts["slices_per_patient"])
    for part, flow in counts["flow"].items():
        left = sum(flow["excluded_by_reason"].values())
        log("%s: %d seen = %d used + %d left out.", part.title(), flow["seen"], flow["used"], left)


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(
            dataset=snakemake.input.dataset,
            inventory=snakemake.input.inventory,
            listing=snakemake.input.listing,
            **snakemake.params,
            **snakemake.output,
        )
