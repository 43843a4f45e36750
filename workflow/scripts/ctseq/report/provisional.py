"""The analyses by section, until `ctseq.evidence.analyses` has them. Delete it then."""

from types import SimpleNamespace

_SECTIONS = {
    "primary": ["resampled_t", "bayesian_t", "effect_sizes", "power", "ranking", "verdict"],
    "patients": ["auc", "delong", "mcnemar", "operating_points", "calibration", "curves"],
    "paper": ["normality", "variances", "t_test", "mann_whitney", "ranges", "means"],
}
ANALYSES = {
    name: SimpleNamespace(name=name, section=section)
    for section, names in _SECTIONS.items()
    for name in names
}
