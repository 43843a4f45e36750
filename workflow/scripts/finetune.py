"""Train one replicate's whole model, or its last blocks, from packed pixels."""

import logging
import shutil
from pathlib import Path

import torch

from ctseq.cache.pixels import open_pixels
from ctseq.cache.tables import ROWS
from ctseq.core.files import read_json, write_json
from ctseq.core.logs import rule_log
from ctseq.core.seeds import HEAD, INNER
from ctseq.core.tables import read_table, read_tables, write_table
from ctseq.encoders.backbones import choose_device, load_configured
from ctseq.encoders.devices import identity
from ctseq.encoders.sequences import model_rows
from ctseq.families.finetuning import finetune
from ctseq.families.pixel_rows import PixelExamples, probabilities
from ctseq.families.resume import Unfinished, fingerprint
from ctseq.families.tables import HISTORY
from ctseq.families.trainable import renew_head, save_model
from ctseq.intake.tables import PATIENTS, SLICES
from ctseq.replicates.splits import hold_out, read_split, rows_of
from ctseq.replicates.tables import SCORES
from ctseq.replicates.tasks import row_labels

log = logging.getLogger("ctseq")


def main(
    inputs, outputs, *, replicate, threads, model, shuffle_seed, labels, training, folds, seed
):
    """Write the best epoch's model, the history of its training, and held-out patients' scores."""
    torch.set_num_threads(threads)
    device = choose_device()
    slices, patients = read_table(inputs.slices, SLICES), read_table(inputs.patients, PATIENTS)
    split = read_split(inputs.split)
    if folds is not None:
        split = hold_out(split, patients, folds=folds, seed=[seed, replicate, INNER])
    members, rows = model_rows(read_tables(inputs.rows, ROWS), model, shuffle_seed=shuffle_seed)
    truth = row_labels(rows, slices, patients, of=labels)
    examples = PixelExamples(open_pixels(inputs.pixels), members, truth)
    tuned_on = "test" if folds is None else "held_out"
    train, tune = (rows_of(split, subset, rows["patient_id"]) for subset in ("train", tuned_on))

    backbone = load_configured(inputs.folder, inputs.description, model, device)
    std = read_json(inputs.description)["initializer_range"]
    renew_head(backbone, std=std, seed=[seed, replicate, HEAD])
    decided_by = [identity(device), replicate, model, shuffle_seed, labels, training, folds, seed]
    folder = Path(outputs.history).with_name("unfinished")
    history, summary = finetune(
        backbone,
        examples[train],
        examples[tune],
        settings=training,
        seed=[seed, replicate],
        unfinished=Unfinished(folder, fingerprint(inputs, decided_by)),
    )
    scores = (
        rows[~train]
        .merge(split, on="patient_id")
        .assign(probability=probabilities(backbone, examples[~train], training))
    )
    save_model(backbone, Path(inputs.folder), Path(outputs.model))
    write_table(scores, outputs.scores, SCORES)
    write_table(history, outputs.history, HISTORY)
    write_json(summary, outputs.summary)
    shutil.rmtree(folder)
    log.info("Kept epoch %d of %d, on %s.", summary["epoch"], len(history), device)


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(
            snakemake.input,
            snakemake.output,
            replicate=int(snakemake.wildcards.replicate),
            threads=snakemake.threads,
            **snakemake.params,
        )
