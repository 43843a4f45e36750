"""A throw-away Slurm cluster, and working copies with a small study."""

import pytest

from slurm.cluster import ClusterCopy, install, started
from studies import STUDY, models_of, write_checkpoints, write_copy


@pytest.fixture(scope="session")
def cluster():
    """Start a cluster, with Slurm installed first where it has to be."""
    install()
    with started() as cluster:
        yield cluster


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory):
    """Write two local checkpoints, not pretrained."""
    folder = tmp_path_factory.mktemp("checkpoints")
    write_checkpoints(folder)
    return folder


@pytest.fixture(scope="session")
def working_copy(tmp_path_factory):
    """Give a function that makes a working copy with a small study."""

    def make(checkpoints, cluster=None, **overlay):
        copy = ClusterCopy(tmp_path_factory.mktemp("copy"), cluster)
        write_copy(copy.folder, STUDY | {"models": models_of(checkpoints)} | overlay)
        return copy

    return make
