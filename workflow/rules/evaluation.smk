# From trained heads to predictions and metrics of the validation patients.


rule evaluate:
    """Call one replicate's validation patients and score the calls."""
    input:
        features=RESULTS + "/features/{model}.safetensors",
        rows=RESULTS + "/features/{model}.csv",
        slices=RESULTS + "/dataset/slices.csv",
        patients=RESULTS + "/dataset/patients.csv",
        split=RESULTS + "/splits/replicate-{replicate}.csv",
        head=RESULTS + "/runs/{model}/replicate-{replicate}/head.safetensors",
        code=code_of("evaluate.py"),
    output:
        predictions=RESULTS + "/runs/{model}/replicate-{replicate}/predictions.csv",
        slice_predictions=RESULTS + "/runs/{model}/replicate-{replicate}/slice_predictions.csv",
        metrics=RESULTS + "/runs/{model}/replicate-{replicate}/metrics.json",
    log:
        RESULTS + "/logs/evaluate/{model}/replicate-{replicate}.log",
    benchmark:
        RESULTS + "/benchmarks/evaluate/{model}/replicate-{replicate}.tsv"
    conda:
        "../../envs/stats.yaml"
    resources:
        # Python with pandas, and the features three times: read, chosen, in double precision.
        mem_mb=lambda wildcards, input, attempt: (300 + 4 * input.size_mb) * attempt,
    params:
        sequence_rule=lambda wildcards: model_of(wildcards).get("sequence_rule"),
        threshold=config["evaluation"]["threshold"],
    script:
        "../scripts/evaluate.py"
