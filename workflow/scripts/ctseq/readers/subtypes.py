"""What slices and scans are labelled for: hemorrhage, its subtypes, fracture, or a table's column.

This module imports nothing, so that the configuration is checked and documented at no cost.
"""

SUBTYPES = ("intraventricular", "intraparenchymal", "subarachnoid", "epidural", "subdural")
# Targets of any dataset; another one is the title of a column of the label table.
TARGETS = ("hemorrhage", *SUBTYPES, "fracture")


def target_words(target: str) -> str:
    """Return a target in words: ``subdural`` is a subdural hemorrhage."""
    return f"{target} hemorrhage" if target in SUBTYPES else target


def deciding_flags(target: str) -> tuple[str, ...]:
    """Return the flags of a label row that decide its target; none of them may be unclear."""
    if target in ("hemorrhage", *SUBTYPES):
        return ("hemorrhage", *SUBTYPES)
    return (flag_of(target),)


def flag_of(target: str) -> str:
    """Return the name of the flag that holds a target: its own, or that of any table's column."""
    return target if target in TARGETS else "target"
