"""Learn how one replicate's members are combined, store it, and score its test scans."""

import logging

from ctseq.core.files import write_json
from ctseq.core.logs import rule_log
from ctseq.core.tables import read_table, write_table
from ctseq.families.ensembles.members import combine, score
from ctseq.families.stored import read_fitted, write_fitted
from ctseq.intake.tables import SCANS
from ctseq.replicates.tables import SCORES
from ctseq.replicates.tasks import tabulate_scores


def main(inputs, outputs, *, model, folds, repeats, seed, replicate):
    """Write the model, its scores and what it chose, from the ``scores`` of its members."""
    members = [read_table(path, SCORES) for path in inputs.scores]
    inner = {"folds": folds, "repeats": repeats}
    task, learned = combine(
        members, read_table(inputs.scans, SCANS), model, **inner, seed=seed, replicate=replicate
    )
    write_fitted(learned.fitted, outputs.fitted)
    tested = score(read_fitted(outputs.fitted), members, subset="test")
    write_table(tabulate_scores(task, tested, learned.held_out), outputs.scores, SCORES)
    write_json(learned.summary, outputs.summary)
    logging.getLogger("ctseq").info("Combined: %s.", ", ".join(model["members"]))


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(snakemake.input, snakemake.output, **snakemake.params)
