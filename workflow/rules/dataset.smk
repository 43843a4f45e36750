# From the raw dataset to the study's slices and patients, each file accounted for.


rule draw_phantom:
    """Draw synthetic patients in the layout of CT-ICH, for `dataset.format: phantom`."""
    input:
        code=code_of("draw_phantom.py"),
    output:
        dataset=directory("<results>/phantom"),
    log:
        "<results>/logs/draw_phantom.log",
    benchmark:
        "<results>/benchmarks/draw_phantom.tsv"
    conda:
        "../../envs/imaging.yaml"
    resources:
        mem_mb=500,  # one slice at a time; at 1024 px some thirty float32 fields of it
    params:
        phantom=config["dataset"]["phantom"],
        seed=config["seed"],
    script:
        "../scripts/draw_phantom.py"


rule index_dataset:
    """Account for every file of the dataset; stop on, or leave out, what contradicts a label."""
    input:
        dataset=dataset_folder,
        code=code_of("index_dataset.py"),
    output:
        inventory="<results>/dataset/inventory.csv",
        problems="<results>/dataset/problems.csv",
    log:
        "<results>/logs/index_dataset.log",
    benchmark:
        "<results>/benchmarks/index_dataset.tsv"
    conda:
        "../../envs/imaging.yaml"
    resources:
        mem_mb=400,  # Python with pandas; slices are decoded one at a time
    params:
        format=dataset_layout(),
        on_problem=config["dataset"]["on_problem"],
    script:
        "../scripts/index_dataset.py"


rule select_slices:
    """Join the kept slices with their labels and sort the sequences into Positive and Negative."""
    input:
        dataset=dataset_folder,
        inventory="<results>/dataset/inventory.csv",
        code=code_of("select_slices.py"),
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
        mem_mb=300,  # Python with pandas and tables of a few thousand rows
    params:
        format=dataset_layout(),
    script:
        "../scripts/select_slices.py"
