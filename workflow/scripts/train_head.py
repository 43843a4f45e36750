"""Train one replicate's final layer on cached features."""

import logging

from safetensors.numpy import load_file, save_file

from ctseq.files import read_json, whole
from ctseq.heads import Rows, initial_head, train_head
from ctseq.labels import labels_of
from ctseq.runlog import rule_log
from ctseq.splits import read_split, rows_of
from ctseq.tables import HISTORY, PATIENTS, ROWS, SLICES, read_table, write_table

log = logging.getLogger("ctseq")


def main(inputs, head, history, *, replicate, labels, training, seed):
    """Write the head of the best epoch and the history of all."""
    rows = read_table(inputs.rows, ROWS)
    features = load_file(inputs.features)["features"]
    truth = labels_of(
        rows,
        read_table(inputs.slices, SLICES),
        read_table(inputs.patients, PATIENTS),
        labels=labels,
    )
    split = read_split(inputs.split)
    subsets = [rows_of(split, name, rows["patient_id"]) for name in ("train", "validation")]
    # Streams 1 and 2 of the replicate; the split itself is drawn from [seed, replicate].
    trained, epochs = train_head(
        *(Rows(features[subset], truth[subset]) for subset in subsets),
        head=initial_head(
            features.shape[1],
            std=read_json(inputs.description)["initializer_range"],
            seed=[seed, replicate, 1],
        ),
        settings=training,
        seed=[seed, replicate, 2],
    )
    with whole(head) as unfinished:
        save_file({"weight": trained.weight, "bias": trained.bias}, unfinished)
    write_table(epochs, history, HISTORY)
    log.info("Kept epoch %d of %d.", epochs["kept"].idxmax() + 1, len(epochs))


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(
            snakemake.input,
            snakemake.output.head,
            snakemake.output.history,
            replicate=int(snakemake.wildcards.replicate),
            **snakemake.params,
        )
