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
from ctseq.sequences import sample_frames
from ctseq.tables import ROWS, read_table, write_table

log = logging.getLogger("ctseq")

# Slices a batch: enough to fill a GPU, while activations stay below 1 GiB. A sequence is a batch.
BATCH = 32


def main(folder, description, pixels, rows, features, feature_rows, *, settings, threads):
    """Write the features and, beside them, which slice or patient each row is."""
    torch.set_num_threads(threads)
    device = choose_device()
    backbone = load(
        Path(folder),
        kind=settings["kind"],
        preprocessing=Preprocessing.from_json(read_json(description)["preprocessing"]),
        device=device,
    )
    batches, labels = _batches(open_pixels(Path(pixels)), read_table(rows, ROWS), settings)
    matrix = np.concatenate(list(extract(backbone, batches)))
    with whole(features) as unfinished:
        save_file({"features": matrix}, unfinished)
    write_table(labels, feature_rows, ROWS)
    log.info("%d rows of %d features, on %s.", *matrix.shape, device)


def _batches(pixels, rows, settings):
    """Give the batches and the table of what they hold: slices, or one sequence a patient."""
    if settings["kind"] == "image":
        return (pixels[start : start + BATCH] for start in range(0, len(rows), BATCH)), rows
    sequences = {
        patient: members[
            sample_frames(len(members), settings["frames"], sampling=settings["frame_sampling"])
        ]
        for patient, members in rows.groupby("patient_id", sort=True).indices.items()
    }
    patients = pd.DataFrame({"patient_id": list(sequences), "slice_number": pd.NA})
    return (pixels[members][None] for members in sequences.values()), patients


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(
            snakemake.input.folder,
            snakemake.input.description,
            snakemake.input.pixels,
            snakemake.input.rows,
            snakemake.output.features,
            snakemake.output.rows,
            settings=snakemake.params.settings,
            threads=snakemake.threads,
        )
