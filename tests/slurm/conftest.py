"""A throw-away Slurm cluster."""

import pytest

from slurm.cluster import install, started


@pytest.fixture(scope="session")
def cluster():
    """Start a cluster, with Slurm installed first where it has to be."""
    install()
    with started() as cluster:
        yield cluster
