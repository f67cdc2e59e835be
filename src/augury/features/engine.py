"""The engine: bars become a table of features, one pass over blocks of whole symbols.

    values = engine.build(bars)          # symbol, ts, one float32 column per feature

Formulas are NumPy over columns; windows are trees of shifted additions (``windows``), so a value
depends on the bars inside its window and on nothing else: it is equal bit for bit on a cut
history, alone or in a panel, and on any number of threads. Recursive averages run forward from
each symbol's first bar. Warm-up rows are null by row number, whatever a formula gave.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from augury.core.bars import Bars
from augury.core.clock import iso
from augury.core.errors import DataError, SchemaMismatch
from augury.core.manifest import FeatureManifest
from augury.core.tables import FeatureTable
from augury.core.typing import Floats, Ints
from augury.features.block import Block
from augury.features.feature_sets import catalogue, inputs_of, manifest_for

BLOCK_ROWS: Final = 32_768
"""Rows per block: a column of this length stays in the second-level cache."""
_PRICES: Final = ("open", "high", "low", "close")
_COLUMNS: Final = (*_PRICES, "volume")


def build(bars: Bars, feature_set: str | FeatureManifest = "technical") -> FeatureTable:
    """Compute a feature set for every bar.

    Looks back ``lookback_bars - 1`` bars at most (recursive averages: to the symbol's first bar)
    and ahead 0 bars. Computed in float64, stored as float32.

    Parameters
    ----------
    bars : Bars
        Sorted and unique on (symbol, ts); prices finite and > 0.
    feature_set : str or FeatureManifest
        A set's name, or the manifest of a stored version, which must be reproducible here.

    Returns
    -------
    FeatureTable
        Every bar of ``bars``, in order. A value is null until ``lookback_bars`` bars exist, and
        where its definition has no value (no volume traded, no price movement to divide by).

    Raises
    ------
    UnknownName
        No such set.
    DataError
        Unsorted or repeated rows, a price that is null, non-finite or <= 0, or a feature that came
        out infinite; each with symbol and ts.
    SchemaMismatch
        The stored manifest has features, or versions of them, that these bars or this release lack.

    Examples
    --------
    >>> from datetime import UTC, datetime, timedelta
    >>> from augury.core.timeframe import Timeframe
    >>> days = [datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=k) for k in range(3)]
    >>> rows = {"symbol": ["A"] * 3, "ts": days, "open": [1.0, 1.0, 1.1], "high": [1.2, 1.2, 1.2],
    ...         "low": [0.9, 1.0, 1.0], "close": [1.0, 1.1, 1.1], "volume": [5.0, 6.0, 7.0]}
    >>> frame = pl.DataFrame(rows, schema_overrides={"ts": pl.Datetime("us", "UTC")})
    >>> build(Bars(frame, Timeframe.D1)).frame["returns"].cast(pl.Float64).round(4).to_list()
    [None, 0.1, 0.0]
    """
    manifest = _manifest(bars, feature_set)
    starts = symbol_starts(bars.frame)
    columns = _columns(bars, manifest)
    age = np.arange(bars.frame.height) - np.repeat(starts, np.diff(np.append(starts, bars.frame.height)))
    out = np.empty((len(manifest.names), bars.frame.height), dtype=np.float32)
    for first, last, block in _blocks(columns, starts):
        _fill(out[:, first:last], block, manifest, age[first:last])
    _refuse_infinite(out, manifest, bars.frame)
    values = [pl.Series(name, out[i], nan_to_null=True) for i, name in enumerate(manifest.names)]
    return FeatureTable(bars.frame.select("symbol", "ts").with_columns(values), manifest, bars.data_version)


def _manifest(bars: Bars, feature_set: str | FeatureManifest) -> FeatureManifest:
    if isinstance(feature_set, str):
        return manifest_for(bars, feature_set)
    known, entries = inputs_of(bars), catalogue()
    for spec in feature_set.features:
        if spec.name not in entries or entries[spec.name][1].version != spec.version:
            raise SchemaMismatch(f"this release does not have feature '{spec.name}' version {spec.version}")
        if lacking := sorted(set(spec.inputs) - known):
            raise SchemaMismatch(f"feature '{spec.name}' needs {lacking}, which these bars do not have")
    return feature_set


def symbol_starts(frame: pl.DataFrame) -> Ints:
    """Return the first row of each symbol.

    Parameters
    ----------
    frame : pl.DataFrame
        With ``symbol`` and ``ts``.

    Raises
    ------
    DataError
        Rows are not sorted and unique on (symbol, ts), naming the first that is not.
    """
    changed = (frame["symbol"] != frame["symbol"].shift(1)).fill_null(value=True)
    later = (frame["ts"] > frame["ts"].shift(1)).fill_null(value=True)
    ordered = (later | changed) & (~changed | (frame["symbol"] >= frame["symbol"].shift(1)).fill_null(value=True))
    if not ordered.all():
        row = int(ordered.arg_min() or 0)
        raise DataError(
            f"bars are not sorted and unique on (symbol, ts): row {row} is {_place(frame, row)}",
            fix="augury data check FILE",
        )
    return changed.arg_true().to_numpy().astype(np.int64)


def _columns(bars: Bars, manifest: FeatureManifest) -> dict[str, Floats]:
    """The bar columns as float64; prices that are read must be finite and positive."""
    read = {name for spec in manifest.features for name in spec.inputs} | {"close"}
    columns = {name: bars.frame[name].cast(pl.Float64).to_numpy() for name in _COLUMNS}
    for name in _PRICES:
        if name in read:
            wrong = ~(np.isfinite(columns[name]) & (columns[name] > 0.0))
            _refuse(wrong, bars.frame, name, "features need finite prices above 0")
    if "volume" in read:
        known = bars.frame["volume"].is_not_null().to_numpy()
        wrong = known & ~(np.isfinite(columns["volume"]) & (columns["volume"] >= 0.0))
        _refuse(wrong, bars.frame, "volume", "a volume is finite and not negative, or null when unknown")
    return columns


def _refuse(wrong: NDArray[np.bool_], frame: pl.DataFrame, name: str, rule: str) -> None:
    if wrong.any():
        row = int(wrong.argmax())
        raise DataError(f"{name} of {_place(frame, row)} is {frame[name][row]}: {rule}", fix="augury data check FILE")


def _blocks(columns: dict[str, Floats], starts: Ints) -> Iterator[tuple[int, int, Block]]:
    """Cut after whole symbols, so that no window and no average is torn."""
    n = len(columns["close"])
    borders = np.append(starts, n)
    first = 0
    while first < len(starts):
        last = max(first + 1, int(np.searchsorted(borders, borders[first] + BLOCK_ROWS, side="right")) - 1)
        a, b = int(borders[first]), int(borders[last])
        yield a, b, Block({name: x[a:b] for name, x in columns.items()}, starts[first:last] - a)
        first = last


def _fill(out: NDArray[np.float32], block: Block, manifest: FeatureManifest, age: Ints) -> None:
    entries = catalogue()
    warming: dict[int, NDArray[np.bool_]] = {}
    # Undefined values are NaN on purpose, and rows that mix two symbols are masked below.
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        for i, spec in enumerate(manifest.features):
            out[i] = entries[spec.name][1].formula(block)
            young = warming.setdefault(spec.lookback_bars, age < spec.lookback_bars - 1)
            out[i][young] = np.nan


def _refuse_infinite(out: NDArray[np.float32], manifest: FeatureManifest, frame: pl.DataFrame) -> None:
    for i, name in enumerate(manifest.names):
        infinite = np.isinf(out[i])
        if infinite.any():
            row = int(infinite.argmax())
            raise DataError(f"feature '{name}' is infinite at {_place(frame, row)}", feature=name)


def _place(frame: pl.DataFrame, row: int) -> str:
    return f"{frame['symbol'][row]} {iso(frame['ts'][row])}"
