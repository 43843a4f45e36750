"""What a run shows of itself: which of Snakemake's lines, and how far each stage is."""

import re
import time
from collections.abc import Callable, Mapping

from ctseq.core.progress import FIRST_S, SHARE
from ctseq.core.words import duration

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
        return (
            line
            if done == total
            else f"{line}, about {duration(spent / done * (total - done))} left"
        )
