"""Check a study before its encoders run: what it has, what it lacks, what it will take."""

import sys

from ctseq.checks.asked import Asked
from ctseq.checks.study import check_study
from ctseq.checks.table import summary, table
from ctseq.core.files import atomic_write, write_json
from ctseq.core.lines import restored
from ctseq.core.logs import rule_log


def main(facts, text, *, asked, threads):
    """Write what was found, for programs and for people, and say it in short on the screen."""
    found = check_study(asked, threads=threads)
    write_json(found, facts)
    with atomic_write(text) as unfinished:
        unfinished.write_text(table(found), encoding="utf-8")
    sys.stderr.write(summary(found, text))


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        asked = Asked(**restored(snakemake.params[1:]))
        main(*snakemake.output, asked=asked, threads=snakemake.threads)
