# From a raw dataset to its slices and scans, once for all studies.


rule draw_phantom:
    """Draw synthetic patients in any of the formats, for `format: phantom`."""
    output:
        dataset=directory("results/data/{dataset}/phantom"),
    log:
        "results/data/{dataset}/logs/draw_phantom.log",
    benchmark:
        "results/data/{dataset}/benchmarks/draw_phantom.tsv"
    conda:
        "../../envs/imaging.yaml"
    resources:
        # At 1024 px some thirty float32 fields of a slice, and a patient's volume in some layouts.
        mem_mb=700,
    params:
        code_of("draw_phantom.py"),
        phantom=of_dataset("phantom"),
    script:
        "../scripts/draw_phantom.py"


rule index_dataset:
    """List every file and slice; stop at problems, or leave out what they affect."""
    input:
        dataset=dataset_to_index,
        labels=of_dataset("label_files"),  # so that an edited one is read again
        checked=before_indexing,
    output:
        recognised="results/data/{dataset}/format.json",
        inventory="results/data/{dataset}/inventory.csv",
        listing="results/data/{dataset}/listing.csv",
        problems="results/data/{dataset}/problems.csv",
        demographics="results/data/{dataset}/demographics.csv",
        series="results/data/{dataset}/series.csv",
        masks="results/data/{dataset}/masks.csv",
    log:
        "results/data/{dataset}/logs/index_dataset.log",
    benchmark:
        "results/data/{dataset}/benchmarks/index_dataset.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 4
    resources:
        # Tables of 25,000 scans take 1.1 GB (docs/performance.md), and a patient's volume of
        # 512 x 512 x 300 voxels 315 MB in float32.
        mem_mb=2000,
    params:
        code_for_dataset("index_dataset.py"),
        name=lambda wildcards: wildcards.dataset,
        settings=of_dataset("settings"),
    script:
        "../scripts/index_dataset.py"


rule select_slices:
    """Keep the labelled slices and sort the scans into Positive and Negative by the target."""
    input:
        dataset=raw_dataset,
        inventory="results/data/{dataset}/inventory.csv",
        listing="results/data/{dataset}/listing.csv",
        demographics="results/data/{dataset}/demographics.csv",
        series="results/data/{dataset}/series.csv",
    output:
        slices="results/data/{dataset}/slices.csv",
        scans="results/data/{dataset}/scans.csv",
        summary="results/data/{dataset}/summary.json",
        sorted_folder=directory("results/data/{dataset}/sorted"),
    log:
        "results/data/{dataset}/logs/select_slices.log",
    benchmark:
        "results/data/{dataset}/benchmarks/select_slices.tsv"
    conda:
        "../../envs/imaging.yaml"
    resources:
        mem_mb=1000,  # tables of 25,000 scans take 0.75 GB
    params:
        code_of("select_slices.py"),
        target=of_dataset("target"),
    script:
        "../scripts/select_slices.py"
