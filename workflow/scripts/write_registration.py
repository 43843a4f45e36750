"""Write the configuration whose SHA-256 can be registered before there are results."""

from ctseq.core.files import atomic_write
from ctseq.core.lines import restored
from ctseq.core.logs import rule_log
from ctseq.study.registration import spelled


def main(path, *, config):
    """Write the configuration, as it will stand beside the report."""
    with atomic_write(path) as unfinished:
        unfinished.write_text(spelled(config), encoding="utf-8")


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(snakemake.output[0], **restored(snakemake.params[1:]))
