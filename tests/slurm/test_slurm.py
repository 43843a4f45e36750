"""A small study through `--profile profiles/slurm` on a real Slurm, disturbed and undisturbed.

`make test-slurm` runs it. What is asserted about jobs comes from the scheduler's own records.
"""

import os
import signal
import subprocess

import pytest

pytestmark = pytest.mark.skipif(
    "CTSEQ_TEST_SLURM" not in os.environ, reason="it starts a cluster: make test-slurm"
)

FEATURES = "results/small/features/vivit.safetensors"
PIXELS = "results/small/pixels/convnext.npy"
# Jobs of a tiny study are over too soon to be disturbed: these wait first.
WAIT = "export HF_HUB_OFFLINE=1 && sleep {}"


@pytest.fixture(scope="module")
def undisturbed(cluster, working_copy, checkpoints):
    """Run the study on the cluster, and in another folder on this machine."""
    copy, beside = working_copy(checkpoints, cluster), working_copy(checkpoints)
    runs = [copy.slurm(), beside.local()]
    for run in runs:
        run.end()
    return copy, beside, copy.contents()


@pytest.fixture
def again(undisturbed, tmp_path):
    """Give a copy of the finished study, the number of the last job so far and the results."""
    copy, _, results = undisturbed
    last = max(int(number) for number in copy.cluster.ask("squeue", "-ht", "all", "-o%A").split())
    return copy.twin(tmp_path / "copy"), last, results


@pytest.fixture(scope="module")
def overrunning(undisturbed, tmp_path_factory):
    """Start a job that needs more than its first minute; it goes on beside the other tests."""
    copy = undisturbed[0].twin(tmp_path_factory.mktemp("overrunning") / "copy")
    return copy, copy.slurm(
        *("--precommand", WAIT.format(75)),
        *("--set-resources", "pack_pixels:slurm_partition=cpu", "pack_pixels:runtime=attempt"),
        *("--forcerun", PIXELS, "--", PIXELS),
    )


@pytest.fixture(scope="module")
def losing_its_node(undisturbed, tmp_path_factory):
    """Start a job whose node goes down and comes back; Slurm lets it rest for two minutes then."""
    copy = undisturbed[0].twin(tmp_path_factory.mktemp("losing") / "copy")
    run = copy.slurm("--precommand", WAIT.format(8), "--forcerun", FEATURES, "--", FEATURES)
    job = copy.cluster.running(copy.folder)
    copy.cluster.control("stop-node", "g0")
    # What runs on a node that loses its power ends with it.
    steps = ["pgrep", "-f", rf"slurmstepd: \[{job.number}\."]
    for process in subprocess.check_output(steps, text=True).split():
        os.kill(int(process), signal.SIGKILL)
    copy.cluster.until(lambda: "down" in copy.cluster.ask("sinfo", "-hp", "gpu", "-o%T"))
    copy.cluster.control("start-node", "g0")
    copy.cluster.until(lambda: copy.cluster.ask("sinfo", "-hp", "gpu", "-o%T") == "idle")
    return copy, run


def test_gpu_rules_and_no_others_hold_a_gpu(undisturbed):
    copy, _, _ = undisturbed
    jobs = copy.cluster.jobs(copy.folder)
    assert {job["JobState"] for job in jobs} == {"COMPLETED"}
    on_gpu = [job for job in jobs if "extract_features" in job.rules]
    assert len(on_gpu) == 2
    for job in jobs:
        expected = ("gpu", "gpu:1", "g0") if job in on_gpu else ("cpu", "(null)", "c0")
        assert (job["Partition"], job.gpus, job["NodeList"]) == expected, job
    for job in on_gpu:
        assert job.rules == {"extract_features"}
        assert (job["NumCPUs"], job["TimeLimit"], job["MinMemoryNode"]) == (
            "8",
            "01:00:00",
            "8000M",
        )


