"""The analyses of slices' scores: what each table holds, and what computes it."""

from ctseq.evidence.tables import INTERVAL, NOTES, Analysis, contract, floats, registry

OVER_SLICES: dict[str, Analysis] = registry(
    "slices",
    "slices",
    (
        "slices/localization",
        "ctseq.evidence.over_slices.localization:localization_table",
        contract(
            dict.fromkeys(("model", "scored_by", "measure"), "text"),
            INTERVAL,
            floats("chance"),
            {"n": "int", "n_scans": "int", "n_patients": "int", **NOTES},
        ),
    ),
)
