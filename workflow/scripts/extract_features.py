"""Run a frozen encoder once over each slice or sequence."""

import logging

import torch

from ctseq.cache.features import write_features
from ctseq.cache.pixels import open_pixels
from ctseq.cache.tables import ROWS
from ctseq.core.logs import rule_log
from ctseq.core.progress import progress
from ctseq.core.tables import read_table, write_table
from ctseq.encoders.devices import choose_device, is_reduced
from ctseq.encoders.loading import extract, load_configured
from ctseq.encoders.sequences import model_rows
from ctseq.encoders.speed import precision_error, speed_up

log = logging.getLogger("ctseq")

# Slices a batch: enough to fill a GPU, while activations stay below 1 GiB; on CPUs, 8, 16 and 32
# differ by less than 5 %. A sequence is a batch.
BATCH = 32


def main(
    folder,
    description,
    pixels,
    rows,
    features,
    feature_rows,
    *,
    settings,
    extraction,
    mirror,
    shuffle_seed,
    threads,
):
    """Write the features, and a table that names the slice or patient of each row."""
    torch.set_num_threads(threads)
    device = choose_device()
    encoder = load_configured(folder, description, settings, device)
    slices = open_pixels([pixels])
    members, ids = model_rows(read_table(rows, ROWS), settings, shuffle_seed=shuffle_seed)
    size = BATCH if settings["kind"] == "image" else 1
    batches = (slices[members[at : at + size]] for at in range(0, len(members), size))
    if mirror:  # the width is the last axis
        batches = (batch[..., ::-1] for batch in batches)
    if extraction["speedups"]:
        log.info("Speedups: %s.", "; ".join(speed_up(encoder)) or "none")
    precision = extraction["precision"]
    if is_reduced(precision, device):
        error = precision_error(encoder, slices[members[:1]], precision=precision)
        log.info("Features are off by %.1g of their length, for bfloat16.", error)
    unit = "slices" if settings["kind"] == "image" else "sequences"
    batches = progress(batches, total=len(members), unit=unit, weigh=len)
    found = extract(encoder, batches, precision=precision)
    shape = write_features(features, found, rows=len(members))
    write_table(ids, feature_rows, ROWS)
    log.info("%d rows of %d features, on %s.", *shape, device)


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(*snakemake.input, *snakemake.output, threads=snakemake.threads, **snakemake.params)
