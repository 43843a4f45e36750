# What a model's configuration means for its jobs: which files, settings and rules. No rules.

from types import SimpleNamespace

from ctseq.study.models import head_family, training_settings, way_of_training


def model_of(wildcards):
    """Give the configuration of the model that a job is about."""
    return config["models"][wildcards.model]


def backbone_settings(wildcards):
    """Give the settings that decide a model's features; its others re-run no backbone."""
    model = model_of(wildcards)
    deciding = ["kind", "checkpoint", "revision", "frames", "frame_sampling"]
    deciding += ["position_embeddings", "first_slices"]
    return {key: model[key] for key in deciding if key in model}


def extraction_of(wildcards):
    """Give how a model's features are computed: the study's way, but for what it overrides."""
    return config["extraction"] | model_of(wildcards).get("extraction", {})


def shuffle_seed(wildcards):
    """Give the seed of a random order of slices, for models that are to see one; else None."""
    return config["seed"] if model_of(wildcards).get("shuffle_slices") else None


def video_shuffle_seed(wildcards):
    """Give it for backbones: one that sees single slices sees no order."""
    return shuffle_seed(wildcards) if model_of(wildcards)["kind"] == "video" else None


def backbone_of(name):
    """Name the first model with the same backbone: models that share one share its files."""

    def features_by(name):
        wildcards = SimpleNamespace(model=name)
        deciding = (backbone_settings, extraction_of, video_shuffle_seed)
        return [part(wildcards) for part in deciding]

    return next(model for model in MODELS if features_by(model) == features_by(name))


def shard_of(wildcards):
    """Give a shard's number, from 1, and how many there are."""
    return [SHARDS.index(wildcards.shard) + 1, len(SHARDS)]


def every_shard(name, suffix):
    """List a file of every shard, in their order."""
    return [f"{RESULTS}/{name}{shard}{suffix}" for shard in SHARDS]


def pixels_of(wildcards):
    """List what a backbone reads: its checkpoint, what that wants, and the packed slices."""
    backbone = backbone_of(wildcards.model)
    files = {"folder": checkpoint_folder(wildcards)}
    files |= {"pixels": every_shard(f"pixels/{backbone}", ".npy")}
    files |= {"rows": every_shard(f"pixels/{backbone}", ".csv")}
    return files | {"description": f"{RESULTS}/models/{backbone}.json"}


def features_of(wildcards):
    """List what a head is trained on: its backbone's features, and what they are of."""
    backbone = backbone_of(wildcards.model)
    features = f"features/{backbone}"
    files = {"features": every_shard(features, ".safetensors")}
    files |= {"rows": every_shard(features, ".csv")}
    if training_of(wildcards)["augmentation"]["mirror"]:
        files["mirrored"] = every_shard(f"{features}-mirrored", ".safetensors")
    return files | {"description": f"{RESULTS}/models/{backbone}.json"}


def hub_folder(model):
    """Name a hub checkpoint's folder after it, not after the model: studies share downloads."""
    name = "--".join(Path(model["checkpoint"], model["revision"]).parts)
    return f"resources/checkpoints/{name}"


def hub_model(wildcards):
    """Give the configuration of a model whose checkpoint stands in the folder to be made."""
    folder = f"resources/checkpoints/{wildcards.checkpoint}"
    return next(model for model in config["models"].values() if hub_folder(model) == folder)


def checkpoint_folder(wildcards):
    """Give the folder of a model's checkpoint: tiny, local, or fetched."""
    model = model_of(wildcards)
    name = model["checkpoint"]
    if name == "tiny":
        frames = f"-{model['frames']}" if model["kind"] == "video" else ""
        return f"resources/checkpoints/tiny-{model['kind']}{frames}"
    # An id on the hub is `owner/name`; whatever stands here as a folder, or looks like one, is.
    if name.startswith((".", "/")) or Path(name).is_dir():
        return name
    return hub_folder(model)


def training_of(wildcards):
    """Give the training settings of the model that a job is about."""
    return training_settings(config, model_of(wildcards))


# What each way of training makes of a run.
MADE = {"linear": {"head": "head.safetensors", "history": "history.csv"}}
MADE["sequence"] = MADE["linear"] | {"attention": "attention.csv"}
MADE["finetune"] = {"model": "model", "history": "history.csv"}
MADE["classical"] = {}
MADE = {
    way: made | {"scores": "scores.csv", "summary": "training.json"} for way, made in MADE.items()
}


def training_results(wildcards):
    """List all that a run's training makes.

    Evaluation needs the scores alone. But Snakemake compares a job's parameters only where all its
    outputs are there: asked for the scores alone, it would keep those of another way of training.
    """
    run = f"{RESULTS}/runs/{wildcards.model}/replicate-{wildcards.replicate}"
    return {
        name: f"{run}/{file}"
        for name, file in MADE[way_of_training(config, model_of(wildcards))].items()
    }


def models_trained(by):
    """Give a pattern of the models that are trained in one way; without any it matches nothing.

    By it, rules are told apart that make the same files in different ways.
    """
    names = [
        name for name, model in config["models"].items() if way_of_training(config, model) == by
    ]
    return "|".join(names) or "(?!)"


def inner_folds(wildcards=None):
    """Give the number of inner folds, or None where the test patients choose."""
    return config["tuning"]["folds"] if config["tuning"]["patients"] == "train" else None


def sequence_rule_of(wildcards):
    """Give the rule that combines slices, or None where the model itself sees the sequence."""
    model = model_of(wildcards)
    whole = model["kind"] == "video" or head_family(model) == "sequence"
    return None if whole else model["sequence_rule"]
