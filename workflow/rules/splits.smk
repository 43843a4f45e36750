# From the patients' table to one split a replicate, the same for every model.


rule split_patients:
    """Draw which patients of a replicate train and which validate."""
    input:
        patients=RESULTS + "/dataset/patients.csv",
        code=code_of("split_patients.py"),
    output:
        split=RESULTS + "/splits/replicate-{replicate}.csv",
    log:
        RESULTS + "/logs/split_patients/replicate-{replicate}.log",
    benchmark:
        RESULTS + "/benchmarks/split_patients/replicate-{replicate}.tsv"
    conda:
        "../../envs/imaging.yaml"
    resources:
        mem_mb=300,  # Python with pandas
    params:
        replicate=lambda wildcards: int(wildcards.replicate),
        validation_proportion=config["splits"]["validation_proportion"],
        stratify=config["splits"]["stratify"],
        seed=config["seed"],
    script:
        "../scripts/split_patients.py"
