"""Null data: bars and tables in which there is nothing to find, so that whatever is found is the pipeline's own.

=================  ====================================================================  ==================
kind               what it is                                                            what it catches
=================  ====================================================================  ==================
shuffled_target    the same features, outcomes dealt out to other rows                   scoring fitted rows
noise_features     the same outcomes, features drawn from a normal law, closes walking   memory of outcomes
random_walk        new bars: the days of the real ones drawn again in any order          features that look
                                                                                         ahead
=================  ====================================================================  ==================
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
import polars as pl

from augury.core.bars import Bars
from augury.core.errors import UnknownName
from augury.core.seeds import derive
from augury.core.suggestion import did_you_mean
from augury.core.tables import FORWARD_RETURN, LABEL, LabelledTable

TABLE_KINDS: Final = ("shuffled_target", "noise_features")
RANDOM_WALK: Final = "random_walk"
KINDS: Final = (*TABLE_KINDS, RANDOM_WALK)


def null_table(labelled: LabelledTable, kind: str, seed: int) -> LabelledTable:
    """Return the rows of a table with the tie between features and outcomes cut.

    Everything else stays: symbols, times, ``label_end``, the share of each class.

    Parameters
    ----------
    labelled : LabelledTable
        Known rows.
    kind : str
        ``shuffled_target`` or ``noise_features``; a random walk needs new bars, see
        :func:`random_walk`.
    seed : int

    Raises
    ------
    UnknownName
        No such kind.
    """
    if kind not in TABLE_KINDS:
        raise UnknownName(
            f"unknown null table '{kind}'{did_you_mean(kind, TABLE_KINDS)} (known: {', '.join(TABLE_KINDS)})"
        )
    rng = np.random.default_rng(derive(seed, "null", kind))
    frame = labelled.frame
    if kind == "shuffled_target":
        dealt = frame.select(FORWARD_RETURN, LABEL)[rng.permutation(frame.height)]
        return labelled.with_frame(frame.with_columns(dealt.get_columns()))
    noise = rng.standard_normal((frame.height, len(labelled.manifest.names))).astype(np.float32)
    columns = [pl.Series(name, noise[:, at]) for at, name in enumerate(labelled.manifest.names)]
    walk = None if labelled.bars is None else random_walk(labelled.bars, seed)
    return replace(labelled.with_frame(frame.with_columns(columns)), bars=walk)


def random_walk(bars: Bars, seed: int) -> Bars:
    """Return bars whose days follow one another by chance: a random walk with the days' own shapes.

    Each bar is one of the real ones drawn with replacement: its gap from the close before, its high
    and low against its open, its move and its volume stay together. Time stamps stay.

    Parameters
    ----------
    bars : Bars
        Prices above 0; open, high and low known.
    seed : int

    Examples
    --------
    >>> from augury.data.synthetic import SyntheticMarket
    >>> real = SyntheticMarket(n_symbols=1, n_bars=300).bars()
    >>> walk = random_walk(real, seed=1)
    >>> walk.frame["ts"].equals(real.frame["ts"]), walk.frame["close"].equals(real.frame["close"])
    (True, False)
    """
    parts = [_walk(part, derive(seed, "null", RANDOM_WALK, str(part["symbol"][0]))) for part in
             bars.frame.partition_by("symbol", maintain_order=True)]  # fmt: skip
    return bars.with_frame(pl.concat(parts).select(bars.frame.columns))


def _walk(frame: pl.DataFrame, seed: int) -> pl.DataFrame:
    drawn = np.random.default_rng(seed).integers(1, max(2, frame.height), frame.height)
    before = pl.col("close").shift(1)
    shapes = frame.with_columns(
        (pl.col("close") / before).log().alias("step"),
        *[(pl.col(name) / pl.col("close")).alias(f"{name}_shape") for name in ("open", "high", "low")],
    )[drawn]
    steps = shapes["step"].to_numpy().copy()
    steps[0] = 0.0
    close = pl.Series("close", float(frame["close"][0]) * np.exp(np.cumsum(steps)))
    prices = [(shapes[f"{name}_shape"] * close).alias(name) for name in ("open", "high", "low")]
    more = [close.alias("adj_close")] if "adj_close" in frame.columns else []
    return frame.with_columns(close, *prices, shapes["volume"], *more)
