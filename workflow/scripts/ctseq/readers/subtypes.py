"""The subtypes of hemorrhage that labels may name."""

SUBTYPES = ("intraventricular", "intraparenchymal", "subarachnoid", "epidural", "subdural")
