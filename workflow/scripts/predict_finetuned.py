"""Score all scans of a dataset with a model that was fine-tuned before."""

import logging
from pathlib import Path

import torch

from ctseq.cache.pixels import open_pixels
from ctseq.cache.tables import ROWS
from ctseq.core.files import read_json
from ctseq.core.logs import rule_log
from ctseq.core.tables import read_tables, write_table
from ctseq.encoders.devices import choose_device
from ctseq.encoders.sequences import model_rows
from ctseq.families.features import check_encoders
from ctseq.families.pixels.pixel_rows import probabilities
from ctseq.families.pixels.trainable import load_fitted
from ctseq.replicates.tables import SCORES


def main(inputs, scores, *, threads, shuffled, seed, replicate, subset="external"):
    """Write the scores, as those of a subset, of packed pixels.

    They are packed as ``description`` says, which must be that of the model's own encoder.
    """
    torch.set_num_threads(threads)
    fitted, facts = load_fitted(Path(inputs.fitted), choose_device())
    encoder = facts["encoder"]
    check_encoders([encoder], [read_json(inputs.description)])
    members, rows = model_rows(
        read_tables(inputs.rows, ROWS),
        encoder["settings"],
        frames=encoder["frames"],
        shuffle_seed=[seed, replicate] if shuffled else None,
    )
    probability = probabilities(fitted, open_pixels(inputs.pixels), members, facts)
    write_table(rows.assign(subset=subset, probability=probability), scores, SCORES)
    logging.getLogger("ctseq").info("%d scans.", rows["scan_id"].nunique())


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(
            snakemake.input,
            snakemake.output.scores,
            threads=snakemake.threads,
            **snakemake.params,
        )
