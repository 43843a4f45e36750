"""A small study through `--profile profiles/slurm` on a real Slurm, disturbed and undisturbed.

`make test-slurm` runs it. What is asserted about jobs comes from the scheduler's own records. The
undisturbed study takes longest: it goes on while copies of a local one, done sooner, are disturbed.
"""

import os
import signal
import subprocess
from dataclasses import dataclass

import pytest

from slurm.cluster import ClusterCopy
from studies import Run

pytestmark = pytest.mark.skipif(
    "CTSEQ_TEST_SLURM" not in os.environ, reason="it starts a cluster: make test-slurm"
)

# Every group of jobs, without the figures and the report, which add nothing to what is shown here.
TABLES = [f"results/small/comparison/{name}.csv" for name in ("verdict", "patients/discrimination")]
FEATURES = "results/data/phantom/features/vivit.safetensors"
PIXELS = "results/data/phantom/pixels/convnext.npy"
# Jobs of a tiny study are over too soon to be disturbed: these wait first.
WAIT = "export HF_HUB_OFFLINE=1 && sleep {}"


@dataclass(frozen=True)
class Studies:
    """The study on the cluster, which goes on, and the finished local one with its results."""

    on_cluster: ClusterCopy
    run: Run
    local: ClusterCopy
    results: dict


@pytest.fixture(scope="module")
def studies(cluster, new_copy, checkpoints):
    """Start the study on the cluster and run it in another folder on this machine."""
    on_cluster, local = (ClusterCopy(new_copy(checkpoints).folder, cluster) for _ in range(2))
    run = on_cluster.slurm(*TABLES)
    # Bits are promised for one number of threads: as many as the profile gives a job.
    local.run("--cores", "8", *TABLES).end()
    return Studies(on_cluster, run, local, local.contents())


@pytest.fixture(scope="module")
def undisturbed(studies):
    """Wait for the study on the cluster to finish and return it."""
    studies.run.end()
    return studies.on_cluster


@pytest.fixture
def again(studies, tmp_path):
    """Return a copy of the finished local study."""
    return studies.local.twin(tmp_path / "copy")


@pytest.fixture(scope="module")
def overrunning(studies, tmp_path_factory):
    """Start a job that needs more than its first minute; it goes on beside the other tests.

    Slurm looks every 30 s for jobs over their time, so the first may go on to its 90th second. A
    job that asked for its step between the two would fail before Slurm calls it a timeout.
    """
    copy = studies.local.twin(tmp_path_factory.mktemp("overrunning") / "copy")
    return copy, copy.slurm(
        *("--precommand", WAIT.format(95)),
        *("--set-resources", "pack_pixels:slurm_partition=cpu", "pack_pixels:runtime=attempt**2"),
        *("--forcerun", PIXELS, "--", PIXELS),
    )


@pytest.fixture(scope="module")
def losing_its_node(studies, tmp_path_factory):
    """Start a job whose node goes down and comes back; Slurm lets it rest for two minutes then."""
    copy = studies.local.twin(tmp_path_factory.mktemp("losing") / "copy")
    run = copy.slurm(
        *("--precommand", WAIT.format(8)),
        *("--set-resources", "extract_features:slurm_partition=spare"),
        *("--forcerun", FEATURES, "--", FEATURES),
    )
    job = copy.cluster.running(copy.folder)
    copy.cluster.control("stop-node", "g1")
    # What runs on a node that loses its power ends with it.
    steps = ["pgrep", "-f", rf"slurmstepd: \[{job.number}\."]
    for process in subprocess.check_output(steps, text=True).split():
        os.kill(int(process), signal.SIGKILL)
    copy.cluster.until(lambda: "down" in copy.cluster.ask("sinfo", "-hp", "spare", "-o%T"))
    copy.cluster.control("start-node", "g1")
    copy.cluster.until(lambda: copy.cluster.ask("sinfo", "-hp", "spare", "-o%T") == "idle")
    return copy, run


def test_one_replicate_alone_survives_scancel(again, overrunning, losing_its_node, studies):
    """A cancelled job is submitted once more, with more memory and time."""
    fitted = "results/small/runs/vivit/replicate-02/fitted"
    table = "results/small/metrics.csv"
    run = again.slurm("--forcerun", fitted, "--", table)
    again.cluster.ask("scancel", str(again.cluster.running(again.folder).number))
    run.end()
    cancelled, repeated, collecting = again.cluster.jobs(again.folder)
    replicate = {f"{rule}:model=vivit,replicate=02" for rule in ("fit", "evaluate")}
    assert cancelled.tasks == repeated.tasks == replicate
    assert collecting.rules == {"collect_metrics"}
    states = [job["JobState"] for job in (cancelled, repeated, collecting)]
    assert states == ["CANCELLED", "COMPLETED", "COMPLETED"]
    assert (cancelled["MinMemoryNode"], repeated["MinMemoryNode"]) == ("3000M", "6000M")
    assert (cancelled["TimeLimit"], repeated["TimeLimit"]) == ("00:23:00", "00:46:00")
    assert again.differing(studies.results) == []


