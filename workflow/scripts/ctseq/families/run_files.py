"""The files of a trained head."""

from typing import Any

from safetensors.numpy import save_file

from ctseq.core.files import atomic_write, write_json
from ctseq.core.tables import write_table
from ctseq.families.tables import HISTORY
from ctseq.families.tuning import Trained
from ctseq.replicates.tables import SCORES


def write_run(trained: Trained, outputs: Any) -> None:
    """Write a trained head to the paths ``head``, ``history``, ``scores`` and ``summary``."""
    with atomic_write(outputs.head) as unfinished:
        save_file(trained.parameters, unfinished)
    write_table(trained.history, outputs.history, HISTORY)
    write_table(trained.scores, outputs.scores, SCORES)
    write_json(trained.summary, outputs.summary)
