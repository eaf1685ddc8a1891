"""From scores to probabilities that tell how often the model is right."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]


class Calibration(NamedTuple):
    """The curve from score to probability."""

    slope: float
    offset: float


def probabilities(scores: Floats, calibration: Calibration) -> Floats:
    """Return the probability of each class, one row for each row of ``scores``."""
    chances = 1 / (1 + np.exp(-(calibration.slope * scores + calibration.offset)))
    return np.asarray(chances / chances.sum(axis=1, keepdims=True))
