"""Dividing rows by time: ordered, walk-forward, combinatorial; purged; written down."""

from augury.labels.splits.ordered import (
    ROWS_MIN,
    WalkForward,
    default_purge,
    out_of_fold,
    prepare_train_validation_split,
    time_ordered,
)

__all__ = [
    "ROWS_MIN",
    "WalkForward",
    "default_purge",
    "out_of_fold",
    "prepare_train_validation_split",
    "time_ordered",
]
