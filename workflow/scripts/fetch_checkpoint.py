"""Bring a checkpoint from the Hugging Face cache of this machine or from the hub."""

import logging
from pathlib import Path

from ctseq.core.logs import rule_log
from ctseq.encoders.hub import fetch_checkpoint

log = logging.getLogger("ctseq")


def main(folder, record, *, checkpoint, revision, subfolder=None):
    """Bring the checkpoint into its folder and record the commit."""
    folder, record = Path(folder), Path(record)
    commit = fetch_checkpoint(
        checkpoint, revision, subfolder=subfolder, folder=folder, record=record
    )
    log.info("%s, commit %s, is in %s.", checkpoint, commit, folder)


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(*snakemake.output, **snakemake.params)
