"""Run a frozen backbone once over each slice or sequence."""

import logging
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from safetensors.numpy import save_file

from ctseq.backbones import choose_device, extract, load
from ctseq.files import read_json, whole
from ctseq.pixels import open_pixels
from ctseq.preprocessing import Preprocessing
from ctseq.runlog import rule_log
from ctseq.sequences import arranged, first_slices, sample_frames
from ctseq.tables import ROWS, read_table, write_table

log = logging.getLogger("ctseq")

# Slices a batch: enough to fill a GPU, while activations stay below 1 GiB. A sequence is a batch.
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
    mirror,
    shuffle_seed,
    threads,
):
    """Write the features and, beside them, which slice or patient each row is."""
    torch.set_num_threads(threads)
    device = choose_device()
    backbone = load(
        Path(folder),
        kind=settings["kind"],
        preprocessing=Preprocessing.from_json(read_json(description)["preprocessing"]),
        device=device,
    )
    positions, labels = _arranged(read_table(rows, ROWS), settings, shuffle_seed)
    slices = open_pixels(Path(pixels))
    # The width is the last axis.
    batches = (slices[batch][..., ::-1] if mirror else slices[batch] for batch in positions)
    matrix = np.concatenate(list(extract(backbone, batches)))
    with whole(features) as unfinished:
        save_file({"features": matrix}, unfinished)
    write_table(labels, feature_rows, ROWS)
    log.info("%d rows of %d features, on %s.", *matrix.shape, device)


def _arranged(rows, settings, shuffle_seed):
    """Give the slices of each batch, and the table of what each of its rows is."""
    if settings["kind"] == "image":
        seen = first_slices(rows, settings.get("first_slices"))
        batches = [seen[at : at + BATCH] for at in range(0, len(seen), BATCH)]
        return batches, rows.iloc[seen]
    sequences = arranged(rows, shuffle_seed=shuffle_seed)
    batches = [
        seen[sample_frames(len(seen), settings["frames"], sampling=settings["frame_sampling"])]
        for seen in sequences.values()
    ]
    patients = pd.DataFrame({"patient_id": list(sequences), "slice_number": pd.NA})
    return [batch[None] for batch in batches], patients


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(
            snakemake.input.folder,
            snakemake.input.description,
            snakemake.input.pixels,
            snakemake.input.rows,
            snakemake.output.features,
            snakemake.output.rows,
            **snakemake.params,
            threads=snakemake.threads,
        )
