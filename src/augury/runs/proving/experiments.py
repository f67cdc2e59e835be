"""Tracked experiments side by side."""

from __future__ import annotations

import numpy as np

from augury.core.errors import DataError
from augury.proof.comparison import Comparison
from augury.proof.comparison import compare as side_by_side
from augury.records.tracking import Experiment


def compared(a: Experiment, b: Experiment, varies: str | None = None) -> Comparison:
    """Compare two experiments that were measured on the same rows.

    Raises
    ------
    DataError
        They read other data or another split: their figures say nothing about each other.
    """
    for what, one, other in (("data_version", a.data_version, b.data_version), ("split", a.split, b.split)):
        if one != other:
            raise DataError(
                f"{a.experiment_id} and {b.experiment_id} differ in {what}: {one[:12] or 'none'} and "
                f"{other[:12] or 'none'} (rule: figures of other rows are not compared)"
            )
    seeds = {"seed": a.seed}, {"seed": b.seed}
    return side_by_side(
        a.config | seeds[0], b.config | seeds[1], np.asarray(a.series), np.asarray(b.series), varies=varies,
        horizon_bars=max(a.horizon_bars, b.horizon_bars), metrics=(a.metrics, b.metrics),
    )  # fmt: skip
