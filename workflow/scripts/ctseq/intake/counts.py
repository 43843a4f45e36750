"""The counts of a study: what it uses, and what became of all that was seen."""

from collections import Counter
from typing import Any

import pandas as pd

from ctseq.readers.reasons import PROBLEMS, REASONS
from ctseq.readers.scan import SUBTYPES


class StudyCounts:
    """What a study uses, as a reader compares it with the paper's."""

    def __init__(self) -> None:
        self._slices = self._labelled = self._subtyped = self._positive = 0
        self._subtypes = {name: Counter() for name in SUBTYPES}

    def add(self, slices: pd.DataFrame) -> None:
        """Count all slices of some patients, as `tables.SLICES`."""
        self._slices += len(slices)
        self._labelled += int(slices["hemorrhage"].notna().sum())
        self._subtyped += int(slices[list(SUBTYPES)].notna().all(axis=1).sum())
        self._positive += int(slices["hemorrhage"].sum())
        for name, counts in self._subtypes.items():
            bleeding = slices[slices[name] == 1]
            counts["patients"] += int(bleeding["patient_id"].nunique())
            counts["slices"] += len(bleeding)

    def of(self, patients: pd.DataFrame) -> dict[str, Any]:
        """Give the counts of the slices so far and of their patients, as `tables.PATIENTS`."""
        lengths = patients["n_slices"]
        return {
            "patients": len(patients),
            "positive_patients": int(patients["hemorrhage"].sum()),
            "brain_slices": self._slices,
            # None where only patients have labels.
            "positive_slices": self._positive if self._labelled == self._slices else None,
            "slices_per_patient": {
                "min": int(lengths.min()),
                "median": float(lengths.median()),
                "max": int(lengths.max()),
            },
            "subtypes": {
                name: dict(counts)
                for name, counts in self._subtypes.items()
                if self._subtyped == self._slices
            },
        }


class Flow:
    """Files, slices and patients: seen, left out by reason, used."""

    def __init__(self) -> None:
        self._seen = Counter()
        self._left = {"files": Counter(), "slices": Counter()}
        # A patient is lost for what its first slice is; without slices, for what its file is.
        self._of_slice: dict[str, str] = {}
        self._of_file: dict[str, str] = {}
        self._patients: dict[str, None] = {}

    def add_slices(self, listing: pd.DataFrame) -> None:
        """Count slices, as `tables.LISTING`."""
        self._count("slices", listing)
        first = listing.drop_duplicates("patient_id")
        self._of_slice |= dict(zip(first["patient_id"], first["reason"], strict=True))

    def add_files(self, inventory: pd.DataFrame) -> None:
        """Count files: patient_id, kept and reason of `tables.INVENTORY`."""
        self._count("files", inventory)
        own = inventory[inventory["patient_id"] != ""]
        self._patients |= dict.fromkeys(own["patient_id"])
        doubtful = own[own["reason"].isin(PROBLEMS)]
        for patient, reason in zip(doubtful["patient_id"], doubtful["reason"], strict=True):
            self._of_file.setdefault(patient, reason)

    def of(self, patients: pd.DataFrame) -> dict[str, Any]:
        """Give the flow into these patients, as `tables.PATIENTS`.

        Returns
        -------
        dict
            ``files``, ``slices`` and ``patients`` to `seen`, `used` and `excluded_by_reason`.
        """
        used = set(patients["patient_id"])
        lost = [patient for patient in self._patients if patient not in used]
        why = self._of_file | self._of_slice
        left = self._left | {"patients": Counter(why.get(p, "no-slices") for p in lost)}
        seen = dict(self._seen) | {"patients": len(self._patients)}
        if not all(reasons.keys() <= REASONS.keys() for reasons in left.values()):
            raise RuntimeError("something is left out without a reason")
        return {
            part: {
                "seen": seen[part],
                "used": seen[part] - sum(reasons.values()),
                "excluded_by_reason": dict(sorted(reasons.items())),
            }
            for part, reasons in left.items()
        }

    def _count(self, part: str, rows: pd.DataFrame) -> None:
        self._seen[part] += len(rows)
        self._left[part].update(rows.loc[rows["kept"] == 0, "reason"])
