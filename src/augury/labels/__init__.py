"""labels: what followed a bar, and how rows are divided in time. Nothing touches a feature."""

from augury.labels.attach import attach
from augury.labels.direction import create_labels
from augury.labels.integrity import validate_data_integrity
from augury.labels.percentile import PercentileLabels, fit_percentiles
from augury.labels.residual import TargetSpec, residual_targets
from augury.labels.splits import WalkForward, out_of_fold, prepare_train_validation_split, time_ordered
from augury.labels.splits.combinatorial import CombinatorialPurged
from augury.labels.splits.files import SplitFile, read_split, split_of, write_split
from augury.labels.splits.strategies import splitter
from augury.labels.structure import StructureLabels, expansion_factor, structure_labels, structure_of
from augury.labels.windows import Windows, extract_windows
from augury.labels.windows.blacklist import Blacklist
from augury.labels.windows.check import check_windows, overlap
from augury.labels.windows.files import read_windows, write_windows
from augury.labels.windows.folds import forward_folds
from augury.labels.windows.position import refuse_position
from augury.labels.windows.review import Reviews, apply_reviews
from augury.labels.windows.review_file import export_review, import_review, write_reviews
from augury.labels.windows.rules import window_prices
from augury.labels.windows.spans import SpanTargets, span_targets, targets_of

__all__ = [
    "Blacklist",
    "CombinatorialPurged",
    "PercentileLabels",
    "Reviews",
    "SpanTargets",
    "SplitFile",
    "StructureLabels",
    "TargetSpec",
    "WalkForward",
    "Windows",
    "apply_reviews",
    "attach",
    "check_windows",
    "create_labels",
    "expansion_factor",
    "export_review",
    "extract_windows",
    "fit_percentiles",
    "forward_folds",
    "import_review",
    "out_of_fold",
    "overlap",
    "prepare_train_validation_split",
    "read_split",
    "read_windows",
    "refuse_position",
    "residual_targets",
    "span_targets",
    "split_of",
    "splitter",
    "structure_labels",
    "structure_of",
    "targets_of",
    "time_ordered",
    "validate_data_integrity",
    "window_prices",
    "write_reviews",
    "write_split",
    "write_windows",
]
