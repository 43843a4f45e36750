# Input functions and parameters of the rules that run for each dataset, encoder or model. No rules.


def code_for_dataset(script):
    """Return an input function that returns the digest of a script and of the dataset's reader."""

    def digest(wildcards):
        dataset = STUDY.datasets[getattr(wildcards, "dataset", STUDY.dataset.name)]
        return code_for_format(script, dataset.format)

    return digest


def code_for_format(script, format):
    """Return the digest of a script and of the readers of a format, which may be `auto`."""
    names = FORMATS if format == "auto" else [format]
    return code_of(script, *(FORMATS[name].module for name in names))


def code_for_encoder(script):
    """Return an input function that returns the digest of a script and of the encoder's type."""
    return lambda wildcards: code_of(script, ENCODER_TYPES[ENCODERS[wildcards.encoder].type].module)


def code_for_model(script):
    """Return an input function that returns the digest of a script and of the model's family."""

    def digest(wildcards):
        model = STUDY.runs[wildcards.model]
        types = [ENCODER_TYPES[one.type].module for one in model.encoders if model.finetuned]
        return code_of(script, model.about.module, *types)

    return digest


def of_dataset(setting):
    """Return an input function that returns what the job's dataset has under this name."""
    return lambda wildcards: getattr(STUDY.datasets[wildcards.dataset], setting)


def raw_dataset(wildcards):
    """Return the folder of a raw dataset; stop if it is missing and was not indexed from there.

    Of one that was, Snakemake takes results as they are although their input is missing.
    """
    dataset = STUDY.datasets[getattr(wildcards, "dataset", STUDY.dataset.name)]
    if any(missing_of_dataset(dataset)):
        check_named_paths()
    return dataset.path


def checkpoint_of(wildcards):
    """Return the files of an encoder's checkpoint, if it has one; stop if they are missing.

    One that is not needed any more may be gone, but not where there are features of another.
    """
    encoder, dataset = ENCODERS[wildcards.encoder], STUDY.datasets[wildcards.dataset]
    if any(missing_of_encoder(encoder, [dataset], config)):
        check_named_paths(encoder.name)
    return checkpoint_files(encoder)


def checkpoint_files(encoder):
    """Return the folder of an encoder's checkpoint, if it has one.

    Of a local one, its files too: what is written into one of them leaves the folder's time as it is.
    """
    folder, local = encoder.checkpoint_folder, encoder.local_folder
    if local and not Path(local).is_dir():
        name = catalogue_name(encoder.name, config)
        message = (
            f"encoders.{name}.checkpoint is {encoder.checkpoint}, a folder that does not exist."
        )
        # No `stop`: features that were made of it are served without it.
        raise WorkflowError(ORIGINS.located(message))
    if folder and folder == local:
        return {"folder": folder, "files": encoder.local_files}
    return {"folder": folder} if folder else {}


def converted(wildcards):
    """Return the encoder whose local checkpoint a job converts."""
    folder = f"resources/checkpoints/{wildcards.local}"
    return next(one for one in ENCODERS.values() if one.checkpoint_folder == folder)


def of_hub(setting):
    """Return an input function that returns a setting of the checkpoint that a job fetches."""

    def value(wildcards):
        folder = f"resources/checkpoints/{wildcards.checkpoint}"
        return next(getattr(one, setting) for one in ENCODERS.values() if one.hub_folder == folder)

    return value


def of_tiny(setting):
    """Return an input function that returns a setting of the encoder whose checkpoint is made."""

    def value(wildcards):
        folder = f"resources/checkpoints/tiny-{wildcards.tiny}"
        made = (one for one in ENCODERS.values() if one.checkpoint_folder == folder)
        return getattr(next(made), setting)

    return value


def window_of(wildcards):
    """Return the window in which an encoder sees a dataset."""
    return settings_of(wildcards)["window"]


def settings_of(wildcards):
    """Return all settings that decide an encoder's features of a dataset."""
    return settings_in(ENCODERS[wildcards.encoder], STUDY.datasets[wildcards.dataset])


def shard_of(wildcards):
    """Return a shard's number, from 1, and how many there are."""
    return [STUDY.shards.index(wildcards.shard) + 1, len(STUDY.shards)]


def shuffle_seed_of(wildcards):
    """Return the seed of the order of slices in some features: the study's, and the replicate.

    It is None if slices are in order.
    """
    _, _, seeds = wildcards.order.partition("-shuffled-")
    return [int(seed) for seed in seeds.split("-replicate-")] if seeds else None


def of_model(setting):
    """Return an input function that returns a setting of the job's model."""
    return lambda wildcards: getattr(STUDY.runs[wildcards.model], setting)


def replicate_of(wildcards):
    """Return the number of the replicate that a job is about."""
    return int(wildcards.replicate)


def models_of(rule):
    """Return a pattern of the models that a rule trains or combines, so that each has one rule.

    It matches nothing if there is no such model.
    """
    names = [name for name, model in STUDY.runs.items() if rule_of(model) == rule]
    return "|".join(names) or "(?!)"


def rule_of(model):
    """Return the name of the rule that trains a model, or that combines its members."""
    if model.members:
        return "combine"
    return "finetune" if model.finetuned else "fit"


