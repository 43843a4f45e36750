"""Make a tiny checkpoint, pretrained on synthetic patients that no study uses."""

from pathlib import Path

from ctseq.core.logs import rule_log
from ctseq.encoders.tiny import write_tiny


def main(folder, *, type, sees, frames, seed):
    """Write the checkpoint."""
    write_tiny(Path(folder), type=type, sees=sees, frames=frames, seed=seed)


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(*snakemake.output, **snakemake.params)
