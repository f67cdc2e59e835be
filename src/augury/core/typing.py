"""Array names used in signatures, so that a shape can be read where it travels."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Features: TypeAlias = NDArray[np.float32]
"""``(n_rows, n_features)``, float32: the matrix at a model's door."""
Codes: TypeAlias = NDArray[np.int8]
"""``(n_rows,)`` label codes -1, 0, +1."""
Probabilities: TypeAlias = NDArray[np.float64]
"""``(n_rows, 3)`` in the order of ``LABELS``; rows sum to 1."""
Bools: TypeAlias = NDArray[np.bool_]
Ints: TypeAlias = NDArray[np.int64]
Json: TypeAlias = dict[str, Any]
"""A JSON object read from or written to a file; never a door between rooms."""
