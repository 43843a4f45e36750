# From scores to predictions and metrics of the test scans.


rule evaluate:
    """Predict one replicate's test scans and compute the metrics."""
    input:
        unpack(training_results),
        **labels_of(STUDY.dataset),
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
        mem_mb=300,  # Python with pandas, and the tables of a replicate
    params:
        code_of("evaluate.py"),
        sequence_rule=of_model("sequence_rule"),
        threshold=STUDY.threshold,
    script:
        "../scripts/evaluate.py"
