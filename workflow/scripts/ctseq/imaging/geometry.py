"""How slices lie in the body, in the axes of DICOM or NIfTI, of which the third is the body's."""

from collections.abc import Sequence

import numpy as np


def orientation_words(columns: Sequence[float], rows: Sequence[float]) -> str:
    """Return in words how slices lie: ``axial``, or ``axial, tilted 12 degrees``.

    `columns` and `rows` are the directions in which columns and rows are counted, of any length.
    """
    normal = np.cross(columns, rows)
    cosine = abs(normal[2]) / np.linalg.norm(normal)
    tilt = round(float(np.degrees(np.arccos(min(cosine, 1.0)))))
    return f"axial, tilted {tilt} degrees" if tilt else "axial"
