"""Which positive scans each model misses, and how often."""

import numpy as np
import pandas as pd

from ctseq.evidence.over_patients.tested import Tested


def missed_table(tested: Tested) -> pd.DataFrame:
    """Return in how many replicates each model misses each positive scan.

    There is a row a model and positive scan that a replicate tests, the most often missed first:
    by the share of the replicates that test it, then by their number, then by id.
    """
    patients = tested.scans.set_index("scan_id")["patient_id"]
    tables = []
    for index, model in enumerate(tested.models):
        positive = [own.truth == 1 for own in tested.sets]
        pairs = [*zip(tested.sets, positive, strict=True)]
        ids = np.concatenate([own.scan_ids[chosen] for own, chosen in pairs])
        missed = np.concatenate([own.predicted[index][chosen] == 0 for own, chosen in pairs])
        counts = pd.Series(missed, index=ids).groupby(level=0).agg(n_missed="sum", n_tested="size")
        counts = counts.rename_axis("scan_id").reset_index()
        order = counts.assign(share=counts["n_missed"] / counts["n_tested"]).sort_values(
            ["share", "n_missed", "scan_id"], ascending=[False, False, True]
        )
        own = order.drop(columns="share")
        tables.append(own.assign(model=model, patient_id=own["scan_id"].map(patients)))
    frame = pd.concat(tables, ignore_index=True)
    return frame[["model", "scan_id", "patient_id", "n_missed", "n_tested"]]
