"""Check a checkpoint and write down what later rules need to know of it."""

import logging
from pathlib import Path

from ctseq.core.files import read_json, write_json
from ctseq.core.logs import rule_log
from ctseq.encoders.checkpoints import check_folder, describe, weights_digest

log = logging.getLogger("ctseq")


def main(folder, description, *, model, settings):
    """Check the checkpoint of one model and write its description."""
    folder = Path(folder)
    check_folder(folder, name=settings["checkpoint"])
    facts = describe(
        folder,
        kind=settings["kind"],
        key=f"models.{model}",
        frames=settings.get("frames"),
        position_embeddings=settings.get("position_embeddings", "interpolate"),
    )
    record = folder.with_name(folder.name + ".json")
    commit = read_json(record)["commit"] if record.exists() else None
    facts |= {"checkpoint": settings["checkpoint"], "commit": commit}
    facts |= {"weights_sha256": weights_digest(folder)}
    write_json(facts, description)
    log.info("%s: %s", model, facts)


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(*snakemake.input, *snakemake.output, **snakemake.params)
