# Input functions and parameters of the rules that run for each model. No rules.

# The rule of each way of training. All write the scores of the test rows, and each other files.
TRAINING_RULES = {
    "linear": "train_head",
    "sequence": "train_sequence_head",
    "classical": "fit_classical",
    "finetune": "finetune",
}


def model_of(wildcards):
    """Return the model of a job."""
    return STUDY.encoded[wildcards.model]


def of_model(setting):
    """Return an input function that returns a setting of the job's model."""
    return lambda wildcards: getattr(model_of(wildcards), setting)


def replicate_of(wildcards):
    """Return the number of the replicate that a job is about."""
    return int(wildcards.replicate)


def models_trained_by(rule):
    """Return a pattern of the models that a rule trains, so that no two rules write one file.

    It matches nothing if there is no such model.
    """
    names = STUDY.models_trained_by(*(way for way, its in TRAINING_RULES.items() if its == rule))
    return "|".join(names) or "(?!)"


def training_results(wildcards):
    """Return all files that a run's training writes.

    Evaluation needs the scores alone. But Snakemake compares a job's parameters only where all its
    outputs exist: with the scores as the only input, it would keep those of another training.
    """
    trained = getattr(rules, TRAINING_RULES[model_of(wildcards).way_of_training])
    return dict(trained.output.items())


def hub_model(wildcards):
    """Return the first model whose checkpoint a job downloads from the hub."""
    folder = f"resources/checkpoints/{wildcards.checkpoint}"
    return next(model for model in STUDY.models.values() if model.hub_folder == folder)


def shard_of(wildcards):
    """Return a shard's number, from 1, and how many there are."""
    return [STUDY.shards.index(wildcards.shard) + 1, len(STUDY.shards)]


def every_shard(name, suffix):
    """List the paths of a file of all shards, in their order."""
    return [f"{RESULTS}/{name}{shard}{suffix}" for shard in STUDY.shards]


def pixels_of(wildcards):
    """Return the files that fine-tuning reads: a checkpoint, its description, packed slices."""
    encoder = STUDY.encoder_of(wildcards.model)
    return {
        "folder": model_of(wildcards).checkpoint_folder,
        "pixels": every_shard(f"pixels/{encoder}", ".npy"),
        "rows": every_shard(f"pixels/{encoder}", ".csv"),
        "description": f"{RESULTS}/models/{encoder}.json",
    }


def shuffle_seed_of(wildcards):
    """Return the seed of the order of slices in the features of a replicate; None if in order."""
    _, _, replicate = wildcards.order.rpartition("-")
    return [config["seed"], int(replicate)] if replicate else None


def features_of(wildcards):
    """Return the files that a head is trained on: its encoder's features and their rows."""
    encoder, model = STUDY.encoder_of(wildcards.model), model_of(wildcards)
    order = f"-replicate-{wildcards.replicate}" if model.encoder_shuffled else ""
    files = {
        "features": every_shard(f"features/{encoder}{order}", ".safetensors"),
        "rows": every_shard(f"features/{encoder}{order}", ".csv"),
        "description": f"{RESULTS}/models/{encoder}.json",
    }
    if model.training["augmentation"]["mirror"]:
        files["mirrored"] = every_shard(f"features/{encoder}{order}-mirrored", ".safetensors")
    return files


def trained_on(wildcards):
    """Return the files that a model is trained on in all replicates."""
    return features_of(wildcards) | {
        "slices": f"{RESULTS}/dataset/slices.csv",
        "patients": f"{RESULTS}/dataset/patients.csv",
        "splits": [f"{RESULTS}/splits/replicate-{replicate}.csv" for replicate in REPLICATES],
    }


def learning_of(wildcards):
    """Return the settings of a model's training on the features, but for the replicate."""
    model = model_of(wildcards)
    classical = model.way_of_training == "classical"
    folds = config["tuning"]["folds"] if classical else STUDY.inner_folds
    return {"model": model.head_settings, "folds": folds, "seed": config["seed"]}


def evaluation_of(wildcards):
    """Return how a model's scores become predictions."""
    return {"sequence_rule": model_of(wildcards).sequence_rule, "threshold": STUDY.threshold}


def training_memory(wildcards, input, attempt):
    """Return the MB of many trainings in one job.

    PyTorch and batches of sequences take 2000; scikit-learn holds four copies of the features.
    """
    copies = 4 * input.size_mb if model_of(wildcards).way_of_training == "classical" else 0
    return int(2000 + copies) * attempt
