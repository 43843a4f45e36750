"""Keep the slices that can be used and sort the scans into two folders."""

import logging
from pathlib import Path

from ctseq.core.files import atomic_write, write_json
from ctseq.core.logs import rule_log
from ctseq.core.tables import read_table, write_table
from ctseq.intake.counts import count_flow, count_used
from ctseq.intake.links import link_sequences
from ctseq.intake.selection import select_slices
from ctseq.intake.tables import DEMOGRAPHICS, INVENTORY, LISTING, SCANS, SERIES, SLICES
from ctseq.readers.subtypes import target_words


def main(
    *,
    dataset,
    inventory,
    listing,
    demographics,
    series,
    slices,
    scans,
    summary,
    sorted_folder,
    target,
):
    """Write the slices, the scans, their counts and the folder of links."""
    seen = read_table(listing, LISTING)
    people, told = read_table(demographics, DEMOGRAPHICS), read_table(series, SERIES)
    kept, found = select_slices(seen, people, told, target=target)
    files = read_table(inventory, INVENTORY.only("kind", "scan_id", "kept", "reason"))
    counts = count_used(kept, found, files) | {"flow": count_flow(files, seen, found)}
    with atomic_write(sorted_folder) as folder:
        link_sequences(Path(dataset), kept, found, folder)
    write_table(kept, slices, SLICES)
    write_table(found, scans, SCANS)
    write_json(counts, summary)
    log, words = logging.getLogger("ctseq").info, target_words(target)
    log("Patients: %d, with %s: %d.", counts["patients"], words, counts["positive_patients"])
    log("Scans: %d, with %s: %d.", counts["scans"], words, counts["positive_scans"])
    positive = counts["positive_slices"]
    labels = "not labelled one by one" if positive is None else f"with {words}: {positive}"
    log("Slices: %d, %s.", counts["brain_slices"], labels)
    log("Slices a scan: %(min)d to %(max)d, median %(median)g.", counts["slices_per_scan"])
    log("Masks: %d.", counts["masks"])
    for part, flow in counts["flow"].items():
        left = sum(flow["excluded_by_reason"].values())
        log("%s: %d seen = %d used + %d left out.", part.title(), flow["seen"], flow["used"], left)


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(**snakemake.input, **snakemake.output, **snakemake.params)