def test_a_killed_head_leaves_a_study_that_goes_on(again, studies):
    """Kill -9 of Snakemake: cancel what it left behind, unlock, and run again."""
    cluster = again.cluster
    force = ("--forcerun", FEATURES, "--", FEATURES)
    run = again.slurm("--precommand", WAIT.format(8), *force)
    orphan = cluster.running(again.folder)
    run.kill()
    assert "RUNNING" in cluster.ask("squeue", "-h", "-n", run.slurm_name, "-o", "%T")

    cluster.ask("scancel", "-n", run.slurm_name)
    cluster.until(lambda: not cluster.ask("squeue", "-h", "-n", run.slurm_name))
    again.slurm("--unlock").end(60)
    again.slurm(*force).end()
    first, second = cluster.jobs(again.folder)
    assert first.number == orphan.number
    only = {"extract_features:dataset=phantom,encoder=vivit,order=,shard="}
    assert first.tasks == second.tasks == only
    assert (first["JobState"], second["JobState"]) == ("CANCELLED", "COMPLETED")
    assert again.differing(studies.results) == []


def test_gpu_rules_and_no_others_hold_a_gpu(undisturbed):
    jobs = undisturbed.cluster.jobs(undisturbed.folder)
    assert {job["JobState"] for job in jobs} == {"COMPLETED"}
    minutes = {"check_study": 30, "extract_features": 60}
    on_gpu = [job for job in jobs if job.rules & minutes.keys()]
    assert len(on_gpu) == 3
    for job in jobs:
        expected = ("gpu", "gpu:1", "g0") if job in on_gpu else ("cpu", "(null)", "c0")
        assert (job["Partition"], job.gpus, job["NodeList"]) == expected, job
    for job in on_gpu:
        (rule,) = job.rules
        hours, rest = divmod(minutes[rule], 60)
        asked = ("8", f"{hours:02}:{rest:02}:00", "8000M")
        assert (job["NumCPUs"], job["TimeLimit"], job["MinMemoryNode"]) == asked


def test_few_submissions_hold_every_job_once(undisturbed):
    jobs = undisturbed.cluster.jobs(undisturbed.folder)
    tasks = [task for job in jobs for task in job.tasks]
    assert len(tasks) == len(set(tasks))
    assert sum(task.startswith("fit:") for task in tasks) == 4
    groups = [{"extract_features"}] * 2 + [{"pack_pixels"}] * 2
    groups += [{"fit", "evaluate"}]
    groups += [{"collect_metrics", "compare_models", "compare_patients"}]
    assert all(group in [job.rules for job in jobs] for group in groups)
    # And one for the dataset; before them, the check and the patients that it reads.
    assert len(jobs) == 9
    assert [job.rules for job in jobs[:2]] == [{"draw_phantom"}, {"check_study"}]


def test_results_are_those_of_a_local_run(undisturbed, studies):
    assert len(studies.results) > 100
    assert undisturbed.differing(studies.results) == []


def test_nothing_is_left_to_do(undisturbed):
    run = undisturbed.slurm("--dry-run", *TABLES).end(60)
    assert "Nothing to be done" in run.text


def test_a_job_over_its_time_gets_more(overrunning, studies):
    copy, run = overrunning
    run.end()
    jobs = copy.cluster.jobs(copy.folder)
    assert [job["JobState"] for job in jobs] == ["TIMEOUT", "COMPLETED"]
    assert [job["TimeLimit"] for job in jobs] == ["00:01:00", "00:04:00"]
    assert copy.differing(studies.results) == []


def test_a_node_that_goes_down_and_comes_back(losing_its_node, studies):
    """Slurm gives the lost node's job back to the queue; Snakemake waits for it."""
    copy, run = losing_its_node
    run.end()
    (repeated,) = copy.cluster.jobs(copy.folder)
    assert (repeated["JobState"], repeated["Restarts"]) == ("COMPLETED", "1")
    assert copy.differing(studies.results) == []
