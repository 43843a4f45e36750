"""What runs again after a change: sets of rules, and how to read the jobs of a plan."""

import re

# From the report backwards.
REPORT = {"write_report", "write_reporting", "all"}
PLOTTED = {"plot_figures"} | REPORT
COMPARED = {"compare_models"} | PLOTTED
PATIENTS = {"compare_patients"} | PLOTTED
SCORED = {"collect_metrics"} | COMPARED | PATIENTS
SLICES = {"compare_slices"} | PLOTTED
EVALUATED = {"evaluate"} | SCORED | SLICES
TRAINED = {"fit"} | EVALUATED
EXTRACTED = {"extract_features"} | TRAINED
DESCRIBED = {"describe_encoder", "pack_pixels"} | EXTRACTED
SPLIT = {"split_patients"} | TRAINED
INDEXED = {"index_dataset", "select_slices", "plot_examples", "pack_pixels"} | SPLIT | EXTRACTED
DRAWN = {"draw_phantom"} | INDEXED
# The rules of a dataset's index, and of each encoder on it.
OF_THE_DATASET = ("draw_phantom", "index_dataset", "select_slices")
OF_AN_ENCODER = ("describe_encoder", "pack_pixels", "extract_features")
BOTH = {"vivit", "convnext"}


def concerned(jobs):
    """Return the names of the encoders and models that jobs are about."""
    return set(re.findall(r"(?:encoder|model)=([\w-]+)", "\n".join(jobs)))


def of_runs(jobs):
    """Return the jobs of single replicates."""
    return {job for job in jobs if "replicate=" in job}


def nested(key, value):
    """Return the overlay that sets a dotted key."""
    for part in reversed(key.split(".")):
        value = {part: value}
    return value
