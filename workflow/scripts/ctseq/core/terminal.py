"""What a run shows of itself: which of Snakemake's lines, and how far each stage is."""

import contextlib
import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TextIO

from ctseq.core.progress import FIRST_S, SHARE
from ctseq.core.words import duration

# A function that says a line, in the log and on the screen.
Say = Callable[[str], None]

# Kinds of records that say of each job, or of each run, what its log file says as well.
_EVENTS = {
    *("workflow_started", "resources_info", "job_info", "group_info", "job_started"),
    *("job_finished", "progress", "shellcmd"),
}
# Lines without a kind that come with every run, or with every job of a cluster.
_LINES = re.compile(
    r"Building DAG of jobs|Select jobs to execute|Using shell|Conda environments: ignored"
    r"|Singularity containers: ignored|Group jobs: inactive|DAG of jobs will be updated"
    r"|Updating checkpoint dependencies"
    r"|Job \d+ has been submitted|Submitted array job"
)
# Ways to keep results that are out of date, after the list of the reasons.
_ADVICE = re.compile(r"Some jobs were triggered by provenance|Rules with provenance triggered jobs")
# Warnings of what is as it should be: a local checkpoint may be typed as ./folder, and a file that
# is kept from run to run is not there at first.
_HARMLESS = re.compile(r".*: Relative file path '\./|Cannot restore .*: no backup found")

# Jobs of a stage from which on their pace is told: the first ones may be of other rules.
_TELLING = 4


def is_chatter(event: str | None, message: str) -> bool:
    """Tell whether a line of Snakemake that is no warning is left out of a short log.

    Lines that are not known are kept.

    Parameters
    ----------
    event
        The kind that Snakemake gives the record; None if it has none.
    """
    lines = bool(_LINES.match(message)) or is_advice(message)
    return event in _EVENTS or (event is None and lines)


def is_advice(message: str) -> bool:
    """Tell whether a line of Snakemake offers to keep results that are out of date."""
    return bool(_ADVICE.match(message))


def is_harmless(message: str) -> bool:
    """Tell whether a warning of Snakemake is about nothing that a user could mend."""
    return bool(_HARMLESS.match(message))


class StageProgress:
    """How many jobs of each stage are done.

    Parameters
    ----------
    clock
        A function that returns the time in seconds from any start.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._totals: dict[str, int] = {}
        self._done: dict[str, int] = {}
        self._began: dict[str, float] = {}
        self._due: dict[str, float] = {}
        self._clock = clock

    def expect(self, totals: Mapping[str, int]) -> None:
        """Take the number of jobs of each stage, which may grow in a run."""
        self._totals = dict(totals)

    def start(self, stage: str) -> None:
        """Note that a job of a stage starts."""
        if stage not in self._began:
            self._began[stage] = self._clock()
            self._due[stage] = self._began[stage] + FIRST_S

    def finish(self, stage: str) -> str:
        """Return a line on a stage of which a job has finished; empty if none is due.

        One is due when the stage is done, and in between as seldom as lines of a long rule.
        """
        self.start(stage)
        self._done[stage] = done = self._done.get(stage, 0) + 1
        total = max(done, self._totals.get(stage, 0))
        now = self._clock()
        spent = now - self._began[stage]
        if done < total and now < self._due[stage]:
            return ""
        self._due[stage] = now + max(FIRST_S, SHARE * spent)
        line = f"{stage}: {done} of {total}, {duration(spent)}"
        if done == total or done < _TELLING:
            return line
        return f"{line}, about {duration(spent / done * (total - done))} left"


class FewLines(logging.Filter):
    """Leaves out of the screen what is said of each job, and what is said twice.

    Parameters
    ----------
    say
        Says what stands for a record that is left out.
    """

    def __init__(self, *, say: Say) -> None:
        super().__init__()
        self._say = say
        self._tables = 0

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether a record is shown."""
        event, message = getattr(record, "event", None), record.getMessage()
        if record.levelno >= logging.WARNING:
            return not is_harmless(message)
        if event == "run_info":  # a plan shows its table of jobs before and after them
            self._tables += 1
            return self._tables == 1
        title, *lines = message.split("\n")
        if title == "Reasons:" and lines:  # the next line is of a list of jobs that is left out
            self._say("\n".join(["Why (-p lists each job):", *lines[1:]]))
            return False
        return not is_chatter(event, message)


class Explaining(logging.Filter):
    """Says why no rule makes a file, where that is known.

    Parameters
    ----------
    why
        Returns the message; empty where nothing is known.
    """

    def __init__(self, why: Callable[[], str]) -> None:
        super().__init__()
        self._why = why

    def filter(self, record: logging.LogRecord) -> bool:
        """Let a record through; one on a missing rule with the message in place of its own."""
        missing = getattr(record, "exception", None) == "MissingRuleException"
        if missing and (why := self._why()):
            record.msg, record.args = f"Error: {why}", ()
        return True


class Follower(logging.Handler):
    """Follows a run by its records; says how far its stages are, and what is to be said last.

    Parameters
    ----------
    stage_of
        Returns the stage of a rule; None of one that only names what others make.
    planned
        Returns the number of jobs of each stage, which may grow in a run.
    say
        Says how far a stage is; None to say nothing of it.
    last_lines
        Returns what is said at the end of a run in which nothing failed.
    screen
        Where that is printed.

    Attributes
    ----------
    failed
        Whether an error was said.
    """

    def __init__(
        self,
        *,
        stage_of: Callable[[str], str | None],
        planned: Callable[[], Mapping[str, int]],
        say: Say | None,
        last_lines: Callable[[], Sequence[str]],
        screen: TextIO,
    ) -> None:
        super().__init__()
        self.failed = False
        self._stage_of, self._planned, self._say = stage_of, planned, say
        self._last_lines: Callable[[], Sequence[str]] | None = last_lines
        self._screen = screen
        self._stages = StageProgress()
        self._stage_of_job: dict[int, str | None] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Take note of a record about a job, by the kind that Snakemake gives it."""
        self.failed |= record.levelno >= logging.ERROR
        try:
            self._follow(getattr(record, "event", None), record)
        except Exception:  # what is said of a run never ends it
            self.handleError(record)

    def _follow(self, event: str | None, record: Any) -> None:
        if event == "job_info":
            stage = self._stage_of_job[record.jobid] = self._stage_of(record.rule_name)
            if stage:
                self._stages.start(stage)
        elif event == "job_finished" and (stage := self._stage_of_job.get(record.job_id)):
            self._stages.expect(self._planned())
            line = self._stages.finish(stage)
            if line and self._say:
                self._say(line)

    def close(self) -> None:
        """Print the last lines: Snakemake closes its log's handlers when all else is said.

        Python closes them again when it ends.
        """
        last_lines, self._last_lines = self._last_lines, None
        lines = last_lines() if last_lines and not self.failed else []
        with contextlib.suppress(OSError):  # a pipe that was closed
            print(*(f"{line}\n" for line in lines), sep="", end="", file=self._screen, flush=True)
        super().close()
