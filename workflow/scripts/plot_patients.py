"""Draw the patient-level evidence: ROC, precision-recall and calibration."""

import pandas as pd

from ctseq.core.logs import rule_log
from ctseq.figures.patients import calibration, curves
from ctseq.figures.style import save


def main(inputs, outputs, *, labels):
    """Write the two figures."""
    decisions = pd.read_csv(inputs.operating_points).iloc[0]
    n_positive, n_negative = decisions["n_positive"], decisions["n_negative"]
    drawn = curves(
        pd.read_csv(inputs.curves),
        labels=labels,
        prevalence=n_positive / (n_positive + n_negative),
    )
    save(drawn, outputs.curves_svg, outputs.curves_png)
    drawn = calibration(pd.read_csv(inputs.calibration), labels=labels)
    save(drawn, outputs.calibration_svg, outputs.calibration_png)


if "snakemake" in globals():
    with rule_log(snakemake.log[0]):
        main(snakemake.input, snakemake.output, labels=snakemake.params.labels)
