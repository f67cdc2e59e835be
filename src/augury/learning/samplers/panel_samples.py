"""The samples of a cross-section: for each row of a panel, the L rows of its symbol that end there.

    targets = panel_targets(bars, (1, 5, 10, 20))
    samples = PanelSamples.of_frame(table.frame, roles, targets, lookback=20, manifest=table.manifest)
    x = samples.gather(rows)                      # (n, L, F) float32

A row is found through its symbol and date, never through its place in a file. Nothing is copied per
sample: a batch is picked out of the rows when it is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from itertools import pairwise
from typing import Final, Protocol

import numpy as np
import polars as pl

from augury.core.bars import TIMESTAMP
from augury.core.errors import DataError, InsufficientHistory, UsageError
from augury.core.hashing import sha256_json
from augury.core.manifest import FeatureManifest
from augury.core.typing import Bools, Features, Ints
from augury.data.arrow_cache import ArrowCache
from augury.data.panel.roles import VALID, Roles
from augury.features.panel.same_day import NAMES_MIN, same_day_zscore
from augury.learning.samplers.panel_targets import PanelTargets

LOOKBACK: Final = 20
UNKNOWN: Final = np.iinfo(np.int64).max
"""Where a ``label_end`` is not known: later than every day."""
_KEYS: Final = ["ts", "symbol"]
_WHOLE: Final = f"{VALID}features"


class _Rows(Protocol):
    """Rows of inputs by number."""

    def rows(self, rows: slice) -> Features: ...


@dataclass(frozen=True)
class _InMemory:
    matrix: Features

    def rows(self, rows: slice) -> Features:
        return self.matrix[rows]


@dataclass(frozen=True)
class PanelSamples:
    """A panel as a network reads it. Rows are sorted on (ts, symbol); a day is a run of rows.

    Parameters
    ----------
    source : object
        Gives ``rows(slice) -> (n, F)`` float32: standardised features, then flags; NaN where a value is
        not known. An :class:`~augury.data.arrow_cache.ArrowCache` is one, and stays mapped.
    inputs : tuple of str
        Names of the F columns, features first.
    symbols : tuple of str
        Every symbol, sorted.
    codes : array (n_rows,)
        Which symbol a row is of, as a place in ``symbols``.
    days : pl.Series
        The different ``ts``, ascending.
    day_starts : array (n_days + 1,)
        First row of each day, and behind the last one the number of rows.
    targets : array (n_rows, H) float32
        Forward returns; NaN where not known, never 0.
    label_end : array (n_rows, H) int64
        When each is known, µs UTC; ``UNKNOWN`` where it is not.
    horizons : tuple of int
    reach_rows : int
        Rows ahead that decide the longest label: the least purge, in days.
    lookback : int
        L, rows of a sample.
    manifest_hash, data_version : str
        What the inputs were computed by, and from.
    """

    source: _Rows
    inputs: tuple[str, ...]
    symbols: tuple[str, ...]
    codes: Ints
    days: pl.Series
    day_starts: Ints
    targets: Features
    label_end: Ints
    horizons: tuple[int, ...]
    reach_rows: int
    lookback: int
    manifest_hash: str
    data_version: str = ""

    def __post_init__(self) -> None:
        if self.lookback < 1:
            raise UsageError(f"lookback={self.lookback} is below 1")
        if not self.inputs:
            raise UsageError("a panel without features teaches nothing: declare columns as feature")

    @classmethod
    def of_frame(
        cls,
        frame: pl.DataFrame,
        roles: Roles,
        targets: PanelTargets,
        *,
        lookback: int = LOOKBACK,
        manifest: FeatureManifest | None = None,
        data_version: str = "",
        least: int = NAMES_MIN,
    ) -> PanelSamples:
        """Make samples of a frame of features: standardised within each day, flags as 0 and 1.

        Parameters
        ----------
        frame : pl.DataFrame
            ``symbol, ts``, features and flags, one row for each symbol and day, in any order.
        roles : Roles
            Only what is declared feature or flag is read. Without a flag,
            ``valid_features`` is added: 1 where every feature is known.
        targets : PanelTargets
            Joined on symbol and ts; rows they lack have no target.
        lookback : int
            Rows of a sample, default 20.
        manifest : FeatureManifest, optional
            Of the features; refused when it names others. Its hash goes into the trained model.
        data_version : str
        least : int
            Names a day needs to be standardised, default 20; with fewer its values are not known.

        Raises
        ------
        LeakError
            A target is declared as an input.
        SchemaMismatch
            A declared column is missing, or differs from the manifest.
        DataError
            Two rows of one symbol on one day.
        """
        chosen = roles.select(frame)
        features, flags = roles.named("feature"), roles.named("flag")
        if manifest is not None:
            manifest.check(features)
        keyed = frame.select(_KEYS).hstack(chosen.select(features)).with_columns(pl.col("ts").cast(TIMESTAMP))
        scaled = same_day_zscore(keyed, features, least=least).frame
        stated = _stated(chosen, scaled, features, flags)
        ordered = scaled.hstack(stated).sort(_KEYS)
        inputs = (*features, *stated.columns)
        matrix = np.empty((ordered.height, len(inputs)), np.float32)
        for at, name in enumerate(inputs):
            matrix[:, at] = ordered[name].to_numpy()
        identity = manifest.hash if manifest is not None else sha256_json(list(inputs))
        return cls._of(_InMemory(matrix), inputs, ordered.select(_KEYS), targets, lookback, identity, data_version)

    @classmethod
    def of_cache(
        cls, cache: ArrowCache, targets: PanelTargets, *, lookback: int = LOOKBACK, least: int = NAMES_MIN
    ) -> PanelSamples:
        """Make samples of a cache whose features were standardised within their day before it was built.

        The numbers stay in the mapped file. A cache of raw features is refused, since a network can not
        read them: standardise the panel (``same_day_zscore``), then build.

        Raises
        ------
        DataError
            The features of some day are not standardised.
        """
        _check_standardised(cache, least)
        keys = pl.DataFrame({"ts": cache.column("ts"), "symbol": cache.column("symbol").cast(pl.String)})
        identity = cache.facts.manifest_hash or sha256_json(list(cache.inputs))
        version = cache.facts.source_sha256
        return cls._of(cache, cache.inputs, keys, targets, lookback, identity, version)

    @classmethod
    def _of(
        cls,
        source: _Rows,
        inputs: tuple[str, ...],
        keys: pl.DataFrame,
        targets: PanelTargets,
        lookback: int,
        manifest_hash: str,
        data_version: str,
    ) -> PanelSamples:
        if keys.is_duplicated().any():
            twice = keys.filter(keys.is_duplicated()).row(0)
            raise DataError(f"{twice[1]} has two rows at {twice[0]}: one row for each symbol and day")
        joined = keys.join(targets.frame, on=_KEYS, how="left", maintain_order="left")
        values = joined.select(pl.col(name).cast(pl.Float32) for name in targets.columns)
        ends = joined.select(pl.col(name).cast(TIMESTAMP).dt.timestamp("us") for name in targets.ends)
        ends = ends.select(pl.when(pl.all().is_not_null()).then(pl.all()).otherwise(UNKNOWN))
        symbols = keys["symbol"].unique().sort()
        codes = keys["symbol"].cast(pl.Enum(symbols)).to_physical().to_numpy().astype(np.int64)
        stamps = keys["ts"].cast(TIMESTAMP).dt.timestamp("us").to_numpy()
        starts = np.concatenate([[0], np.flatnonzero(np.diff(stamps)) + 1, [len(stamps)]]).astype(np.int64)
        return cls(
            source,
            inputs,
            tuple(symbols.to_list()),
            codes,
            keys["ts"].cast(TIMESTAMP).gather(starts[:-1]),
            starts,
            values.to_numpy().astype(np.float32),
            ends.to_numpy().astype(np.int64),
            targets.horizons,
            targets.reach_rows,
            lookback,
            manifest_hash,
            data_version,
        )

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def n_features(self) -> int:
        """Columns a network reads."""
        return len(self.inputs)

    @cached_property
    def day_of(self) -> Ints:
        """Number of the day of each row."""
        return np.repeat(np.arange(len(self.days)), np.diff(self.day_starts))

    @cached_property
    def stamps(self) -> Ints:
        """Each day as µs UTC."""
        return self.days.dt.timestamp("us").to_numpy().astype(np.int64)

    @cached_property
    def mask(self) -> Bools:
        """Where a target is known, ``(n_rows, H)``."""
        found: Bools = np.isfinite(self.targets)
        return found

    @cached_property
    def _by_symbol(self) -> tuple[Ints, Ints, Bools]:
        """Rows sorted on (symbol, ts); the place of each row among them; whether L rows end there."""
        order = np.argsort(self.codes, kind="stable")
        place = np.empty(len(order), np.int64)
        place[order] = np.arange(len(order))
        firsts = np.searchsorted(self.codes[order], np.arange(len(self.symbols)))
        return order, place, place - firsts[self.codes] >= self.lookback - 1

    @property
    def complete(self) -> Bools:
        """Rows at which a sample ends: their symbol has ``lookback`` rows by then."""
        return self._by_symbol[2]

    def history(self, rows: Ints) -> Ints:
        """Return the rows of each sample, oldest first, ``(n, L)``.

        Raises
        ------
        InsufficientHistory
            A symbol has fewer than ``lookback`` rows by then.
        """
        order, place, complete = self._by_symbol
        if not complete[rows].all():
            short = int(rows[~complete[rows]][0])
            name, day = self.symbols[self.codes[short]], self.days[int(self.day_of[short])]
            raise InsufficientHistory(f"{name} has fewer than {self.lookback} rows up to {day:%Y-%m-%d}")
        steps = np.arange(1 - self.lookback, 1)
        found: Ints = order[place[rows][:, None] + steps]
        return found

    def gather(self, rows: Ints, out: Features | None = None) -> Features:
        """Return the inputs of samples, ``(n, L, F)``, oldest step first; what is not known is 0.

        0 is the mean of the day after standardising, and the flags tell it from a value that is the mean.

        Parameters
        ----------
        rows : Ints
            Rows at which the samples end, in the order of the days.
        out : Features, optional
            At least n samples long; reused memory saves the time of getting it.
        """
        held = np.empty((len(rows), self.lookback, self.n_features), np.float32) if out is None else out[: len(rows)]
        flat = self.history(rows)
        # Day by day: the rows of one day's samples lie near each other, so a mapped file gives them as a view.
        cuts = np.flatnonzero(np.diff(self.day_of[rows])) + 1
        for first, end in pairwise([0, *cuts.tolist(), len(rows)] if len(rows) else []):
            low, high = int(flat[first:end].min()), int(flat[first:end].max()) + 1
            # mode="clip" writes straight into the buffer; every place was made from a row, so none is clipped.
            near = self.source.rows(slice(low, high))
            np.take(near, flat[first:end] - low, axis=0, out=held[first:end], mode="clip")
        np.copyto(held, np.float32(0.0), where=np.isnan(held))
        return held

    def last(self, rows: Ints) -> Features:
        """Return the inputs of rows alone ``(n, F)``, as trees read them: NaN where a value is not known."""
        found = np.empty((len(rows), self.n_features), np.float32)
        for day in np.unique(self.day_of[rows]).tolist():
            first, end = (int(self.day_starts[at]) for at in (day, day + 1))
            low, high = np.searchsorted(rows, (first, end))
            found[low:high] = self.source.rows(slice(first, end))[rows[low:high] - first]
        return found

    def known_before(self, moment: datetime) -> PanelSamples:
        """Return the same rows with every target that becomes known on or after a moment taken away."""
        late = self.label_end >= np.datetime64(moment.replace(tzinfo=None), "us").astype(np.int64)
        return replace(self, targets=np.where(late, np.float32(np.nan), self.targets))

    def span(self, first: datetime, last: datetime) -> Ints:
        """Return the numbers of the days from ``first`` to ``last``, both included."""
        low = int(self.days.search_sorted(first, side="left"))
        return np.arange(low, int(self.days.search_sorted(last, side="right")))

    def rows_of(self, days: Ints) -> Ints:
        """Return the rows of whole days at which a sample ends."""
        parts = [np.arange(self.day_starts[day], self.day_starts[day + 1]) for day in days.tolist()]
        rows = np.concatenate(parts) if parts else np.empty(0, np.int64)
        found: Ints = rows[self.complete[rows]]
        return found


def _stated(
    chosen: pl.DataFrame, scaled: pl.DataFrame, features: tuple[str, ...], flags: tuple[str, ...]
) -> pl.DataFrame:
    """Flags as 0 and 1; all are 0 where a day was too thin to standardise a value, which is 0 from then on."""
    if not flags:
        whole = pl.all_horizontal(pl.col(name).is_not_null() for name in features)
        return scaled.select(whole.cast(pl.Float32).alias(_WHOLE))
    lost = np.zeros(chosen.height, dtype=np.bool_)
    for name in features:
        lost |= (scaled[name].is_null() & chosen[name].is_not_null()).to_numpy()
    return chosen.select(
        (pl.col(name).cast(pl.Boolean) & ~pl.Series(lost)).cast(pl.Float32).alias(name) for name in flags
    )


def _check_standardised(cache: ArrowCache, least: int) -> None:
    """Look at some days: the mean of a standardised feature is near 0 and nothing is far from it."""
    features = len(cache.roles.named("feature"))
    for number in np.linspace(0, len(cache.days) - 1, 12).astype(np.int64).tolist():
        x = cache.of_days(np.array([number]))[:, :features]
        enough = np.isfinite(x).sum(axis=0) >= least
        if not enough.any():
            continue
        chosen = x[:, enough]
        if np.nanmax(np.abs(chosen)) > 5.001 or np.abs(np.nanmean(chosen, axis=0)).max() > 1.0:
            raise DataError(
                f"the cache {cache.path.name} holds features as they are on {cache.days[number]:%Y-%m-%d}: a network "
                "reads them standardised within the day; standardise the panel, then build the cache"
            )
