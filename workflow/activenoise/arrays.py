"""Types of arrays that all wings share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]
Float32Array = NDArray[np.float32]  # what networks take and give
TrackArray = NDArray[np.float32] | NDArray[np.float64]  # (n_tracks, n_points), length
