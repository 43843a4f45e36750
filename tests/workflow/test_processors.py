"""The study on another kind of processor, with another number of threads: the same findings.

Bits are promised for one machine and number of threads only. PyTorch and MKL choose their
instructions by the processor, unless these variables say otherwise.
"""

import numpy as np
import pytest
from safetensors.numpy import load_file

from ctseq.core.tables import read_table
from ctseq.evidence.tables import METRICS
from ctseq.replicates.tables import PREDICTIONS

pytestmark = pytest.mark.numerical

WITHOUT_VECTORS = {"ATEN_CPU_CAPABILITY": "default", "MKL_ENABLE_INSTRUCTIONS": "SSE4_2"}


@pytest.fixture(scope="module")
def elsewhere(study, tmp_path_factory):
    """Run the finished study's encoders and all that follows again; return the working copy."""
    copy = study.copy.copy(tmp_path_factory.mktemp("elsewhere") / "copy")
    outcome = copy.snakemake(
        *("--forcerun", "extract_features", "--", "results/small/metrics.csv"),
        cores=1,
        environment=WITHOUT_VECTORS,
    )
    assert outcome.status == 0, outcome.text[-4000:]
    assert {"extract_features", "fit", "evaluate"} <= outcome.rules
    return copy


@pytest.mark.parametrize("encoder", ["vivit", "convnext"])
def test_features_differ_by_a_hundred_thousandth_of_their_length(study, elsewhere, encoder):
    here, there = (
        load_file(copy.data / f"features/{encoder}.safetensors")["features"]
        for copy in (study.copy, elsewhere)
    )
    lengths = np.linalg.norm(here, axis=1)
    assert (np.linalg.norm(here - there, axis=1) < 1e-5 * lengths).all()


@pytest.mark.parametrize("run", ["vivit/replicate-01", "convnext/replicate-02"])
def test_decisions_are_the_same(study, elsewhere, run):
    here, there = (
        read_table(copy.results / f"runs/{run}/predictions.csv", PREDICTIONS)
        for copy in (study.copy, elsewhere)
    )
    assert here["predicted"].tolist() == there["predicted"].tolist()
    np.testing.assert_allclose(here["probability"], there["probability"], rtol=0, atol=1e-4)


def test_metrics_are_the_same_to_the_digits_that_are_printed(study, elsewhere):
    here, there = (
        read_table(copy.results / "metrics.csv", METRICS) for copy in (study.copy, elsewhere)
    )
    numbers = here.select_dtypes("number").columns
    assert here.drop(columns=numbers).equals(there.drop(columns=numbers))
    np.testing.assert_allclose(here[numbers], there[numbers], rtol=0, atol=5e-4)
