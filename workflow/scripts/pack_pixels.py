"""Decode, resize and crop every slice once, as one model's checkpoint asks for."""

import logging
from pathlib import Path

from ctseq.datasets import reader_for
from ctseq.files import read_json, whole
from ctseq.pixels import pack_pixels
from ctseq.preprocessing import Preprocessing
from ctseq.runlog import rule_log
from ctseq.tables import ROWS, SLICES, read_table, write_table

log = logging.getLogger("ctseq")


def main(dataset, slices, description, pixels, rows, *, layout, threads):
    """Write the packed pixels and, beside them, which slice each row is."""
    table = read_table(slices, SLICES)
    with whole(pixels) as unfinished:
        shape = pack_pixels(
            [Path(dataset) / path for path in table["path"]],
            read_slice=reader_for(dataset, layout).read_slice,
            steps=Preprocessing.from_json(read_json(description)["preprocessing"]),
            output=unfinished,
            threads=threads,
        )
    write_table(table, rows, ROWS)
    log.info("%d slices of %d x %d pixels.", *shape)


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(
            snakemake.input.dataset,
            snakemake.input.slices,
            snakemake.input.description,
            snakemake.output.pixels,
            snakemake.output.rows,
            layout=snakemake.params.layout,
            threads=snakemake.threads,
        )