def test_few_submissions_hold_every_job_once(undisturbed):
    copy, _, _ = undisturbed
    jobs = copy.cluster.jobs(copy.folder)
    tasks = [task for job in jobs for task in job.tasks]
    assert len(tasks) == len(set(tasks))
    assert sum(task.startswith("train_head:") for task in tasks) == 4
    groups = [{"extract_features"}] * 2 + [{"describe_checkpoint", "pack_pixels"}] * 2
    groups += [{"train_head", "evaluate"}]
    assert all(group in [job.rules for job in jobs] for group in groups)
    assert len(jobs) == 7  # and one each for the dataset and the analysis


def test_results_are_those_of_a_local_run(undisturbed):
    _, beside, on_cluster = undisturbed
    assert len(on_cluster) > 100
    assert beside.differing(on_cluster) == []


def test_nothing_is_left_to_do(undisturbed):
    run = undisturbed[0].slurm("--dry-run").end(60)
    assert "Nothing to be done" in run.text


def test_one_replicate_alone_survives_scancel(again, overrunning, losing_its_node):
    """A cancelled job is submitted once more, with more memory and time."""
    copy, last, results = again
    head = "results/small/runs/vivit/replicate-02/head.safetensors"
    table = "results/small/metrics.csv"
    run = copy.slurm("--forcerun", head, "--", table)
    copy.cluster.ask("scancel", str(copy.cluster.running(copy.folder, last).number))
    run.end()
    cancelled, repeated, collecting = copy.cluster.jobs(copy.folder, last)
    replicate = {f"{rule}:model=vivit,replicate=02" for rule in ("train_head", "evaluate")}
    assert cancelled.tasks == repeated.tasks == replicate
    assert collecting.rules == {"collect_metrics"}
    states = [job["JobState"] for job in (cancelled, repeated, collecting)]
    assert states == ["CANCELLED", "COMPLETED", "COMPLETED"]
    assert (cancelled["MinMemoryNode"], repeated["MinMemoryNode"]) == ("2000M", "4000M")
    assert (cancelled["TimeLimit"], repeated["TimeLimit"]) == ("00:08:00", "00:16:00")
    assert copy.differing(results) == []


def test_a_killed_head_leaves_a_study_that_goes_on(again):
    """Kill -9 of Snakemake: cancel what it left behind, unlock, and run again."""
    copy, last, results = again
    force = ("--forcerun", FEATURES, "--", FEATURES)
    run = copy.slurm("--precommand", WAIT.format(8), *force)
    orphan = copy.cluster.running(copy.folder, last)
    run.kill()
    assert "RUNNING" in copy.cluster.ask("squeue", "-h", "-n", run.slurm_name, "-o", "%T")

    copy.cluster.ask("scancel", "-n", run.slurm_name)
    copy.cluster.until(lambda: not copy.cluster.ask("squeue", "-h", "-n", run.slurm_name))
    copy.slurm("--unlock").end(60)
    copy.slurm(*force).end()
    first, second = copy.cluster.jobs(copy.folder, last)
    assert first.number == orphan.number
    assert first.tasks == second.tasks == {"extract_features:model=vivit"}
    assert (first["JobState"], second["JobState"]) == ("CANCELLED", "COMPLETED")
    assert copy.differing(results) == []


def test_a_node_that_goes_down_and_comes_back(losing_its_node, undisturbed):
    """Slurm gives the lost node's job back to the queue; Snakemake waits for it."""
    copy, run = losing_its_node
    run.end()
    (repeated,) = copy.cluster.jobs(copy.folder)
    assert (repeated["JobState"], repeated["Restarts"]) == ("COMPLETED", "1")
    assert copy.differing(undisturbed[2]) == []


def test_a_job_over_its_time_gets_more(overrunning, undisturbed):
    copy, run = overrunning
    run.end()
    jobs = copy.cluster.jobs(copy.folder)
    assert [job["JobState"] for job in jobs] == ["TIMEOUT", "COMPLETED"]
    assert [job["TimeLimit"] for job in jobs] == ["00:01:00", "00:02:00"]
    assert copy.differing(undisturbed[2]) == []
