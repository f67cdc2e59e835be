"""Stages from a user's own code: a file of features, a split, a model by import path. The code is run."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import ModuleType
from typing import Any, Final

import numpy as np
import polars as pl

from augury.core.bars import Bars
from augury.core.errors import InsufficientHistory, NotFound, UsageError
from augury.core.labelspec import base_label
from augury.core.manifest import FeatureManifest
from augury.core.tables import LABEL, LABEL_END
from augury.core.typing import Floats
from augury.features import machine
from augury.features.engine import build, leaf_columns, leaf_frame, symbol_starts
from augury.features.family import Family
from augury.features.feature_sets import inputs_of
from augury.features.program import compile_terms
from augury.labels.direction import direction
from augury.labels.returns import forward_return, label_end
from augury.proof.audit.stage import KEYS, KNOWN_AT, Division, Stage

FIT_SHARE: Final = 0.5
"""Share of the dates a user's model is fitted on, the same dates in every history."""
_MODEL_CUTS: Final = 6
_FAILURES: Final = (
    ValueError, TypeError, KeyError, IndexError, AttributeError, ArithmeticError, pl.exceptions.PolarsError,
)  # fmt: skip
"""What code that was not written for a history of three bars may raise on one."""

Run = Callable[[Bars], pl.DataFrame]


def stages_of_file(path: Path) -> list[Stage | Division]:
    """Read what a Python file offers for an audit.

    Parameters
    ----------
    path : Path
        Defines one or more of ``FAMILY = Family(...)``, ``def features(bars)`` and ``def split(bars)``.
        ``bars`` is the canonical polars frame. ``features`` returns ``symbol``, ``ts`` and its columns (or
        its columns alone, one row a bar), ``split`` what :class:`Division` describes.

    Raises
    ------
    NotFound
        No such file.
    UsageError
        It defines none of the three.
    """
    module = _module_of_file(path)
    found: list[Stage | Division] = []
    if isinstance(family := getattr(module, "FAMILY", None), Family):
        found.append(Stage(path.stem, lambda bars: _family_values(family, bars)))
    if callable(features := getattr(module, "features", None)):
        found.append(Stage(path.stem, _careful(path.stem, lambda bars: _with_keys(path.stem, features, bars))))
    if callable(split := getattr(module, "split", None)):
        found.append(Division(f"{path.stem} split", _careful(f"{path.stem} split", lambda bars: split(bars.frame))))
    if not found:
        raise UsageError(f"{path} defines none of FAMILY = Family(...), def features(bars), def split(bars)")
    return found


def stage_of_model(target: str, bars: Bars, *, feature_set: str = "technical", features: Run | None = None) -> Stage:
    """Make a stage of a model: fitted on the first half of the dates, asked about every bar.

    Parameters
    ----------
    target : str
        ``package.module:Class`` or ``file.py:Class``; called without arguments, it gives something
        with ``fit(X, y)`` and ``predict_proba(X)`` or ``predict(X)``. ``y`` holds -1, 0 and +1.
    bars : Bars
        The whole history; decides where the fit ends.
    feature_set : str
        What it is fitted on, unless ``features`` is given.
    features : callable, optional
        Bars to ``symbol``, ``ts`` and columns of numbers.

    Raises
    ------
    UsageError, NotFound
        There is no such file, module or class.
    """
    kind = load_class(target)
    dates = bars.frame["ts"].unique().sort()
    border: datetime = dates[int(len(dates) * FIT_SHARE)]
    given = features or (lambda history: build(history, feature_set).frame)
    run = _careful(target, lambda history: _answers(kind, given(history), history, border))
    return Stage(f"model {kind.__name__}", run, border, _MODEL_CUTS)


def load_class(target: str) -> Callable[[], Any]:
    """Import what ``package.module:Class`` or ``file.py:Class`` names.

    Raises
    ------
    UsageError
        No colon, no such module or no such name in it.
    NotFound
        No such file.
    """
    where, _, name = target.rpartition(":")
    if not where or not name:
        raise UsageError(f"'{target}' names no model: write package.module:Class or file.py:Class")
    if where.endswith(".py"):
        module = _module_of_file(Path(where))
    else:
        with _importable(Path.cwd()):
            try:
                module = importlib.import_module(where)
            except ModuleNotFoundError as error:
                raise UsageError(f"there is no module '{where}': {error}") from error
    found = getattr(module, name, None)
    if not callable(found):
        raise UsageError(f"'{where}' has no class '{name}'")
    model: Callable[[], Any] = found
    return model


