"""Feature and label tables: frames with the manifest and the spec that make sense of them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl

from augury.core.bars import Bars
from augury.core.errors import LeakError
from augury.core.labelspec import LabelSpec
from augury.core.manifest import FeatureManifest
from augury.core.typing import Codes, Features, Floats

FORWARD_RETURN = "fwd_ret"
PAST_RETURN = "past_ret"
VOLATILITY = "vol"
LABEL = "label"
LABEL_END = "label_end"


@dataclass(frozen=True)
class FeatureTable:
    """Features of closed bars.

    Parameters
    ----------
    frame : pl.DataFrame
        ``symbol, ts``, then one float32 column per feature in manifest order, sorted on
        (symbol, ts). Null until a feature's lookback is full; never filled.
    manifest : FeatureManifest
        The columns, in order.
    data_version : str
        Content hash of the bars they were computed from.
    """

    frame: pl.DataFrame
    manifest: FeatureManifest
    data_version: str

    @property
    def X(self) -> Features:  # noqa: N802 - the field's own name for the design matrix
        """The design matrix, ``(n_rows, n_features)`` float32, C order; nulls are NaN."""
        return _matrix(self.frame, self.manifest)


@dataclass(frozen=True)
class LabelledTable:
    """Features, and for each row what followed.

    Parameters
    ----------
    frame : pl.DataFrame
        ``symbol, ts``, features, then ``past_ret`` (the h-bar return up to this bar, known),
        ``vol`` (causal volatility of one-bar returns, per bar), ``fwd_ret`` (the h-bar return
        after this bar), ``label`` (Int8 code -1, 0, +1) and ``label_end`` (the ``ts`` of the bar
        whose close decides the label). A row without outcome has nulls in the last three.
    manifest : FeatureManifest
    spec : LabelSpec
    data_version : str
    bars : Bars, optional
        What the rows were made from, whole: a part of the rows still knows the history before it.
        Whoever reads it looks no further than the row it answers for.
    """

    frame: pl.DataFrame
    manifest: FeatureManifest
    spec: LabelSpec
    data_version: str
    bars: Bars | None = field(default=None, repr=False, compare=False)

    def __len__(self) -> int:
        return self.frame.height

    @property
    def X(self) -> Features:  # noqa: N802 - the field's own name for the design matrix
        """The design matrix, ``(n_rows, n_features)`` float32, C order."""
        return _matrix(self.frame, self.manifest)

    @property
    def y(self) -> Codes:
        """Label codes, ``(n_rows,)``; the table must hold known labels only."""
        return self._known(LABEL).to_numpy().astype(np.int8)

    @property
    def forward_returns(self) -> Floats:
        """Simple returns over the horizon after each row, ``(n_rows,)``."""
        return self._known(FORWARD_RETURN).to_numpy().astype(np.float64)

    def column(self, name: str) -> Floats:
        """A numeric column as float64, nulls as NaN."""
        return self.frame[name].cast(pl.Float64).to_numpy().astype(np.float64)

    def known(self) -> LabelledTable:
        """Return the rows whose features and label are all known."""
        return self.with_frame(self.frame.drop_nulls([*self.manifest.names, LABEL]))

    def with_frame(self, frame: pl.DataFrame) -> LabelledTable:
        """Return the same description around other rows."""
        return replace(self, frame=frame)

    def restricted(self, manifest: FeatureManifest) -> LabelledTable:
        """Return the same rows with only the features of a smaller manifest."""
        dropped = [name for name in self.manifest.names if name not in set(manifest.names)]
        return replace(self, frame=self.frame.drop(dropped), manifest=manifest)

    def _known(self, name: str) -> pl.Series:
        column = self.frame[name]
        if column.null_count():
            raise LeakError(f"{column.null_count()} rows have no {name} yet: mask them with known(), never fill them")
        return column


def _matrix(frame: pl.DataFrame, manifest: FeatureManifest) -> Features:
    own = set(manifest.names)
    manifest.check(tuple(name for name in frame.columns if name in own))
    if frame.height == 1:  # while somebody waits: one row read at once instead of a series a feature
        row = frame.row(0, named=True)
        values = [np.nan if row[name] is None else row[name] for name in manifest.names]
        return np.array([values], dtype=np.float64).astype(np.float32)
    columns = [frame[name].to_numpy() for name in manifest.names]
    return (
        np.ascontiguousarray(np.column_stack(columns), dtype=np.float32)
        if columns
        else np.empty((frame.height, 0), np.float32)
    )


@dataclass(frozen=True)
class Split:
    """A time-ordered division: the model sees ``train``, the report is made on ``valid``.

    ``label_end`` of every train row lies before the first ``ts`` of ``valid``: purged, asserted
    where it is built.
    """

    train: LabelledTable
    valid: LabelledTable
