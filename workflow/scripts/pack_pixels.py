"""Decode, resize and crop every slice once, as one encoder wants it."""

import logging
from pathlib import Path

from ctseq.cache.pixels import pack_pixels
from ctseq.cache.shards import patients_of_shard
from ctseq.cache.tables import ROWS
from ctseq.core.files import atomic_write, read_json
from ctseq.core.logs import rule_log
from ctseq.core.tables import read_table, write_table
from ctseq.imaging.preprocessing import Preprocessing
from ctseq.imaging.windows import parse_windows
from ctseq.intake.tables import SLICES
from ctseq.readers.registry import check_windows, reader_of

log = logging.getLogger("ctseq")


def main(dataset, recognised, slices, description, pixels, rows, *, window, shard, threads):
    """Write a shard's packed pixels, and a table that names the slice of each row."""
    format, windows = read_json(recognised)["format"], parse_windows(window)
    check_windows(format, windows)
    reader = reader_of(format)
    table = read_table(slices, SLICES.only("scan_id", "patient_id", "slice_number", "path"))
    sizes = table.groupby("patient_id", sort=False).size().to_dict()
    own = table[table["patient_id"].isin(patients_of_shard(sizes, *shard))]
    sequences = (
        (len(sequence), reader.open_sequence(Path(dataset), sequence, windows))
        for _, sequence in own.groupby("scan_id", sort=False)
    )
    with atomic_write(pixels) as unfinished:
        shape = pack_pixels(
            sequences,
            total=len(own),
            steps=Preprocessing.from_json(read_json(description)["preprocessing"]),
            output=unfinished,
            threads=threads,
        )
    write_table(own, rows, ROWS)
    log.info("%d slices of %d x %d pixels, in %d window(s).", shape[0], *shape[-2:], len(windows))


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(*snakemake.input, *snakemake.output, threads=snakemake.threads, **snakemake.params)
