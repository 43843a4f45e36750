"""The subtypes of hemorrhage that labels may name."""

SUBTYPES = ("intraventricular", "intraparenchymal", "subarachnoid", "epidural", "subdural")


def target_words(target: str) -> str:
    """Return what a dataset looks for, in words."""
    return f"{target} hemorrhage" if target in SUBTYPES else target
