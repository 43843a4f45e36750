"""Keep the study's slices and sort the patients' sequences into two folders."""

import logging
from pathlib import Path

from ctseq.core.files import atomic_write, write_json
from ctseq.core.logs import rule_log
from ctseq.core.tables import read_table, write_table
from ctseq.intake.counts import count_flow, count_used
from ctseq.intake.links import link_sequences
from ctseq.intake.selection import select_slices
from ctseq.intake.tables import DEMOGRAPHICS, INVENTORY, LISTING, PATIENTS, SLICES


def main(*, dataset, inventory, listing, demographics, slices, patients, summary, sorted_folder):
    """Write the slices, the patients, their counts and the folder of links."""
    seen = read_table(listing, LISTING)
    kept, people = select_slices(seen, read_table(demographics, DEMOGRAPHICS))
    files = read_table(inventory, INVENTORY.only("patient_id", "kept", "reason"))
    counts = count_used(kept, people) | {"flow": count_flow(files, seen, people)}
    with atomic_write(sorted_folder) as folder:
        link_sequences(Path(dataset), kept, people, folder)
    write_table(kept, slices, SLICES)
    write_table(people, patients, PATIENTS)
    write_json(counts, summary)
    log = logging.getLogger("ctseq").info
    log("Patients: %(patients)d, with hemorrhage: %(positive_patients)d.", counts)
    positive = counts["positive_slices"]
    labels = "not labelled one by one" if positive is None else f"with hemorrhage: {positive}"
    log("Slices: %d, %s.", counts["brain_slices"], labels)
    log("Slices a patient: %(min)d to %(max)d, median %(median)g.", counts["slices_per_patient"])
    for part, flow in counts["flow"].items():
        left = sum(flow["excluded_by_reason"].values())
        log("%s: %d seen = %d used + %d left out.", part.title(), flow["seen"], flow["used"], left)


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(**snakemake.input, **snakemake.output)
