"""Train one replicate's model, its last blocks or low-rank adapters, from packed pixels."""

import logging
import shutil
from dataclasses import replace
from pathlib import Path

import torch

from ctseq.cache.pixels import open_pixels
from ctseq.cache.tables import ROWS
from ctseq.core.files import read_json, write_json
from ctseq.core.logs import rule_log
from ctseq.core.seeds import HEAD
from ctseq.core.tables import read_tables, write_table
from ctseq.encoders.contract import load
from ctseq.encoders.devices import choose_device, identity, taken_precision
from ctseq.encoders.sequences import model_rows
from ctseq.families.pixels.finetuning import finetune
from ctseq.families.pixels.pixel_rows import PixelExamples, probabilities
from ctseq.families.pixels.resume import Unfinished, fingerprint
from ctseq.families.pixels.trainable import load_fitted, save_fitted, with_new_layer
from ctseq.families.tables import HISTORY
from ctseq.replicates.tables import SCORES
from ctseq.replicates.tasks import read_task, tabulate_scores

log = logging.getLogger("ctseq")


def main(
    inputs, outputs, *, code, threads, encoder, shuffled, training, seed, replicate, **of_task
):
    """Write the best epoch's model, the history of its training, and held-out patients' scores.

    `encoder` are the settings of the encoder that is trained.
    """
    torch.set_num_threads(threads)
    device, description = choose_device(), read_json(inputs.description)
    # What is stored predicts in the same way wherever it is read.
    training = training | {"precision": taken_precision(training["precision"], device)}
    order = [seed, replicate] if shuffled else None
    members, rows = model_rows(
        read_tables(inputs.rows, ROWS), encoder, frames=description["frames"], shuffle_seed=order
    )
    task = read_task(inputs, rows, views=1, seed=seed, replicate=replicate, **of_task)
    # One fold chooses the epoch: to train on each of them would multiply the work.
    task = replace(task, inner=task.inner[:1])
    fit = (*task.inner, task.outer)[0]
    examples = PixelExamples(open_pixels(inputs.pixels), members, task.labels, task.scans)

    std, width = description["initializer_range"], description["width"]
    fitted = with_new_layer(
        load(inputs.folder, description, device), width=width, std=std, seed=[seed, replicate, HEAD]
    )
    decided_by = [code, identity(device), shuffled, training, of_task, seed, replicate]
    folder = Path(outputs.history).with_name("unfinished")
    history, summary = finetune(
        fitted,
        examples[fit.train],
        examples[fit.held_out],
        settings=training,
        by="loss" if task.inner else "accuracy",
        seed=[seed, replicate],
        unfinished=Unfinished(folder, fingerprint(inputs, decided_by)),
    )
    save_fitted(
        fitted,
        Path(outputs.fitted),
        checkpoint=Path(inputs.folder),
        description=description,
        training=training,
    )
    # What is scored is what another program loads.
    stored, settings = load_fitted(Path(outputs.fitted), device)
    test, *held_out = (
        probabilities(stored, examples.pixels, members[each.held_out], settings)
        for each in (task.outer, *task.inner)
    )
    write_table(tabulate_scores(task, test, held_out), outputs.scores, SCORES)
    write_table(history, outputs.history, HISTORY)
    write_json(summary, outputs.summary)
    shutil.rmtree(folder)
    log.info("Kept epoch %d of %d, on %s.", summary["epoch"], len(history), device)


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(
            snakemake.input,
            snakemake.output,
            code=snakemake.params[0],
            threads=snakemake.threads,
            **snakemake.params,
        )
