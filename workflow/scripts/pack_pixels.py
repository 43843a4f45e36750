"""Decode, resize and crop every slice once, as one model's checkpoint wants it."""

import logging
from collections import Counter
from pathlib import Path

from ctseq.cache.pixels import pack_pixels
from ctseq.cache.shards import patients_of_shard
from ctseq.cache.tables import ROWS
from ctseq.core.files import atomic_write, read_json
from ctseq.core.logs import rule_log
from ctseq.core.tables import open_table, read_parts
from ctseq.imaging.preprocessing import Preprocessing
from ctseq.imaging.windows import parse_windows
from ctseq.intake.tables import SLICES
from ctseq.readers.registry import check_windows, reader_for

log = logging.getLogger("ctseq")


def main(dataset, slices, description, pixels, rows, *, format, window, shard, threads):
    """Write a shard's packed pixels, and a table that names the slice of each row."""
    reader, windows = reader_for(dataset, format)[0], parse_windows(window)
    check_windows(reader, windows)
    counts = Counter()
    for part in read_parts(slices, SLICES.only("patient_id"), by="patient_id"):
        counts.update(part["patient_id"])
    patients = set(patients_of_shard(counts, *shard))
    with open_table(rows, ROWS) as add, atomic_write(pixels) as unfinished:

        def sequences():
            for part in read_parts(slices, SLICES, by="patient_id"):
                for patient, own in part.groupby("patient_id", sort=False):
                    if patient in patients:
                        add(own)
                        yield len(own), reader.open_sequence(Path(dataset), own, windows)

        shape = pack_pixels(
            sequences(),
            total=sum(counts[patient] for patient in patients),
            steps=Preprocessing.from_json(read_json(description)["preprocessing"]),
            output=unfinished,
            threads=threads,
        )
    log.info("%d slices of %d x %d pixels, in %d window(s).", shape[0], *shape[-2:], len(windows))


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(
            snakemake.input.dataset,
            snakemake.input.slices,
            snakemake.input.description,
            snakemake.output.pixels,
            snakemake.output.rows,
            threads=snakemake.threads,
            **snakemake.params,
        )
