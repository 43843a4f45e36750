# From the scans' table to one split of the patients a replicate, the same for every model.


rule split_patients:
    """Draw the training and the test patients of a replicate."""
    input:
        scans=split_scans,
        checked=before_splitting,
    output:
        split="<results>/splits/replicate-{replicate}.csv",
    log:
        "<results>/logs/split_patients/replicate-{replicate}.log",
    benchmark:
        "<results>/benchmarks/split_patients/replicate-{replicate}.tsv"
    conda:
        "../../envs/imaging.yaml"
    resources:
        mem_mb=300,  # Python with pandas
    params:
        code_of("split_patients.py"),
        **STUDY.splits,
        replicate=replicate_of,
        seed=STUDY.seed,
    script:
        "../scripts/split_patients.py"
