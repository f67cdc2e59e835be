"""Structure labels: the printed reference, and what must not change them."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from augury.core.errors import DataError, UsageError
from augury.data.synthetic import SyntheticMarket
from augury.labels import expansion_factor, structure_labels, structure_of

REFERENCE = np.array(
    [
        (10, 10.5, 9.8, 10.4),
        (10.4, 10.6, 10.2, 10.25),
        (10.25, 10.4, 10.0, 10.26),
        (10.26, 11.8, 10.2, 11.7),
        (11.7, 11.9, 11.2, 11.25),
        (11.25, 11.3, 10.9, 11.0),
        (11.0, 11.1, 10.8, 11.05),
    ]
)


def some_bars(n: int = 400, seed: int = 5) -> np.ndarray:
    market = SyntheticMarket(n_symbols=1, n_bars=n, seed=seed).bars()
    return market.frame.select("open", "high", "low", "close").to_numpy()


def slow(bars: np.ndarray, factor: float) -> tuple[list[int], list[int], list[int]]:
    """The definitions once more, bar by bar."""
    o, h, low, c = bars.T
    n = len(bars)
    ranges = [0.0] + [max(h[t] - low[t], abs(h[t] - c[t - 1]), abs(low[t] - c[t - 1])) for t in range(1, n)]
    expansion, swing, candle = [0], [], []
    for t in range(1, n):
        eps = factor * np.mean(ranges[max(1, t - 13) : t + 1])
        before = slice(max(0, t - 5), t)
        expansion.append(int(h[t] > max(h[before]) + eps or low[t] < min(low[before]) - eps))
    for t in range(n):
        around = slice(t - 2, t + 3)
        if t < 2 or t >= n - 2:
            swing.append(0)
        else:
            swing.append(1 if h[t] == max(h[around]) else 2 if low[t] == min(low[around]) else 0)
        r = abs(c[t] - o[t]) / (h[t] - low[t]) if h[t] > low[t] else 0.0
        candle.append(3 if r < 0.1 else 2 if r < 0.3 else int(c[t] < o[t]))
    return expansion, swing, candle


def test_the_reference_bars_give_the_printed_labels() -> None:
    labels = structure_labels(REFERENCE, factor=1.0)
    assert labels.atr.round(4).tolist() == [0, 0.4, 0.4, 0.8, 0.775, 0.7, 0.6333]
    assert labels.expansion.tolist() == [0, 0, 0, 1, 0, 0, 0]
    assert labels.swing.tolist() == [0, 0, 0, 0, 1, 0, 0]
    assert labels.candle.tolist() == [0, 1, 3, 0, 1, 1, 2]
    assert structure_labels(REFERENCE).expansion.tolist() == [0] * 7


@pytest.mark.parametrize("factor", [0.5, 1.0, 2.0])
def test_labels_are_those_of_the_definitions_bar_by_bar(factor: float) -> None:
    bars = some_bars()
    labels = structure_labels(bars, factor)
    assert (labels.expansion.tolist(), labels.swing.tolist(), labels.candle.tolist()) == slow(bars, factor)


def test_windows_and_one_series_of_the_same_bars_agree() -> None:
    bars = some_bars(315).reshape(3, 105, 4)
    labels = structure_labels(bars, 1.0)
    assert labels.expansion.shape == labels.swing.shape == labels.candle.shape == labels.atr.shape == (3, 105)
    for at in range(3):
        alone = structure_labels(bars[at], 1.0)
        for task in ("expansion", "swing", "candle", "atr"):
            assert np.array_equal(getattr(labels, task)[at], getattr(alone, task))


def test_many_windows_are_labelled_in_blocks_without_a_seam() -> None:
    bars = np.tile(some_bars(105), (1500, 1, 1))
    labels = structure_labels(bars, 1.0)
    assert np.array_equal(labels.swing, np.broadcast_to(structure_labels(bars[0], 1.0).swing, labels.swing.shape))


def test_expansion_and_candle_never_see_a_later_bar_and_swing_sees_two() -> None:
    bars = some_bars()
    whole = structure_labels(bars, 1.0)
    for cut in (1, 2, 50, 211):
        part = structure_labels(bars[:cut], 1.0)
        assert np.array_equal(part.expansion, whole.expansion[:cut])
        assert np.array_equal(part.candle, whole.candle[:cut])
        assert np.array_equal(part.atr, whole.atr[:cut])
        assert np.array_equal(part.swing[: max(0, cut - 2)], whole.swing[: max(0, cut - 2)])


@pytest.mark.parametrize("scale", [2.0**-10, 4.0, 2.0**13])
def test_a_factor_on_all_prices_changes_no_label(scale: float) -> None:
    bars = some_bars()
    plain, scaled = structure_labels(bars, 1.0), structure_labels(bars * scale, 1.0)
    for task in ("expansion", "swing", "candle"):
        assert np.array_equal(getattr(plain, task), getattr(scaled, task))


def test_flat_bars_are_doji_and_a_high_wins_a_tie() -> None:
    labels = structure_labels(np.full((7, 4), 3.0))
    assert labels.candle.tolist() == [3] * 7
    assert labels.swing.tolist() == [0, 0, 1, 1, 1, 0, 0]
    assert labels.expansion.sum() == 0


def test_base_rates_show_what_a_constant_would_score() -> None:
    rates = structure_labels(some_bars(), 1.0).base_rates()
    expansion = rates.filter(pl.col("task") == "expansion")
    assert rates.group_by("task").agg(pl.col("share").sum())["share"].to_list() == pytest.approx([1.0] * 3)
    assert expansion["constant_accuracy"][0] == pytest.approx(max(expansion["share"]))
    assert expansion["constant_accuracy"][0] > 0.9
    assert expansion["constant_balanced_accuracy"][0] == 0.5


def test_the_expansion_factor_is_the_smallest_with_a_usable_share() -> None:
    bars = some_bars(2000)
    shares = {factor: structure_labels(bars, factor).expansion.mean() for factor in (1.0, 1.5, 2.0)}
    usable = [factor for factor, share in shares.items() if 0.005 <= share <= 0.05]
    assert expansion_factor(bars) == usable[0]
    with pytest.raises(DataError, match=r"1: \d+\.\d+%"):
        expansion_factor(bars, high=1e-9, low=0.0)


def test_every_symbol_of_a_panel_begins_anew() -> None:
    bars = SyntheticMarket(n_symbols=2, n_bars=60).bars()
    labels = structure_of(bars, 1.0)
    second = bars.of("SYN002").frame.select("open", "high", "low", "close").to_numpy()
    alone = structure_labels(second, 1.0)
    assert labels.filter(pl.col("symbol") == "SYN002")["swing_label"].to_list() == alone.swing.tolist()
    assert labels.columns == ["symbol", "ts", "expansion_label", "swing_label", "candle_label"]


def test_other_shapes_and_broken_numbers_are_refused() -> None:
    with pytest.raises(UsageError, match="found \\(5, 3\\)"):
        structure_labels(np.ones((5, 3)))
    with pytest.raises(UsageError, match="factor=0"):
        structure_labels(np.ones((5, 4)), 0.0)
    broken = np.ones((2, 5, 4))
    broken[1, 3, 2] = np.nan
    with pytest.raises(DataError, match="\\[1, 3\\]"):
        structure_labels(broken)
