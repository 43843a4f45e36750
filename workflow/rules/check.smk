# What can be known of a study before it runs: `snakemake check` ends in a table of it, or in one
# error with all that is wrong. Jobs that write what all studies share wait for it, but only where
# that is missing or of other settings: a study on what is there re-runs nothing, and no job that
# would fail overwrites anything.


localrules:
    check,


rule check:
    """Say what the study has, what it lacks and what it will take, when all else is said."""
    input:
        "<results>/check.txt",


checkpoint check_study:
    """Read datasets and checkpoints, draw the splits, and time a row of each encoder."""
    input:
        checked_files,
    output:
        facts="<results>/check.json",
        table="<results>/check.txt",
    log:
        "<results>/logs/check_study.log",
    benchmark:
        "<results>/benchmarks/check_study.tsv"
    priority: 1  # what is wrong is said first
    conda:
        "../../envs/torch.yaml"
    threads: 8
    resources:
        # It loads an encoder and times it as extract_features runs it.
        gpu=1,
        mem_mb=lambda wildcards, attempt: 6000 * attempt,
    params:
        code_of("check_study.py", *(one.module for one in ENCODER_TYPES.values())),
        *as_lines(**asked_of_check()),
    script:
        "../scripts/check_study.py"