def training_results(wildcards):
    """Return all files that a run's training writes.

    Evaluation needs the scores alone. But Snakemake compares a job's parameters only where all its
    outputs exist: with the scores as the only input, it would keep those of another training.
    """
    trained = getattr(rules, rule_of(STUDY.runs[wildcards.model]))
    return dict(trained.output.items())


def member_results(wildcards):
    """Return the scores of an ensemble's members, and all else that their trainings write.

    By the latter, Snakemake sees what `training_results` is for.
    """
    found = {"scores": [], "beside": []}
    for member in STUDY.runs[wildcards.model].members:
        for name, path in getattr(rules, rule_of(member)).output.items():
            kind = "scores" if name == "scores" else "beside"
            found[kind] += expand(path, model=member.name, replicate=wildcards.replicate)
    return found


def member_scores(wildcards):
    """List the scores that an ensemble's members give another dataset."""
    members = STUDY.runs[wildcards.model].members
    end = f"replicate-{wildcards.replicate}/external/{wildcards.dataset}.csv"
    return [f"{RESULTS}/runs/{member.name}/{end}" for member in members]


def labels_of(dataset):
    """Return the tables of a dataset's slices and scans."""
    return {name: f"{dataset.folder}/{name}.csv" for name in ("slices", "scans")}


def shared_files():
    """Return the files of all datasets by which it is told that what a study stands on changed."""
    found = []
    for one in STUDY.datasets.values():
        found += [one.record, *labels_of(one).values(), *map(one.description, STUDY.encoders)]
    return found


def every_shard(path, suffix):
    """List the paths of a file of all shards, in their order."""
    return [f"{path}{shard}{suffix}" for shard in STUDY.shards]


def pixels_from(dataset, model):
    """Return the files that a fine-tuned model sees: its encoder's description, packed slices."""
    (encoder,) = model.encoders
    return {
        "description": dataset.description(encoder.name),
        "pixels": every_shard(f"{dataset.folder}/pixels/{encoder.name}", ".npy"),
        "rows": every_shard(f"{dataset.folder}/pixels/{encoder.name}", ".csv"),
    }


def features_from(dataset, model, replicate=None):
    """Return the files of features that a model sees, encoder by encoder and shard by shard.

    Only where an encoder itself sees shuffled slices does the replicate matter.
    """
    order = f"-shuffled-{STUDY.seed}-replicate-{replicate}"
    names = [f"{one.name}{order if model.shuffles(one) else ''}" for one in model.encoders]

    def files(ending, suffix):
        paths = [f"{dataset.folder}/features/{name}{ending}" for name in names]
        return [file for path in paths for file in every_shard(path, suffix)]

    found = {
        "features": files("", ".safetensors"),
        "rows": files("", ".csv"),
        "descriptions": [dataset.description(one.name) for one in model.encoders],
    }
    if model.training["augmentation"]["mirror"]:
        found["mirrored"] = files("-mirrored", ".safetensors")
    return found


def pixels_of(wildcards):
    """Return the files that fine-tuning reads: a checkpoint, its description, packed slices."""
    model = STUDY.runs[wildcards.model]
    return checkpoint_files(model.encoders[0]) | pixels_from(STUDY.dataset, model)


def features_of(wildcards):
    """Return the files that a model is fitted to: its encoders' features and their rows."""
    model = STUDY.runs[wildcards.model]
    return features_from(STUDY.dataset, model, wildcards.replicate)


def external_inputs(wildcards):
    """Return the files of another dataset that a run's fitted model scores."""
    model, dataset = STUDY.runs[wildcards.model], STUDY.datasets[wildcards.dataset]
    if model.finetuned:
        return pixels_from(dataset, model)
    files = features_from(dataset, model, wildcards.replicate)
    # Mirrored images are learned from, and never scored.
    return {name: paths for name, paths in files.items() if name != "mirrored"}


def learned_from(model):
    """Return the files that a model is trained on in all replicates."""
    splits = [f"{RESULTS}/splits/replicate-{replicate}.csv" for replicate in REPLICATES]
    return features_from(STUDY.dataset, model) | labels_of(STUDY.dataset) | {"splits": splits}


def inner_of(setting):
    """Return an input function that returns a setting of the inner folds that a model chooses by."""
    return lambda wildcards: STUDY.inner_of(STUDY.runs[wildcards.model])[setting]


def learning_of(wildcards):
    """Return the settings of a model's training on the features, but for the replicate."""
    model = STUDY.runs[wildcards.model]
    return {"model": model.settings, **STUDY.inner_of(model), "seed": STUDY.seed}


def evaluation_of(wildcards):
    """Return how a model's scores become predictions."""
    combined_by = STUDY.runs[wildcards.model].sequence_rule
    return {"sequence_rule": combined_by, "threshold": STUDY.threshold}


def training_memory(wildcards, input, attempt):
    """Return the MB of trainings on features: PyTorch, and four copies for scikit-learn."""
    # Not by `input.size_mb`, which starts an event loop for each of thousands of jobs.
    size_mb = sum(map(os.path.getsize, input)) / 2**20
    return int(2000 + 4 * size_mb) * attempt
