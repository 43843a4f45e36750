# What the check of a study (check.smk) is told, and what waits for it. No rules.
#
# A job that makes what is missing, or of other settings, depends on the check without having it as
# an input: what Snakemake records of shared data names no study. Where jobs are submitted in groups,
# the check is a run of its own before the study's.

import subprocess
from functools import cache

from ctseq.core.command_line import with_targets

# Set in the environment of a run that follows the check of the study of that folder.
FOLLOWS_CHECK = "CTSEQ_FOLLOWS_CHECK_OF"


def are_jobs_grouped():
    """Tell whether jobs are submitted in groups, as on a cluster; known once all rules are read.

    Snakemake forms groups anew after a checkpoint and adds to those that it had, so that jobs would
    be submitted twice. There the check is a rule like others.
    """
    return bool(workflow.group_settings.overwrite_groups)


def checked_files(wildcards):
    """List the raw datasets and checkpoints that the check reads, if they are here or made here."""
    checkpoints.check_study.rule.is_checkpoint = not are_jobs_grouped()
    return files_to_check(STUDY)


def asked_of_check():
    """Return what the check is told, by the names of `ctseq.checks.asked.Asked`."""
    codes = {
        one.name: code_for_format("index_dataset.py", one.format) for one in STUDY.datasets.values()
    }
    return vars(Asked.by(STUDY, codes=codes))


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
    asked = not IS_MODULE and (not named or not {"all", "check"}.isdisjoint(named))
    return asked or os.path.exists(f"{RESULTS}/check.txt")


def check_unless(current, *files):
    """Return no input; wait for the check unless what a job makes is there and stays as it is.

    `files` are what it would overwrite.
    """
    # In a job's own process, the check is done.
    if not workflow.is_main_process:
        return []
    if current and not workflow.dag_settings.forceall:
        return []
    there = any(map(os.path.exists, files))
    if are_jobs_grouped():
        if not no_encoder_is_asked_for():
            check_first()
        return []
    # Snakemake makes a missing check for a job whose outputs are there only if a target names it: it
    # would look at neither the check nor the job's parameters, and use what is there as it is.
    if there and not is_check_made():
        # Shared data that somebody names, somebody wants made again.
        if not (current or no_encoder_is_asked_for()):
            stop_unchecked(*files)
    elif there or not no_encoder_is_asked_for():
        checkpoints.check_study.get()
    return []


@cache
def check_first():
    """Run the check by itself, unless this is a plan; stop if it fails, and start anew if not.

    Started anew, Snakemake plans with all that the check has made.
    """
    if workflow.executor_plugin is None or workflow.touch:
        return
    if os.environ.get(FOLLOWS_CHECK) == RESULTS:
        return
    logger.info("The study is checked first, in a run of its own.")
    if workflow.dryrun:
        return
    given = len(sys.argv) - 1
    python = [sys.executable, *sys.orig_argv[1 : len(sys.orig_argv) - given]]
    target = f"{RESULTS}/check.txt" if IS_MODULE else "check"
    checking = with_targets(sys.argv[1:], workflow.dag_settings.targets, target)
    if subprocess.run([*python, *checking], check=False).returncode:
        stop("The study is not run: its check, above, failed.")
    os.environ[FOLLOWS_CHECK] = RESULTS
    os.execv(sys.executable, [*python, *sys.argv[1:]])


def stop_unchecked(*files):
    """Stop where a target by name would overwrite what is there without a check of the study.

    Snakemake deletes files before it makes them, so that a mistake would cost all that they hold.
    """
    stop(
        f"{listed(files)} would be made again with other settings, and {RESULTS}/check.txt is not "
        "there, as before a first check and after one that failed: a mistake would cost what is "
        "there. Run `snakemake check` with the same configuration, then this command again."
    )


def targets_problem(*files):
    """Return why files cannot be made that are asked for by name, or else these; mostly empty."""
    for targets in (workflow.dag_settings.targets, files):
        try:
            check_targets(targets, STUDY)
        except InputError as error:
            return str(error)
    return ""


def before_indexing(wildcards):
    """Wait for the check where a dataset's index is missing, or of other settings or files."""
    dataset = STUDY.datasets[wildcards.dataset]
    return check_unless(is_indexed(dataset.folder, dataset.settings), dataset.record)


def before_describing(wildcards):
    """Wait for the check where an encoder's description is missing, or of other settings or files."""
    encoder, dataset = ENCODERS[wildcards.encoder], STUDY.datasets[wildcards.dataset]
    return check_unless(is_encoded(encoder, dataset), dataset.description(encoder.name))


def before_packing(wildcards):
    """Wait for the check where neither packed slices nor features are there."""
    folder = STUDY.datasets[wildcards.dataset].folder
    name = f"{wildcards.encoder}{wildcards.shard}"
    made = (f"{folder}/pixels/{name}.npy", f"{folder}/features/{name}.safetensors")
    return check_unless(any(map(os.path.exists, made)))


def before_extracting(wildcards):
    """Wait for the check where features are missing."""
    name = f"{wildcards.encoder}{wildcards.order}{wildcards.shard}"
    folder = STUDY.datasets[wildcards.dataset].folder
    return check_unless(os.path.exists(f"{folder}/features/{name}.safetensors"))


def before_splitting(wildcards):
    """Wait for the check where there is neither a replicate's split nor a check of its study.

    A replicate that the study does not have is asked for by name: stop, and say so.
    """
    if wildcards.replicate not in REPLICATES:
        stop(targets_problem(f"{RESULTS}/splits/replicate-{wildcards.replicate}.csv"))
    made = (f"{RESULTS}/splits/replicate-{wildcards.replicate}.csv", f"{RESULTS}/check.txt")
    return check_unless(any(map(os.path.exists, made)))
