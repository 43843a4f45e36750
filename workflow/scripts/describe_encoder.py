"""Check an encoder and write down what later rules need to know of it."""

import logging
from pathlib import Path

from ctseq.core.files import read_json, write_json
from ctseq.core.logs import rule_log
from ctseq.encoders.checkpoints import weights_digest
from ctseq.encoders.contract import module_of

log = logging.getLogger("ctseq")


def main(description, *, encoder, settings, folder=None):
    """Check an encoder against its settings, and write its description.

    `folder` is that of its checkpoint, if encoders of its type have one.
    """
    folder = folder and Path(folder)
    facts = module_of(settings).describe(folder, settings, key=f"encoders.{encoder}")
    facts |= {"checkpoint": settings["checkpoint"], "commit": None, "weights_sha256": None}
    if folder:
        # The rules that fetch or convert a checkpoint write its record; a local folder has none.
        record = folder.with_name(folder.name + ".json")
        made_here = folder != Path(settings["checkpoint"]).expanduser() and record.exists()
        facts["commit"] = read_json(record).get("commit") if made_here else None
        facts["weights_sha256"] = weights_digest(folder / (settings["subfolder"] or ""))
    write_json(facts, description)
    log.info("%s: %s", encoder, facts)


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(*snakemake.output, folder=snakemake.input.get("folder"), **snakemake.params)
