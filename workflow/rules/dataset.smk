# From the raw dataset to the study's slices and patients, each file accounted for.


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
        # At 1024 px some thirty float32 fields of a slice, and a patient's volume where that is one.
        mem_mb=700,
    params:
        code_of("draw_phantom.py"),
        phantom=config["dataset"]["phantom"],
        seed=config["seed"],
    script:
        "../scripts/draw_phantom.py"


rule index_dataset:
    """Account for every file and slice; stop on, or leave out, what contradicts a label."""
    input:
        dataset=dataset_folder,
        labels=label_file,
    output:
        inventory="<results>/dataset/inventory.csv",
        listing="<results>/dataset/listing.csv",
        problems="<results>/dataset/problems.csv",
    log:
        "<results>/logs/index_dataset.log",
    benchmark:
        "<results>/benchmarks/index_dataset.tsv"
    conda:
        "../../envs/imaging.yaml"
    threads: 4
    resources:
        # A patient's volume at a time: 512 x 512 x 300 voxels are 315 MB in float32. Of DICOM, also
        # 0.8 KB a file, 0.6 GB for 25,000 scans (docs/performance.md).
        mem_mb=1500,
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
        mem_mb=500,  # Python with pandas, and a few patients at a time
    params:
        code_of("select_slices.py"),
        format=STUDY.dataset_format,
    script:
        "../scripts/select_slices.py"
