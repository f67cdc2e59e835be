"""Rows that count, and how they are drawn again."""

from __future__ import annotations

import numpy as np
import pytest
from known_truth import make_table

from augury.core.errors import InsufficientHistory, LeakError
from augury.proof.sample import Sample


def test_overlapping_outcomes_of_h_bars_count_n_over_h() -> None:
    assert Sample.of(make_table(1500, 5), 42).n_eff == 300
    assert Sample.of(make_table(1500, 20), 42).n_eff == 75


def test_ten_symbols_that_move_together_count_for_less_than_ten() -> None:
    alone = Sample.of(make_table(600, 5), 42).n_eff
    apart = Sample.of(make_table(600, 5, symbols=10), 42).n_eff
    together = Sample.of(make_table(600, 5, symbols=10, common=0.9), 42).n_eff
    assert apart == pytest.approx(10 * alone, rel=0.4)
    assert alone <= together < 1.5 * alone


def test_a_panel_interval_knows_that_dates_stand_or_fall_together() -> None:
    one, many = make_table(600, 5), make_table(600, 5, symbols=10, common=0.95)
    widths = []
    for table in (one, many):
        sample = Sample.of(table, 42)
        low, high = sample.mean_interval("hit", (sample.returns > 0).astype(np.float64)) or (0, 0)
        widths.append(high - low)
    assert widths[1] > 0.7 * widths[0]  # ten copies of one market are no ten markets


def test_too_few_blocks_give_no_interval() -> None:
    for rows in (50, 100, 200, 299):
        sample = Sample.of(make_table(rows, 20), 42)
        assert sample.mean_interval("any", sample.returns) is None
    sample = Sample.of(make_table(300, 20), 42)
    assert sample.mean_interval("any", sample.returns) is not None


def test_a_slice_without_rows_and_an_unknown_label_are_named_errors() -> None:
    table = make_table(50)
    with pytest.raises(InsufficientHistory, match="have=0"):
        Sample.of(table.with_frame(table.frame.clear()), 42)
    import polars as pl

    unknown = table.frame.with_columns(pl.lit(None, pl.Float64).alias("fwd_ret"))
    with pytest.raises(LeakError, match="never fill"):
        Sample.of(table.with_frame(unknown), 42)
