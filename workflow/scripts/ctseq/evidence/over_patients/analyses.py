"""The analyses of test patients' predictions: what each table holds, and what computes it."""

from ctseq.evidence.tables import Analysis

OVER_PATIENTS: dict[str, Analysis] = {}
