from __future__ import annotations

import numpy as np
import polars as pl

from augury.labels.group_means import codes_of, group_means


def test_means_are_those_of_the_known_values_and_equal_every_time() -> None:
    rng = np.random.default_rng(0)
    codes, values = rng.integers(-1, 50, 5000), rng.normal(size=5000)
    values[::7] = np.nan
    means, counts = group_means(values, codes)
    for group in range(50):
        known = values[(codes == group) & np.isfinite(values)]
        assert counts[group] == len(known)
        assert abs(means[group] - known.mean()) < 1e-14
    assert (np.isnan(means[-1]), counts[-1]) == (True, 0)
    for _ in range(5):
        assert np.array_equal(group_means(values, codes)[0], means, equal_nan=True)


def test_no_group_at_all_is_no_error() -> None:
    codes = codes_of(pl.DataFrame({"a": [None, None]}, schema={"a": pl.String}))
    assert codes.tolist() == [-1, -1]
    assert np.isnan(group_means(np.ones(2), codes)[0][codes]).all()
