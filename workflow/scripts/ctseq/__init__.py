"""Library behind the workflow's scripts: pure functions that know nothing of Snakemake."""
