# What Snakemake's screen says: few lines in place of some for each job, at the end of a plan what
# changed and what that runs again, at the end of a run where the report is. The log file in
# .snakemake/log has all lines, as the screen has with -p or --verbose. No rules.

import contextlib
import json
import logging
from collections import Counter

from snakemake.settings.enums import Quietness

from ctseq.core.terminal import StageProgress, is_advice, is_chatter, is_harmless
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


class FewLines(logging.Filter):
    """Leaves out of the screen what is said of each job, and what is said twice."""

    def __init__(self):
        super().__init__()
        self.tables = 0

    def filter(self, record):
        event, message = getattr(record, "event", None), record.getMessage()
        if record.levelno >= logging.WARNING:
            return not is_harmless(message)
        if event == "run_info":  # a plan shows its table of jobs before and after them
            self.tables += 1
            return self.tables == 1
        if message.startswith("Reasons:\n"):
            logger.info(f"Why (-p lists each job):\n{message.split(chr(10), 2)[-1]}")
            return False
        return not is_chatter(event, message)


class Terminal(logging.Handler):
    """Follows a run by its log; says how far it is, and at its end what is to be said last."""

    def __init__(self, *, with_progress):
        super().__init__()
        self.with_progress, self.speaks = with_progress, False
        self.failed, self.stages, self.rules, self.counted = False, StageProgress(), {}, None

    def emit(self, record):
        self.failed |= record.levelno >= logging.ERROR
        try:
            self.follow(getattr(record, "event", None), record)
        except Exception:  # what is said of a run never ends it
            self.handleError(record)

    def follow(self, event, record):
        """Take note of a record about a job, by the kind that Snakemake gives it."""
        if event == "job_info":
            self.rules[record.jobid] = record.rule_name
            self.stages.start(stage_of(record.rule_name))
        elif event == "job_finished":
            self.finish(self.rules.get(record.job_id, ""))

    def finish(self, name):
        """Say how far the stage of a job is that finished, by the name of its rule."""
        if name in TARGETS:
            return
        self.count()
        line = self.stages.finish(stage_of(name))
        if line and self.with_progress:
            logger.info(line)

    def count(self):
        """Count the jobs of each stage, again where a checkpoint has added some."""
        if len(workflow.dag) != self.counted:
            self.counted = len(workflow.dag)
            jobs = workflow.dag.needrun_jobs(exclude_finished=False)
            self.stages.expect(Counter(stage_of(job.rule.name) for job in jobs))

    def close(self):
        """Print the last lines: Snakemake closes its log's handlers when all else is said.

        Python closes them again when it ends.
        """
        lines = last_lines() if self.speaks and not self.failed else []
        self.speaks = False
        screen = sys.stdout if workflow.output_settings.stdout else sys.stderr
        with contextlib.suppress(OSError):  # a pipe that was closed
            print(*(f"{line}\n" for line in lines), sep="", end="", file=screen, flush=True)
        super().close()


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
    path = Path(RESULTS, "config.yaml")
    if not path.is_file():
        return plan_lines(planned_jobs(), None, RESULTS)
    made = yaml.safe_load(path.read_text(encoding="utf-8"))
    try:
        made = resolved_config(made, SCHEMA, metrics=comparable_metrics())
    except InputError:
        changes = ["its config.yaml is one of another version"]
    else:
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
    if Path(RESULTS, "report.html").absolute() in pages:
        lines.append(
            "Look at: the table it opens with; the scans each model missed, in predictions.csv "
            "beside it."
        )
    return lines


def terminal():
    """Return what follows this run; in a run of ctseq itself, shorten what the screen shows."""
    shown = workflow.output_settings
    plain = [one for one in logger.handlers if one.name == "DefaultStreamHandler"]
    short = plain and not (shown.printshellcmds or shown.verbose or shown.debug_dag)
    quiet = {Quietness.PROGRESS, Quietness.ALL} & {*(shown.quiet or ())}
    found = Terminal(with_progress=bool(short) and not quiet)
    # Not in the jobs that a run starts, nor as a module: the screen is the importing workflow's.
    if not workflow.is_main_process or not ROOT.samefile(workflow.basedir):
        return found
    if short:
        plain[0].addFilter(FewLines())
    elif not plain and not shown.verbose:  # a plugin's, which shows jobs in a way of its own
        for one in logger.handlers:
            one.addFilter(lambda record: not is_advice(record.getMessage()))
    logger.addHandler(found)
    found.speaks = True
    return found


TERMINAL = terminal()
