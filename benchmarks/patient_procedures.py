"""How often intervals of what is described of test patients hold the truth, in simulated studies.

The procedures are those of `ctseq.evidence.over_patients`, called study by study. What a procedure
estimates is what it finds of all studies together, where it is a fit, and the mean over studies
otherwise.
"""

from collections.abc import Iterator
from itertools import starmap

import numpy as np
from procedures import ALPHA, Case, Rates, coverage

from ctseq.evidence.over_patients.calibration import calibration_of
from ctseq.evidence.over_patients.calibration_curve import smooth_calibration
from ctseq.evidence.over_patients.curves import precision_at, roc_at
from ctseq.evidence.over_patients.estimates import mean_band, mean_estimate
from ctseq.evidence.over_patients.operating_points import predictive_values, sensitivity_at

# Where curves are looked at: false positive rates, recalls, probabilities.
RATES = np.array([0.1, 0.2, 0.3, 0.5])
RECALLS = np.array([0.25, 0.5, 0.75])
PROBABILITIES = np.array([0.3, 0.5, 0.7])
SPECIFICITIES = (0.8, 0.9)
# That of the studies, and that of a place where hemorrhage is rare.
PREVALENCES = (36 / 82, 0.1)


def calibration(case: Case) -> Rates:
    """Return the coverage of slope, intercept, observed over expected and the smooth curve."""
    if not case.shared_splits:  # such a study has no predictions
        return {}
    studies = [*_studies(case)]
    # All studies as one; its interval is not looked at.
    together = [[own for study in studies for own in study[part]] for part in (0, 1)]
    options = {"overlap": 1.0, "alpha": ALPHA}
    truth, curve = calibration_of(*together, **options), smooth_calibration(*together, **options)
    ends: dict[str, list] = {name: [] for name in vars(truth)} | {"curve": []}
    for (probability, labels), overlap in zip(studies, case.overlap, strict=True):
        options["overlap"] = overlap
        for name, found in vars(calibration_of(probability, labels, **options)).items():
            ends[name].append([found.low, found.high])
        band = smooth_calibration(probability, labels, **options)
        ends["curve"].append(
            [np.interp(PROBABILITIES, band.x, y, np.nan, np.nan) for y in (band.low, band.high)]
        )
    rates: Rates = {}
    for name, measure in vars(truth).items():
        rates["calibration", name] = coverage(np.array(ends[name]), measure.estimate)
    bands, heights = np.array(ends["curve"]), np.interp(PROBABILITIES, curve.x, curve.estimate)
    for index, (at, height) in enumerate(zip(PROBABILITIES, heights, strict=True)):
        rates["calibration", f"curve at {at:g}"] = coverage(bands[..., index], height)
    return rates


def curves(case: Case) -> Rates:
    """Return the coverage of mean curves' pointwise bands and of sensitivity at a specificity."""
    if not case.shared_splits:
        return {}
    measures = {
        "roc": (RATES, lambda p, y: roc_at(p, y, RATES)),
        "precision_recall": (RECALLS, lambda p, y: precision_at(p, y, RECALLS)),
    }
    studies = [*_studies(case)]
    rates: Rates = {}
    for curve, (grid, measure) in measures.items():
        # Shape (studies, replicates, points).
        heights = np.array([[*starmap(measure, zip(*own, strict=True))] for own in studies])
        bands = [
            mean_band(grid, own, overlap=overlap, alpha=ALPHA)
            for own, overlap in zip(heights, case.overlap, strict=True)
        ]
        ends = np.array([[band.low, band.high] for band in bands])
        for index, at in enumerate(grid):
            truth = float(np.nanmean(heights[..., index]))
            rates["curve", f"{curve} at {at:g}"] = coverage(ends[..., index], truth)
    for fixed in SPECIFICITIES:
        reached = np.array(
            [[sensitivity_at(*own, fixed)[0] for own in zip(*of, strict=True)] for of in studies]
        )
        found = [
            mean_estimate(own, overlap=overlap, alpha=ALPHA)
            for own, overlap in zip(reached, case.overlap, strict=True)
        ]
        ends = np.array([[own.low, own.high] for own in found])
        statistic = f"sensitivity at specificity {fixed:g}"
        rates["curve", statistic] = coverage(ends, float(np.nanmean(reached)))
    return rates


def predictions(case: Case) -> Rates:
    """Return the coverage of predictive values at a prevalence."""
    recall, specificity = (case.metrics[name][:, 0] for name in ("recall", "specificity"))
    sensitivity, correct = float(np.nanmean(recall)), float(np.nanmean(specificity))
    rates: Rates = {}
    for prevalence in PREVALENCES:
        found = [
            predictive_values(*own, prevalence, overlap=overlap, alpha=ALPHA)
            for *own, overlap in zip(recall, specificity, case.overlap, strict=True)
        ]
        rare = 1 - prevalence
        truths = {
            "ppv": prevalence * sensitivity / (prevalence * sensitivity + rare * (1 - correct)),
            "npv": rare * correct / (rare * correct + prevalence * (1 - sensitivity)),
        }
        for index, (name, truth) in enumerate(truths.items()):
            ends = np.array([[own[index].low, own[index].high] for own in found])
            rates["predictive_value", f"{name} at {prevalence:.2f}"] = coverage(ends, truth)
    return rates


def _studies(case: Case) -> Iterator[tuple[list[np.ndarray], list[np.ndarray]]]:
    """Yield each study's probabilities and labels of the first model, an array a replicate."""
    studies = case.studies
    for truth, tested, probability in zip(
        studies.truth, studies.tested[:, 0], studies.probability[:, 0], strict=True
    ):
        own = [p[test].astype(float) for p, test in zip(probability, tested, strict=True)]
        yield own, [truth[test].astype(int) for test in tested]


PROCEDURES = {"calibration": calibration, "curves": curves, "predictions": predictions}
