# From the runs' metrics and predictions to the tables that compare the models.


rule collect_metrics:
    """Gather every run's metrics and predictions into one table each."""
    input:
        metrics=every_run("metrics.json"),
        predictions=every_run("predictions.csv"),
        code=code_of("collect_metrics.py"),
    output:
        metrics=RESULTS + "/metrics.csv",
        predictions=RESULTS + "/predictions.csv",
    log:
        RESULTS + "/logs/collect_metrics.log",
    benchmark:
        RESULTS + "/benchmarks/collect_metrics.tsv"
    conda:
        "../../envs/stats.yaml"
    params:
        models=MODELS,
        replicates=REPLICATES,
    script:
        "../scripts/collect_metrics.py"


rule compare_models:
    """Compare the models over replicates, as the paper does and with tests that hold up."""
    input:
        metrics=RESULTS + "/metrics.csv",
        splits=expand(RESULTS + "/splits/replicate-{replicate}.csv", replicate=REPLICATES),
        code=code_of("compare_models.py"),
    output:
        normality=RESULTS + "/comparison/paper/normality.csv",
        variances=RESULTS + "/comparison/paper/variances.csv",
        t_test=RESULTS + "/comparison/paper/t_test.csv",
        mann_whitney=RESULTS + "/comparison/paper/mann_whitney.csv",
        ranges=RESULTS + "/comparison/paper/ranges.csv",
        means=RESULTS + "/comparison/paper/means.csv",
        resampled_t=RESULTS + "/comparison/resampled_t.csv",
        bayesian_t=RESULTS + "/comparison/bayesian_t.csv",
        effect_sizes=RESULTS + "/comparison/effect_sizes.csv",
        power=RESULTS + "/comparison/power.csv",
        ranking=RESULTS + "/comparison/ranking.csv",
        verdict=RESULTS + "/comparison/verdict.csv",
    log:
        RESULTS + "/logs/compare_models.log",
    benchmark:
        RESULTS + "/benchmarks/compare_models.tsv"
    conda:
        "../../envs/stats.yaml"
    params:
        models=MODELS,
        labels={name: model["label"] for name, model in config["models"].items()},
        metrics=config["comparison"]["metrics"],
        alpha=config["comparison"]["alpha"],
        undefined=config["comparison"]["undefined"],
        rope=config["comparison"]["rope"],
    script:
        "../scripts/compare_models.py"


rule compare_patients:
    """Compare the models over patients, each with its pooled validation predictions."""
    input:
        predictions=RESULTS + "/predictions.csv",
        patients=RESULTS + "/dataset/patients.csv",
        code=code_of("compare_patients.py"),
    output:
        auc=RESULTS + "/comparison/patients/auc.csv",
        delong=RESULTS + "/comparison/patients/delong.csv",
        mcnemar=RESULTS + "/comparison/patients/mcnemar.csv",
        operating_points=RESULTS + "/comparison/patients/operating_points.csv",
        calibration=RESULTS + "/comparison/patients/calibration.csv",
        curves=RESULTS + "/comparison/patients/curves.csv",
    log:
        RESULTS + "/logs/compare_patients.log",
    benchmark:
        RESULTS + "/benchmarks/compare_patients.tsv"
    conda:
        "../../envs/stats.yaml"
    resources:
        # 230 MB measured with 82 patients and 10,000 resamples, of which 110 MB is Python; the rest
        # grows with both numbers, so this serves 1000 patients.
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
    params:
        models=MODELS,
        alpha=config["comparison"]["alpha"],
        bootstrap_resamples=config["comparison"]["bootstrap_resamples"],
        seed=config["seed"],
    script:
        "../scripts/compare_patients.py"
