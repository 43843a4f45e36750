"""Join the kept slices with their labels and sort the patients' sequences into two folders."""

import logging
from pathlib import Path

import pandas as pd

import ctseq.selection
from ctseq.datasets import reader_for
from ctseq.files import whole, write_json
from ctseq.runlog import rule_log
from ctseq.tables import INVENTORY, PATIENTS, SLICES, read_table, write_table


def main(
    *,
    dataset: str,
    format: str,
    inventory: str,
    slices: str,
    patients: str,
    summary: str,
    sorted_folder: str,
) -> None:
    """Write the slices, the patients, their counts and the folder of links."""
    reader = reader_for(dataset, format)
    kept, people, counts = ctseq.selection.select_slices(
        read_table(inventory, INVENTORY),
        reader.read_diagnosis(dataset),
        reader.read_demographics(dataset),
    )
    write_table(kept, slices, SLICES)
    write_table(people, patients, PATIENTS)
    write_json(counts, summary)
    with whole(sorted_folder) as folder:
        link_sequences(Path(dataset), kept, people, folder)
    log = logging.getLogger("ctseq").info
    log("Patients: %(patients)d, with hemorrhage: %(positive_patients)d.", counts)
    log("Slices: %(brain_slices)d, with hemorrhage: %(positive_slices)d.", counts)
    log("Slices a patient: %(min)d to %(max)d, median %(median)g.", counts["slices_per_patient"])
    log("Files: %(files_seen)d = %(files_kept)d kept + %(files_excluded)d excluded.", counts)


def link_sequences(
    dataset: Path, slices: pd.DataFrame, patients: pd.DataFrame, folder: Path
) -> None:
    """Link every patient's slices under Positive/NNN or Negative/NNN as k.jpg."""
    hemorrhage = patients.set_index("patient_id")["hemorrhage"]
    for name in ("Positive", "Negative"):
        (folder / name).mkdir(parents=True)
    for row in slices.itertuples():
        group = "Positive" if hemorrhage[row.patient_id] else "Negative"
        link = folder / group / row.patient_id / f"{row.slice_number}.jpg"
        link.parent.mkdir(exist_ok=True)
        link.symlink_to(dataset.absolute() / row.path)


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(
            dataset=snakemake.input.dataset,
            format=snakemake.params.format,
            inventory=snakemake.input.inventory,
            slices=snakemake.output.slices,
            patients=snakemake.output.patients,
            summary=snakemake.output.summary,
            sorted_folder=snakemake.output.sorted_folder,
        )
