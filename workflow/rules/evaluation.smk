# From trained heads to predictions and metrics of the validation patients.


rule evaluate:
    """Call one replicate's validation patients and score the calls."""
    input:
        features="<results>/features/{model}.safetensors",
        rows="<results>/features/{model}.csv",
        slices="<results>/dataset/slices.csv",
        patients="<results>/dataset/patients.csv",
        split="<results>/splits/replicate-{replicate}.csv",
        head="<results>/runs/{model}/replicate-{replicate}/head.safetensors",
        code=code_of("evaluate.py"),
    output:
        predictions="<results>/runs/{model}/replicate-{replicate}/predictions.csv",
        slice_predictions="<results>/runs/{model}/replicate-{replicate}/slice_predictions.csv",
        metrics="<results>/runs/{model}/replicate-{replicate}/metrics.json",
    log:
        "<results>/logs/evaluate/{model}/replicate-{replicate}.log",
    benchmark:
        "<results>/benchmarks/evaluate/{model}/replicate-{replicate}.tsv"
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
