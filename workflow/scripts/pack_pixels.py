"""Decode, resize and crop every slice once, as one model's checkpoint asks for."""

import logging
from functools import partial
from pathlib import Path

from ctseq.datasets.readers import check_windows, reader_for
from ctseq.files import read_json, whole
from ctseq.pixels import pack_pixels
from ctseq.preprocessing import Preprocessing
from ctseq.runlog import rule_log
from ctseq.shards import take_shard
from ctseq.tables import ROWS, SLICES, read_table, write_table
from ctseq.windows import parse_windows

log = logging.getLogger("ctseq")


def main(dataset, slices, description, pixels, rows, *, format, window, shard, threads):
    """Write a shard's packed pixels and, beside them, which slice each row is."""
    reader, windows = reader_for(dataset, format)[0], parse_windows(window)
    check_windows(reader, windows)
    table = take_shard(read_table(slices, SLICES), *shard)
    with whole(pixels) as unfinished:
        shape = pack_pixels(
            table,
            open_sequence=partial(reader.open_sequence, Path(dataset), windows=windows),
            steps=Preprocessing.from_json(read_json(description)["preprocessing"]),
            output=unfinished,
            threads=threads,
        )
    write_table(table, rows, ROWS)
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
