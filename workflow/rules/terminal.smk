# What Snakemake's screen says: few lines in place of some for each job, at the end of a plan what
# changed and what that runs again, at the end of a run where the report is. The log file in
# .snakemake/log has all lines, as the screen has with -p or --verbose. No rules.

import contextlib
import json
from collections import Counter
from functools import cache

from snakemake.settings.enums import Quietness

from ctseq.core.terminal import Explaining, FewLines, Follower, is_advice
from ctseq.study.plan import (
    CODE,
    MISSING,
    OTHER_INPUTS,
    TARGETS,
    Job,
    config_changes,
    plan_lines,
    settings_or_code,
    stage_of,
)

# What a check of the study measured, and the rule that writes it, and says it when it does.
ESTIMATE, ESTIMATING = f"{RESULTS}/check.json", "check_study"


def planned_jobs():
    """Return all jobs that the plan runs, with why."""
    jobs = workflow.dag.needrun_jobs(exclude_finished=False)
    return [Job(job.rule.name, figures_in(job), causes_of(job)) for job in jobs]


def figures_in(job):
    """Return how many figures a job draws."""
    return sum(str(file).endswith(".svg") for file in job.output) * (
        stage_of(job.rule.name) == "figures"
    )


def causes_of(job):
    """Return why a job runs, in words, but for other jobs that run before it."""
    reason = workflow.dag.reason(job)
    params = reason.params_changed
    found = {
        "force": reason.forced,
        MISSING: reason.missing_output,
        "unfinished files": reason.incomplete_output,
        "newer input files": reason.updated_input,
        OTHER_INPUTS: reason.input_changed,
        "another environment": reason.software_stack_changed,
        CODE: reason.code_changed,
    }
    causes = {cause for cause, given in found.items() if given}
    if (
        reason.missing_output
    ):  # made whatever its settings: after a failed check they are that one's
        return frozenset(causes)
    return frozenset(causes | settings_or_code([*params.only_old, *params.only_new]))


def plan():
    """Return the lines on what changed since the study's results were made, and what that runs."""
    if not os.path.isfile(f"{RESULTS}/config.yaml"):
        return plan_lines(planned_jobs(), None, RESULTS)
    made = finished_config(RESULTS, SCHEMA, metrics=comparable_metrics())
    changes = [OTHER_VERSION]
    if made is not None:
        changes = config_changes(used_config(made), used_config(config))
    return plan_lines(planned_jobs(), changes, RESULTS)


def say_plan():
    """Say at the start of a run what it makes, and how long that takes if all of it is made."""
    for line in [] if workflow.touch else [*plan(), *estimate()]:
        logger.info(line)


def estimate():
    """Return a line on how long the study takes by its check, unless a long part is there already."""
    long = [job for job in workflow.dag.jobs if job.rule.name in ("extract_features", "fit")]
    planned = {*workflow.dag.needrun_jobs(exclude_finished=False)}
    if not (long and planned.issuperset(long) and Path(ESTIMATE).is_file()):
        return []
    if any(job.rule.name == ESTIMATING for job in planned):
        return []
    seconds = None
    with contextlib.suppress(ValueError):  # cut short
        seconds = json.loads(Path(ESTIMATE).read_text(encoding="utf-8")).get("seconds")
    return [f"About {duration(seconds)}, by {RESULTS}/check.txt."] if seconds else []


def last_lines():
    """Return the last lines of a plan or a run that went well."""
    dag, quiet = workflow.dag, workflow.output_settings.quiet or ()
    if workflow.executor_plugin is None or dag is None or workflow.touch:
        return []  # neither a plan nor a run, such as --report
    if workflow.dryrun:
        return [*plan(), *estimate()]
    if Quietness.ALL in quiet or any(dag.needrun_jobs()):
        return []
    made = [Path(str(file)).absolute() for job in dag.jobs for file in job.output]
    pages = sorted({file for file in made if file.suffix == ".html" and file.is_file()})
    lines = [f"Report: {page}" for page in pages]
    if any(job.rule.name == "check" for job in dag.jobs):
        lines += Path(RESULTS, "check.txt").read_text(encoding="utf-8").splitlines()
    if Path(RESULTS, "report.html").absolute() in pages:
        lines.append(
            "Look at: the table it opens with; the scans each model missed, in predictions.csv "
            "beside it."
        )
    return lines


@cache
def jobs_by_stage(n_jobs):
    """Return the number of jobs of each stage that a run makes, of `n_jobs` that Snakemake knows."""
    jobs = workflow.dag.needrun_jobs(exclude_finished=False)
    return Counter(stage_of(job.rule.name) for job in jobs)


def follow_run():
    """Return what follows this run; in a run of ctseq itself, shorten what the screen shows."""
    shown = workflow.output_settings
    plain = [one for one in logger.handlers if one.name == "DefaultStreamHandler"]
    short = plain and not (shown.printshellcmds or shown.verbose or shown.debug_dag)
    quiet = {Quietness.PROGRESS, Quietness.ALL} & {*(shown.quiet or ())}
    # Not in the jobs that a run starts, nor as a module: the screen is the importing workflow's.
    speaks = workflow.is_main_process and not IS_MODULE
    follower = Follower(
        stage_of=lambda rule: None if rule in TARGETS else stage_of(rule),
        planned=lambda: jobs_by_stage(len(workflow.dag)),  # a checkpoint adds some
        say=logger.info if short and not quiet else None,
        last_lines=last_lines if speaks else list,
        screen=sys.stdout if shown.stdout else sys.stderr,
    )
    if not speaks:
        return follower
    logger.addFilter(Explaining(lambda: targets_problem()))
    if short:
        plain[0].addFilter(FewLines(say=logger.info))
    elif not plain and not shown.verbose:  # a plugin's, which shows jobs in a way of its own
        for one in logger.handlers:
            one.addFilter(lambda record: not is_advice(record.getMessage()))
    logger.addHandler(follower)
    return follower


FOLLOWER = follow_run()
