"""Means of groups, equal bit for bit whatever the number of threads.

The engine of the frames adds up the members of a group in the order its threads meet them; here
they are added in the order of the rows.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from augury.core.typing import Floats, Ints


def codes_of(keys: pl.DataFrame) -> Ints:
    """Number the groups of rows with equal keys from 0, in the order of the keys; -1 where one is null.

    Examples
    --------
    >>> codes_of(pl.DataFrame({"day": [2, 1, 2], "sector": ["b", "a", None]})).tolist()
    [1, 0, -1]
    """
    known = keys.select(pl.all_horizontal(pl.all().is_not_null())).to_series().to_numpy()
    combined = np.zeros(int(known.sum()), dtype=np.int64)
    for column in keys.filter(pl.Series(known)).iter_columns():
        rank = column.rank("dense").to_numpy().astype(np.int64)
        combined = combined * (int(rank.max(initial=0)) + 1) + rank
    codes = np.full(keys.height, -1, dtype=np.int64)
    codes[known] = np.unique(combined, return_inverse=True)[1]
    return codes


def group_means(values: Floats, codes: Ints) -> tuple[Floats, Ints]:
    """Return mean and number of the finite values of each group, by group number; NaN for an empty one.

    One more follows for rows of no group, so that code -1 finds it: NaN of 0 values.

    Parameters
    ----------
    values : array, shape (n,)
        NaN where not known.
    codes : array of int, shape (n,)
        Group of each row; negative takes no part.

    Examples
    --------
    >>> group_means(np.array([1.0, 3.0, np.nan, 5.0]), np.array([0, 0, 1, -1]))
    (array([ 2., nan, nan]), array([2, 0, 0]))
    """
    size = int(codes.max(initial=-1)) + 2
    part = (codes >= 0) & np.isfinite(values)
    counts = np.bincount(codes[part], minlength=size)
    totals = np.bincount(codes[part], weights=values[part], minlength=size)
    means = np.divide(totals, counts, out=np.full(size, np.nan), where=counts > 0)
    return means, counts.astype(np.int64)
