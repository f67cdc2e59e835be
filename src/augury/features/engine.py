"""The engine: bars become a table of features.

    values = engine.build(bars)          # symbol, ts, one float32 column per feature

Formulas are terms (``language``), arranged once into a program (``program``) and run symbol by
symbol by a small compiled machine (``machine``) on every core. A window is computed afresh from the
bars inside it, so a value is equal bit for bit on a cut history, alone or in a panel, in a batch or
one bar at a time, and on any number of threads. Warm-up rows are null by row number, whatever a
formula gave.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
import polars as pl
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from augury.core.bars import Bars
from augury.core.clock import iso
from augury.core.errors import DataError, SchemaMismatch
from augury.core.manifest import FeatureManifest
from augury.core.tables import FeatureTable
from augury.core.typing import Floats, Ints
from augury.data.calendar import market_calendar
from augury.data.knowledge.asset_class import sessions_a_year
from augury.features import machine
from augury.features.feature_sets import catalogue, inputs_of, manifest_for
from augury.features.language import Term
from augury.features.program import Program, compile_terms

_PRICES: Final = ("open", "high", "low", "close")


def build(
    bars: Bars, feature_set: str | FeatureManifest = "starter", *, beside: pl.DataFrame | None = None
) -> FeatureTable:
    """Compute a feature set for every bar.

    Looks back ``lookback_bars - 1`` bars at most (recursive averages: to the symbol's first bar)
    and ahead 0 bars. Computed in float64, stored as float32.

    Parameters
    ----------
    bars : Bars
        Sorted and unique on (symbol, ts); prices finite and > 0.
    feature_set : str or FeatureManifest
        A set's name, or the manifest of a stored version, which must be reproducible here.
    beside : pl.DataFrame, optional
        ``symbol, ts`` and further columns known at the close of those bars, such as the news
        scores of a session; features that read a column nobody gives are absent.

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
    manifest = _manifest(bars, feature_set, beside)
    starts = symbol_starts(bars.frame)
    columns = leaf_frame(bars, manifest, beside)
    program = program_of(manifest)
    parts = machine.segments(starts, bars.frame.height)
    answer = machine.run(program, leaf_columns(program, columns, parts), parts)
    refuse_infinite(answer.infinite, manifest, bars.frame)
    values = [pl.Series(name, answer.values[i], nan_to_null=True) for i, name in enumerate(manifest.names)]
    frame = bars.frame.select("symbol", "ts").hstack(values)
    return FeatureTable(frame, manifest, bars.data_version)


def _manifest(bars: Bars, feature_set: str | FeatureManifest, beside: pl.DataFrame | None) -> FeatureManifest:
    if isinstance(feature_set, str):
        return manifest_for(bars, feature_set, beside=beside)
    known = inputs_of(bars, beside, {name for spec in feature_set.features for name in spec.inputs})
    entries = catalogue()
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
    runs = frame["symbol"].rle().struct.unnest()
    starts = np.concatenate([[0], np.cumsum(runs["len"].to_numpy())[:-1]]).astype(np.int64)[: runs.height]
    names, ts = runs["value"], frame["ts"].to_physical().to_numpy()
    later = ts[1:] > ts[:-1]
    later[starts[1:] - 1] = (names[1:] > names[:-1]).to_numpy()
    if not later.all():
        row = int(later.argmin()) + 1
        raise DataError(
            f"bars are not sorted and unique on (symbol, ts): row {row} is {_place(frame, row)}",
            fix="augury data check FILE",
        )
    return starts


def leaf_frame(bars: Bars, manifest: FeatureManifest, beside: pl.DataFrame | None = None) -> dict[str, Floats]:
    """The columns that are read, as float64; prices must be finite and positive, the rest NaN where null.

    Raises
    ------
    DataError
        Naming the first impossible value and its bar.
    """
    read = {name for spec in manifest.features for name in spec.inputs}
    frame = bars.frame
    if beside is not None and (more := sorted(read.intersection(beside.columns) - set(frame.columns))):
        frame = frame.join(beside.select("symbol", "ts", *more), on=["symbol", "ts"], how="left", maintain_order="left")
    if "bars_per_year" in read:
        frame = frame.with_columns(pl.lit(bars_per_year(bars)).alias("bars_per_year"))
    columns = {name: frame[name].cast(pl.Float64).to_numpy() for name in sorted(read)}
    for name in _PRICES:
        if name in read:
            wrong = ~(np.isfinite(columns[name]) & (columns[name] > 0.0))
            _refuse(wrong, bars.frame, name, "features need finite prices above 0")
    if "volume" in read:
        known = bars.frame["volume"].is_not_null().to_numpy()
        wrong = known & ~(np.isfinite(columns["volume"]) & (columns["volume"] >= 0.0))
        _refuse(wrong, bars.frame, "volume", "a volume is finite and not negative, or null when unknown")
    return columns


def bars_per_year(bars: Bars) -> float:
    """How many bars of their timeframe the bars' market has in a year; what annualises a volatility."""
    sessions = sessions_a_year(bars.calendar)
    return sessions * bars.timeframe.bars_per_session(market_calendar(bars.calendar))


def program_of(manifest: FeatureManifest) -> Program:
    """Arrange the work for a manifest; once for the same formulas."""
    features = [catalogue()[spec.name][1] for spec in manifest.features]
    return _compiled(tuple(f.formula for f in features), tuple(f.lookback_bars for f in features))


@lru_cache(maxsize=64)
def _compiled(terms: tuple[Term, ...], lookbacks: tuple[int, ...]) -> Program:
    return compile_terms(terms, lookbacks)


def leaf_columns(program: Program, columns: dict[str, Floats], parts: NDArray[np.void]) -> list[Floats]:
    """The columns a program points at: those given, and what ``rolling`` terms make of them.

    Parameters
    ----------
    program : Program
        Its ``columns`` say what is wanted.
    columns : dict
        Columns by name, the symbols one after the other.
    parts : array of SEGMENT
        Which rows belong to which symbol.
    """
    return [columns[item] if isinstance(item, str) else _rolled(item, columns, parts) for item in program.columns]


def _rolled(term: Term, columns: dict[str, Floats], parts: NDArray[np.void]) -> Floats:
    """Give the function of a ``rolling`` term its windows, symbol by symbol."""
    bars, function = term.numbers
    assert isinstance(bars, int)
    assert callable(function)
    program = compile_terms(term.args, [1] * len(term.args))
    whole = parts.copy()
    whole["skip"], whole["target"], whole["stateful"] = 0, whole["start"], 0
    operands = machine.run(program, leaf_columns(program, columns, parts), whole, double=True).values
    out = np.full(operands.shape[1], np.nan)
    for start, rows in zip(parts["start"].tolist(), parts["rows"].tolist(), strict=True):
        if rows >= bars:
            windows = [sliding_window_view(x[start : start + rows], bars) for x in operands]
            out[start + bars - 1 : start + rows] = function(*windows)
    return out


def _refuse(wrong: NDArray[np.bool_], frame: pl.DataFrame, name: str, rule: str) -> None:
    if wrong.any():
        row = int(wrong.argmax())
        raise DataError(f"{name} of {_place(frame, row)} is {frame[name][row]}: {rule}", fix="augury data check FILE")


def refuse_infinite(infinite: Ints, manifest: FeatureManifest, frame: pl.DataFrame) -> None:
    """Refuse results that came out infinite.

    Raises
    ------
    DataError
        Naming the feature and the bar.
    """
    for i, row in enumerate(infinite.tolist()):
        if row >= 0:
            name = manifest.names[i]
            raise DataError(f"feature '{name}' is infinite at {_place(frame, row)}", feature=name)


def _place(frame: pl.DataFrame, row: int) -> str:
    return f"{frame['symbol'][row]} {iso(frame['ts'][row])}"
