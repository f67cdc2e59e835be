"""What users hand in, brought to one shape: prices, codes, spans, side features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import polars as pl

from augury.core.errors import DataError, InsufficientHistory, SchemaMismatch, UsageError
from augury.core.typing import Features, Floats, Ints
from augury.labels.windows import Windows
from augury.labels.windows.rules import WINDOW_BARS, window_prices
from augury.labels.windows.spans import SpanTargets, span_targets
from augury.learning.augment import AugmentSettings
from augury.models.deep.windows.scaler import WindowScaler


def prices_of(X: Any) -> tuple[Floats, tuple[str, ...]]:
    """Windows as prices ``(n, 105, 4)``, and what was left out; see :func:`window_prices`."""
    return window_prices(X.prices if isinstance(X, Windows) else X, WINDOW_BARS)


def codes_of(y: Any, n: int) -> tuple[Any, Ints]:
    """Classes, sorted, and the code of each label.

    Raises
    ------
    DataError
        A label is missing: unlabelled windows are for pre-training.
    UsageError
        Another number of labels than windows.
    InsufficientHistory
        One class.

    Examples
    --------
    >>> classes, codes = codes_of(["up", "down", "up"], 3)
    >>> classes.tolist(), codes.tolist()
    (['down', 'up'], [1, 0, 1])
    """
    given = y.to_list() if isinstance(y, pl.Series) else y if y is None else list(y)
    if given is None or len(given) != n:
        raise UsageError(f"{'no' if given is None else len(given)} labels for {n} windows: each needs one")
    missing = [at for at, label in enumerate(given) if label is None or label != label]
    if missing:
        raise DataError(f"window {missing[0]} has no label, {len(missing)} in all: unlabelled windows do not train")
    classes, codes = np.unique(np.asarray(given), return_inverse=True)
    if len(classes) < 2:
        raise InsufficientHistory(f"all {n} labels are {classes[0]!r}: a classifier needs two classes")
    return classes, codes.astype(np.int64)


def spans_of(spans: Any, n: int) -> SpanTargets | None:
    """Spans as targets: they are already, or rows of first and last bar, below 0 or NaN without one."""
    if spans is None or isinstance(spans, SpanTargets):
        found = spans
    else:
        given = np.asarray(spans, dtype=np.float64)
        if given.shape != (n, 2):
            raise UsageError(f"spans have shape {given.shape}: first and last bar of each of {n} windows")
        sides = [[int(at) if at >= 0 else None for at in side] for side in given.T]
        found = span_targets(*sides)
    if found is not None and len(found.known) != n:
        raise UsageError(f"{len(found.known)} spans for {n} windows")
    return found


def side_of(side: Any, n: int, width: int) -> Features | None:
    """Side features as a matrix of the width the network reads; None where it reads none."""
    if side is None:
        if width:
            raise SchemaMismatch(f"the model was fitted with {width} side features a window, none were given")
        return None
    given = np.asarray(side, dtype=np.float32)
    if given.ndim != 2 or len(given) != n or (width and given.shape[1] != width) or not np.isfinite(given).all():
        raise SchemaMismatch(
            f"side features are finite numbers of shape ({n}, {width or 'S'}), found shape {given.shape}"
        )
    return given


def scaled_side(side: Features | None, scaler: WindowScaler | None) -> Features | None:
    """Scale side features as the training windows' were."""
    return None if side is None or scaler is None else scaler.transform(side[:, None, :])[:, 0]


def augmentation(given: bool | Mapping[str, Any]) -> AugmentSettings | None:
    """False is none at all; True the defaults; names and values are some of them."""
    if isinstance(given, bool):
        return AugmentSettings() if given else None
    return AugmentSettings.from_json(given)


CALIBRATIONS: Final = (None, "temperature")


def known_calibration(name: str | None) -> str | None:
    """Refuse a calibration that is not one."""
    if name not in CALIBRATIONS:
        raise UsageError(f"calibration '{name}' is 'temperature' or None")
    return name
