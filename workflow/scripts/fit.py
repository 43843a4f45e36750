"""Fit one replicate's model to features, store it, and score its test scans from what is stored."""

import logging

from ctseq.core.files import write_json
from ctseq.core.logs import rule_log
from ctseq.core.tables import typed, write_table
from ctseq.families.features import read_labelled
from ctseq.families.learning import fit, patients_of, predict
from ctseq.families.stored import read_fitted, write_fitted
from ctseq.families.tables import ATTENTION, HISTORY
from ctseq.replicates.splits import read_split
from ctseq.replicates.tables import SCORES
from ctseq.replicates.tasks import tabulate_scores


def main(inputs, outputs, *, model, folds, repeats, seed, replicate):
    """Write the model, the history of its training, its scores and attention, and what it chose."""
    data, split = read_labelled(inputs), read_split(inputs.split)
    inner = {"folds": folds, "repeats": repeats}
    task, learned = fit(data, split, model, **inner, seed=seed, replicate=replicate)
    write_fitted(learned.fitted, outputs.fitted)
    fitted = read_fitted(outputs.fitted)
    tested, attention = predict(fitted, data.features, patients=patients_of(split, "test"))
    history = typed([], HISTORY) if learned.history is None else learned.history
    write_table(history, outputs.history, HISTORY)
    write_table(attention, outputs.attention, ATTENTION)
    write_table(tabulate_scores(task, tested, learned.held_out), outputs.scores, SCORES)
    write_json(learned.summary, outputs.summary)
    logging.getLogger("ctseq").info("Chosen: %s.", learned.summary)


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(snakemake.input, snakemake.output, **snakemake.params)
