"""labels: what followed a bar, and how rows are divided in time. Nothing touches a feature."""

from augury.labels.attach import attach
from augury.labels.direction import create_labels
from augury.labels.integrity import validate_data_integrity
from augury.labels.splits import WalkForward, out_of_fold, prepare_train_validation_split, splitter, time_ordered

__all__ = [
    "WalkForward",
    "attach",
    "create_labels",
    "out_of_fold",
    "prepare_train_validation_split",
    "splitter",
    "time_ordered",
    "validate_data_integrity",
]
