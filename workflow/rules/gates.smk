# What the check of a study is told, and what waits for it. No rules.
#
# A job that makes what is missing, or of other settings, depends on the check without having it as
# an input: what Snakemake records of shared data names no study.


def sources_of(dataset):
    """Return the label table that a dataset's settings choose, if it is there."""
    table = dataset.labels and Path(dataset.path, dataset.labels)
    return [str(table)] if table and table.exists() else []


def settings_for(encoder, dataset):
    """Return all settings that decide an encoder's features of a dataset."""
    return encoder.settings | {"window": encoder.window or dataset.window}


def is_encoded(encoder, dataset):
    """Tell whether an encoder's description for a dataset is there, with the settings of now."""
    path = f"{dataset.folder}/encoders/{encoder.name}.json"
    return is_described(path, settings_for(encoder, dataset), encoder.local_files)


def lacks_files(dataset):
    """Tell whether a dataset has yet to be indexed, and its folder or label table is not there."""
    if dataset.synthetic or is_indexed(dataset.folder, dataset.settings):
        return False
    return not (os.path.exists(dataset.path) and (not dataset.labels or sources_of(dataset)))


def checked_files(wildcards):
    """List the raw datasets and checkpoints that the check reads, if they are here or made here.

    What is missing is for the check to say, before anything is fetched. What is gone and was used
    before is not needed.
    """
    found, lacking = [], any(map(lacks_files, STUDY.datasets.values()))
    for one in STUDY.datasets.values():
        wanted = one.synthetic and not is_indexed(one.folder, one.settings)
        if wanted or os.path.exists(one.path):
            found += [one.path, *sources_of(one)]
    for one in STUDY.encoders.values():
        folder = one.checkpoint_folder
        # What is not local, rules make.
        wanted = folder != one.local_folder and not lacking
        wanted &= not all(is_encoded(one, dataset) for dataset in STUDY.datasets.values())
        if folder and (wanted or os.path.exists(folder)):
            found += [folder, *one.local_files]
    return found


def asked_of_check():
    """Return what the check is told, as `ctseq.checks.asked.Asked` names it."""
    datasets = {
        one.name: {
            "folder": one.folder,
            "settings": one.settings,
            "window": one.window,
            "code": code_for_format("index_dataset.py", one.format),
        }
        for one in STUDY.datasets.values()
    }
    return {
        "results": RESULTS,
        "datasets": datasets,
        "encoders": {one.name: asked_of_encoder(one) for one in STUDY.encoders.values()},
        "models": {one.name: asked_of_model(one) for one in STUDY.models.values()},
        "splits": STUDY.splits,
        "replicates": len(REPLICATES),
        "seed": STUDY.seed,
        "shards": STUDY.shards,
    }


def asked_of_encoder(encoder):
    """Return what the check is told of an encoder."""
    return {
        "settings": encoder.settings,
        "window": encoder.window,
        "folder": encoder.checkpoint_folder,
        "made": encoder.checkpoint_folder != encoder.local_folder,
        "sources": encoder.local_files,
    }


def asked_of_model(model):
    """Return what the check is told of a model."""
    rates = model.training["learning_rate"]
    return {
        "encoders": [one.name for one in model.encoders],
        "family": model.family,
        "labels": model.labels if model.slicewise else "scan",
        "finetuned": model.finetuned,
        "encoder_shuffled": model.encoder_shuffled,
        "mirror": model.training["augmentation"]["mirror"],
        "epochs": model.training["epochs"] if model.about.epochs else None,
        "rates": len(rates) if isinstance(rates, list) and model.about.epochs else 1,
        "folds": folds_of_model(model),
    }


def no_encoder_is_asked_for():
    """Tell whether only files are asked for that are there for more than a study's encoders.

    Shared data and splits that are named are made without the study's other checkpoints.
    """
    named = workflow.dag_settings.targets
    folders = (f"{Path(DATA).parent}/", f"{RESULTS}/splits/", "results/published/")
    return bool(named) and all(name.startswith(folders) for name in named)


def is_check_made():
    """Tell whether the check of the study is there, or among what is asked for."""
    named = workflow.dag_settings.targets
    asked = ROOT.samefile(workflow.basedir) and (
        not named or not {"all", "check"}.isdisjoint(named)
    )
    return asked or os.path.exists(f"{RESULTS}/check.txt")


def unless(current, *files):
    """Return no input; wait for the check unless what a job makes is there and stays as it is.

    `files` are what it would overwrite.
    """
    # In a job's own process, the check is done.
    if not workflow.is_main_process or (current and not workflow.dag_settings.forceall):
        return []
    there = any(map(os.path.exists, files))
    # Snakemake makes a missing check for a job whose outputs are there only if a target names it: it
    # would look at neither the check nor the job's parameters, and use what is there as it is.
    if there and not is_check_made():
        if not current:
            stop_unchecked(*files)
    elif there or not no_encoder_is_asked_for():
        checkpoints.check_study.get()
    return []


def stop_unchecked(*files):
    """Stop where a target by name would overwrite what is there without a check of the study.

    Snakemake deletes files before it makes them, so that a mistake would cost all that they hold.
    """
    stop(
        f"{listed(files)} would be made again with other settings, and {RESULTS}/check.txt is not "
        "there, as before a first check and after one that failed: a mistake would cost what is "
        "there. Run `snakemake check` with the same configuration, then this command again."
    )


def before_indexing(wildcards):
    """Wait for the check where a dataset's index is missing, or of other settings or files."""
    dataset = STUDY.datasets[wildcards.dataset]
    return unless(is_indexed(dataset.folder, dataset.settings), f"{dataset.folder}/format.json")


def before_describing(wildcards):
    """Wait for the check where an encoder's description is missing, or of other settings."""
    path = f"{STUDY.datasets[wildcards.dataset].folder}/encoders/{wildcards.encoder}.json"
    return unless(is_described(path, settings_of(wildcards)), path)


def before_packing(wildcards):
    """Wait for the check where neither packed slices nor features are there."""
    folder = STUDY.datasets[wildcards.dataset].folder
    name = f"{wildcards.encoder}{wildcards.shard}"
    made = (f"{folder}/pixels/{name}.npy", f"{folder}/features/{name}.safetensors")
    return unless(any(map(os.path.exists, made)))


def before_extracting(wildcards):
    """Wait for the check where features are missing."""
    name = f"{wildcards.encoder}{wildcards.order}{wildcards.shard}"
    folder = STUDY.datasets[wildcards.dataset].folder
    return unless(os.path.exists(f"{folder}/features/{name}.safetensors"))


def before_splitting(wildcards):
    """Wait for the check where there is neither a replicate's split nor a check of its study."""
    made = (f"{RESULTS}/splits/replicate-{wildcards.replicate}.csv", f"{RESULTS}/check.txt")
    return unless(any(map(os.path.exists, made)))
