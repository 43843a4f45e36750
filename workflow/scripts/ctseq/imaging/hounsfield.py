"""From Hounsfield units to grey values."""

from collections.abc import Sequence

import numpy as np

from ctseq.imaging.windows import Window


def apply_windows(hu: np.ndarray, windows: Sequence[Window]) -> np.ndarray:
    """Turn Hounsfield units into grey values.

    Parameters
    ----------
    hu
        Shape (H, W).
    windows
        One or three.

    Returns
    -------
    ndarray
        uint8, shape (H, W) for one window, (3, H, W) for three.
    """
    grey = [np.clip((hu - one.level) / one.width + 0.5, 0, 1) * 255 for one in windows]
    grey = [np.round(channel).astype(np.uint8) for channel in grey]
    return grey[0] if len(grey) == 1 else np.stack(grey)
