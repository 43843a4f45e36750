"""Working copies of a small study, to be disturbed."""

import os

import pytest

from studies import STUDY, Copy, models_of, write_checkpoints, write_copy


@pytest.fixture(scope="session")
def checkpoints(tmp_path_factory):
    """Write two local checkpoints, not pretrained."""
    folder = tmp_path_factory.mktemp("checkpoints")
    write_checkpoints(folder)
    return folder


@pytest.fixture(scope="session")
def make_copy(tmp_path_factory, checkpoints):
    """Give a function that makes a working copy without results."""

    def make(name):
        folder = tmp_path_factory.mktemp(name) / "copy"
        write_copy(folder, STUDY | {"models": models_of(checkpoints)})
        return Copy(folder)

    return make


def pytest_collection_modifyitems(items):
    """Leave these tests out of the others: they take minutes and, in part, mount file systems."""
    if "CTSEQ_TEST_FAULTS" in os.environ:
        return
    reason = pytest.mark.skip(reason="it disturbs a study for minutes: make test-faults")
    for item in items:
        if "faults" in item.path.parts:
            item.add_marker(reason)
