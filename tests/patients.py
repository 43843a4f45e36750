"""Test sets of replicates, for tests of what is described over patients."""

import numpy as np
import pandas as pd

from ctseq.evidence.over_patients import tested
from ctseq.evidence.over_replicates.design import Design
from ctseq.readers.subtypes import SUBTYPES

RATIO = 25 / 57  # of the published study
CORRECTED = {"overlap": 0.5, "alpha": 0.05}
IDS = np.array([f"{number:03d}" for number in range(49, 131)])
TRUTH = (np.arange(82) < 36).astype(int)
SETTINGS = {"alpha": 0.05, "thresholds": [0.2, 0.5], "prevalence": [0.05]}


def codes(*results):
    """Return the codes of the notes of results."""
    return [note["code"] for result in results for note in result.notes]


def predictions(*rows):
    """Return the table of predictions of all runs."""
    columns = ["model", "replicate", "scan_id", "target", "probability", "predicted"]
    return pd.DataFrame(rows, columns=columns)


def scans_of(truth):
    """Return the scans of patients who have one each; `truth` has labels by patient id."""
    ids = list(truth)
    return pd.DataFrame({"scan_id": ids, "patient_id": ids, "target": [*truth.values()]})


def described(scans):
    """Return scans with all that a study knows of them; the first one's age and sex it lacks.

    Ages are 40, 60 and 80 years in turn and scans have 20 or 30 slices, 5 mm apart. Every other
    positive scan shows an epidural bleed and the others a subdural one.
    """
    place, truth = np.arange(len(scans)), scans["target"].to_numpy()
    known = {
        "n_slices": np.where(place % 4 < 2, 20, 30),
        "n_positive_slices": 3 * truth,
        "age_years": np.where(place, 40.0 + 20 * (place % 3), np.nan),
        "sex": np.where(place, np.where(place % 2, "F", "M"), ""),
        "spacing_mm": 5.0,
        **dict.fromkeys(SUBTYPES, 0.0),
        "epidural": truth * (place % 2) * 1.0,
        "subdural": truth * (1 - place % 2) * 1.0,
    }
    return scans.assign(**known)


def twins(table):
    """Return a table in which every scan is there twice: two scans of one patient, all alike."""
    return pd.concat(
        [table.assign(scan_id=table["scan_id"] + end) for end in ("-1", "-2")], ignore_index=True
    )


def small_study(models=("a", "b"), *, replicates=5, twice=False, **settings):
    """Return the test sets of a study of 82 patients, of which 36 bleed.

    The first model is the best one, and every other is a little worse than the one before it. All
    patients have one scan, or two that are alike.
    """
    rng = np.random.default_rng(21)
    rows = []
    for replicate in range(1, replicates + 1):
        test = np.sort(rng.permutation(82)[:25])
        for place, model in enumerate(models):
            signal = (1.5 - 0.4 * place) * (2 * TRUTH - 1)
            probability = 1 / (1 + np.exp(-signal - 1.5 * rng.standard_normal(82)))
            rows += [
                (model, replicate, IDS[k], TRUTH[k], probability[k], int(probability[k] >= 0.5))
                for k in test
            ]
    tables = predictions(*rows), described(scans_of(dict(zip(IDS, TRUTH, strict=True))))
    if twice:
        tables = map(twins, tables)
    contrasts = [[models[0], other] for other in models[1:]]
    settings = {"models": list(models), "contrasts": contrasts, **SETTINGS, **settings}
    return tested.tested_of(*tables, Design(RATIO, 82), settings)
