"""What every metric demands of its arrays."""

from __future__ import annotations

import math
from typing import Any

from numpy.typing import NDArray

from augury.core.errors import DataError

NAN = math.nan
"""The value of a metric that is undefined on these rows; whoever records it leaves the score out."""


def same_rows(metric: str, *arrays: NDArray[Any]) -> int:
    """Return the common number of rows, at least 1.

    Raises
    ------
    DataError
        No rows, or arrays of different length.
    """
    lengths = [len(array) for array in arrays]
    if len(set(lengths)) != 1 or not lengths[0]:
        raise DataError(f"{metric} was asked on arrays of {lengths} rows; it needs equal lengths, at least 1")
    return lengths[0]
