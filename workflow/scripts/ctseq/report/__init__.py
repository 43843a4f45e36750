"""The report: everything a study found, in one page that needs nothing else."""
