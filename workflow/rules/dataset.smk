# From the raw dataset to the study's slices and patients.


rule draw_phantom:
    """Draw synthetic patients in any of the formats, for `dataset.format: phantom`."""
    output:
        dataset=directory("<results>/phantom"),
    log:
        "<results>/logs/draw_phantom.log",
    benchmark:
        "<results>/benchmarks/draw_phantom.tsv"
    conda:
        "../../envs/imaging.yaml"
    resources:
        # At 1024 px some thirty float32 fields of a slice, and a patient's volume in some layouts.
        mem_mb=700,
    params:
        code_of("draw_phantom.py"),
        phantom=config["dataset"]["phantom"],
        seed=config["seed"],
    script:
        "../scripts/draw_phantom.py"


rule index_dataset:
    """List every file and slice; stop at problems, or leave out what they affect."""
    input:
        dataset=dataset_folder,
        labels=label_file,
    output:
        recognised="<results>/dataset/format.json",
        inventory="<results>/dataset/inventory.csv",
        listing="<results>/dataset/listing.csv",
        problems="<results>/dataset/problems.csv",
        demographics="<results>/dataset/demographics.csv",
    log:
        "<results>/logs/index_dataset.log",
    benchmark:
        "<results>/benchmarks/index_dataset.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 4
    resources:
        # Tables of 25,000 scans take 1.1 GB (docs/performance.md), and a patient's volume of
        # 512 x 512 x 300 voxels 315 MB in float32.
        mem_mb=2000,
    params:
        code_of("index_dataset.py"),
        format=STUDY.dataset_format,
        labels=STUDY.label_table,
        on_problem=config["dataset"]["on_problem"],
    script:
        "../scripts/index_dataset.py"


rule select_slices:
    """Keep the labelled slices and sort the sequences into Positive and Negative."""
    input:
        dataset=dataset_folder,
        inventory="<results>/dataset/inventory.csv",
        listing="<results>/dataset/listing.csv",
        demographics="<results>/dataset/demographics.csv",
    output:
        slices="<results>/dataset/slices.csv",
        patients="<results>/dataset/patients.csv",
        summary="<results>/dataset/summary.json",
        sorted_folder=directory("<results>/dataset/sorted"),
    log:
        "<results>/logs/select_slices.log",
    benchmark:
        "<results>/benchmarks/select_slices.tsv"
    conda:
        "../../envs/imaging.yaml"
    resources:
        mem_mb=1000,  # tables of 25,000 scans take 0.75 GB
    params:
        code_of("select_slices.py"),
    script:
        "../scripts/select_slices.py"
