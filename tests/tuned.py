"""What tests of fine-tuning's scripts share: eight patients of five slices, a short training."""

from pathlib import Path

import numpy as np
import pandas as pd
import yaml

from ctseq.intake.tables import LABELLED

# The study's own, but for what makes it short and every random choice matter.
TRAINING = yaml.safe_load((Path(__file__).parents[1] / "config.yaml").read_text())["training"] | {
    "trainable": "all", "learning_rate": 1e-3, "batch_size": 4, "epochs": 3, "sampling": "balanced",
    "augmentation": {
        "mirror": True, "rotate_degrees": 10, "scale": 0.1, "shift": 0.1, "intensity": 0.1,
    },
}  # fmt: skip
# Whether each slice is positive: those of every other patient.
BLEEDS = np.repeat([0, 1] * 4, 5)


def write_tables(folder):
    """Write the tables of the patients, and return their paths by the names of inputs."""
    ids = [f"{number:03d}" for number in range(8)]
    truth = BLEEDS[::5]
    rows = pd.DataFrame({"scan_id": np.repeat(ids, 5), "patient_id": np.repeat(ids, 5)})
    rows["slice_number"] = [1, 2, 3, 4, 5] * 8
    tables = {
        "rows": rows,
        "slices": rows.assign(path="x", position_mm=0.0, **dict.fromkeys(LABELLED, BLEEDS)),
        "scans": pd.DataFrame(
            {"scan_id": ids, "patient_id": ids, "target": truth, "n_slices": 5, "sex": "F",
             "n_positive_slices": 1, "age_years": 50.0, "spacing_mm": 5.0, "row_mm": 0.5,
             "column_mm": 0.5, "orientation": "axial", "description": "", "choice": "", "note": ""}
        ),
        "split": pd.DataFrame({"patient_id": ids, "subset": ["train"] * 6 + ["test"] * 2}),
    }  # fmt: skip
    inputs = {}
    for name, table in tables.items():
        inputs[name] = folder / f"{name}.csv"
        table.to_csv(inputs[name], index=False)
    return inputs