def _module_of_file(path: Path) -> ModuleType:
    if not path.is_file():
        raise NotFound(f"no file {path}", fix="augury lookahead --features FILE.py")
    spec = importlib.util.spec_from_file_location(f"augury_user_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise UsageError(f"{path} is not a Python file", fix="augury lookahead --features FILE.py")
    module = importlib.util.module_from_spec(spec)
    with _importable(path.resolve().parent):
        spec.loader.exec_module(module)
    return module


@contextmanager
def _importable(folder: Path) -> Iterator[None]:
    """Let a file import those beside it."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))


def _careful(name: str, run: Run) -> Run:
    """A history on which code of the user fails says nothing about the future; on the whole one it is an error."""

    def careful(bars: Bars) -> pl.DataFrame:
        try:
            return run(bars)
        except _FAILURES as error:
            message = f"'{name}' could not be run on {bars.frame.height} bars: {type(error).__name__}: {error}"
            raise InsufficientHistory(message) from error

    return careful


def _with_keys(name: str, features: Callable[[pl.DataFrame], object], bars: Bars) -> pl.DataFrame:
    found = features(bars.frame)
    if not isinstance(found, pl.DataFrame):
        raise UsageError(f"features() of '{name}' returns a {type(found).__name__}, a polars DataFrame is needed")
    if all(key in found.columns for key in KEYS):
        return found
    if found.height != bars.frame.height:
        raise UsageError(
            f"features() of '{name}' returns {found.height} rows for {bars.frame.height} bars without symbol and ts"
        )
    return bars.frame.select(KEYS).hstack(found.drop(KEYS, strict=False))


def _family_values(family: Family, bars: Bars) -> pl.DataFrame:
    known = inputs_of(bars)
    features = [feature for feature in family.features if known.issuperset(feature.inputs)]
    if not features:
        lacking = sorted({name for feature in family.features for name in feature.inputs} - known)
        raise UsageError(f"family '{family.name}' reads {lacking}, which these bars do not have")
    manifest = FeatureManifest(tuple(family.spec(feature) for feature in features))
    program = compile_terms([feature.formula for feature in features], [f.lookback_bars for f in features])
    parts = machine.segments(symbol_starts(bars.frame), bars.frame.height)
    answer = machine.run(program, leaf_columns(program, leaf_frame(bars, manifest), parts), parts)
    values = [pl.Series(name, answer.values[at], nan_to_null=True) for at, name in enumerate(manifest.names)]
    return bars.frame.select(KEYS).hstack(values)


def _answers(kind: Callable[[], Any], features: pl.DataFrame, bars: Bars, border: datetime) -> pl.DataFrame:
    """Fit on what was known at the border, and ask about every bar whose features are known."""
    names = [name for name, dtype in features.schema.items() if name not in KEYS and dtype.is_numeric()]
    ahead, threshold = base_label(bars.timeframe)
    outcome = bars.frame.select(*KEYS, forward_return(bars=ahead), label_end(ahead)).with_columns(direction(threshold))
    rows = features.select(*KEYS, pl.col(names).cast(pl.Float64).fill_nan(None)).drop_nulls()
    rows = rows.join(outcome, on=KEYS, how="left", maintain_order="left")
    train = rows.filter((pl.col("ts") <= border) & (pl.col(LABEL_END) <= border)).sort("ts", "symbol")
    if train.is_empty():
        raise InsufficientHistory(f"no row with features and outcome lies before {border:%Y-%m-%d}")
    model = kind()
    fitted = model.fit(train.select(names).to_numpy(), train[LABEL].to_numpy())
    answer = _asked(model if fitted is None else fitted, rows.select(names).to_numpy())
    known = pl.max_horizontal(pl.col("ts"), pl.lit(border, dtype=pl.Datetime("us", "UTC"))).alias(KNOWN_AT)
    return rows.select(*KEYS, known).with_columns(**answer)


def _asked(model: Any, X: Floats) -> dict[str, Floats]:
    if hasattr(model, "predict_proba"):
        proba = np.asarray(model.predict_proba(X))
        classes = getattr(model, "classes_", range(proba.shape[1]))
        return {f"p({label})": np.ascontiguousarray(proba[:, at]) for at, label in enumerate(classes)}
    return {"prediction": np.asarray(model.predict(X))}
