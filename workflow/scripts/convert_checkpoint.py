"""Rewrite a local checkpoint's pickled weights as safetensors."""

import logging
from pathlib import Path

from ctseq.core.logs import rule_log
from ctseq.encoders.conversion import convert_checkpoint

log = logging.getLogger("ctseq")


def main(folder, record, *, checkpoint, subfolder=None, bare=False):
    """Write the checkpoint with safetensors into a folder of its own, and what was converted."""
    converted = convert_checkpoint(
        Path(checkpoint), subfolder=subfolder, folder=Path(folder), record=Path(record), bare=bare
    )
    for name, digest in converted.items():
        log.info("%s: %s, SHA-256 %s, is converted.", checkpoint, name, digest)


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(*snakemake.output, **snakemake.params)
