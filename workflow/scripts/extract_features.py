"""Run a frozen encoder once over each slice or sequence."""

import logging
import math

import torch

from ctseq.cache.features import write_features
from ctseq.cache.pixels import open_pixels
from ctseq.cache.tables import ROWS
from ctseq.core.files import read_json
from ctseq.core.logs import rule_log
from ctseq.core.progress import progress
from ctseq.core.tables import read_table, write_table
from ctseq.encoders.contract import extract, load
from ctseq.encoders.devices import choose_device, taken_precision
from ctseq.encoders.registry import SIGHTS
from ctseq.encoders.sequences import model_rows
from ctseq.encoders.speed import precision_error

log = logging.getLogger("ctseq")

# Slices a batch, and pixels: those of 32 slices of 224 x 224 fill a GPU, while activations stay
# below 1 GiB; on CPUs, 8, 16 and 32 such slices differ by less than 5 %.
SLICES, PIXELS = 32, 32 * 224**2


def main(
    folder,
    description,
    pixels,
    rows,
    features,
    feature_rows,
    *,
    settings,
    mirror,
    shuffle_seed,
    threads,
):
    """Write the features, and a table that names the slice or scan of each row.

    `settings` are the encoder's, by which `description` describes it.
    """
    torch.set_num_threads(threads)
    device, facts = choose_device(), read_json(description)
    encoder, extraction = load(folder, facts, device), settings["extraction"]
    slices = open_pixels([pixels])
    members, ids = model_rows(
        read_table(rows, ROWS), settings, frames=facts["frames"], shuffle_seed=shuffle_seed
    )
    row = SIGHTS[settings["sees"]].row
    size = 1  # a scan is a batch
    if row == "slice":
        size = min(SLICES, max(1, PIXELS // math.prod(slices.shape[-2:])))
    batches = (slices[members[at : at + size]] for at in range(0, len(members), size))
    if mirror:  # the width is the last axis
        batches = (batch[..., ::-1] for batch in batches)
    if extraction["speedups"]:
        log.info("Speedups: %s.", "; ".join(encoder.speed_up()) or "none")
    precision = taken_precision(extraction["precision"], device)
    if precision == "bfloat16":
        error = precision_error(encoder, slices[members[:1]], precision=precision)
        log.info("Features are off by %.1g of their length, for bfloat16.", error)
    batches = progress(batches, total=len(members), unit=f"{row}s", weigh=len)
    found = extract(encoder, batches, precision=precision)
    shape = write_features(features, found, rows=len(members), precision=precision)
    write_table(ids, feature_rows, ROWS)
    log.info("%d rows of %d features in %s, on %s.", *shape, precision, device)


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(
            snakemake.input.get("folder"),
            snakemake.input.description,
            snakemake.input.pixels,
            snakemake.input.rows,
            *snakemake.output,
            threads=snakemake.threads,
            **snakemake.params,
        )
