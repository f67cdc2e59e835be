"""LAB-02, L06, L07, F06: what followed stands beside what was known, never among it."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from augury.core.bars import Bars
from augury.core.errors import DataError, LeakError, SchemaMismatch
from augury.core.labelspec import LabelSpec
from augury.core.manifest import FeatureManifest, FeatureSpec
from augury.core.tables import FeatureTable, LabelledTable
from augury.core.timeframe import Timeframe
from augury.features import build
from augury.labels import attach
from augury.labels.returns import forward_return, past_return, volatility


def spec_of(bars: int, threshold: float = 0.009, price_field: str = "close") -> LabelSpec:
    return LabelSpec(Timeframe.D1, f"{bars}d", bars, threshold, price_field=price_field)


@pytest.fixture(scope="module")
def bars(make_closes: Callable[..., pl.DataFrame]) -> Bars:
    return Bars(pl.concat([make_closes("AAA", 120, 1), make_closes("BBB", 90, 2)]), Timeframe.D1)


def test_the_forward_return_of_a_bar_is_the_past_return_of_the_next(bars: Bars) -> None:
    frame = bars.frame.select("symbol", forward_return(bars=1), past_return(bars=1))
    moved = frame.select(pl.col("past_ret").shift(-1).over("symbol")).to_series()
    assert frame["fwd_ret"].equals(moved.alias("fwd_ret"))


@pytest.mark.parametrize("h", [1, 5, 10, 20])
def test_the_last_h_rows_of_each_symbol_are_present_and_unknown(h: int, bars: Bars) -> None:
    table = attach(build(bars), bars, spec_of(h))
    assert table.frame.select("symbol", "ts").equals(bars.frame.select("symbol", "ts"))
    for symbol in bars.symbols:
        part = table.frame.filter(pl.col("symbol") == symbol)
        for name in ("fwd_ret", "label", "label_end"):
            assert part[name].is_null().to_list() == [False] * (part.height - h) + [True] * h
        assert part["past_ret"].is_null().to_list() == [True] * h + [False] * (part.height - h)
        assert part["ts"].shift(-h).equals(part["label_end"].alias("ts"))


def test_columns_come_in_the_documented_order_and_types(bars: Bars) -> None:
    table = attach(build(bars), bars, spec_of(5))
    tail = ["past_ret", "vol", "fwd_ret", "label", "label_end"]
    assert table.frame.columns == ["symbol", "ts", *table.manifest.names, *tail]
    assert table.frame["label"].dtype == pl.Int8
    assert table.frame["label_end"].dtype == table.frame["ts"].dtype
    assert table.X.shape == (210, len(table.manifest.names))


def test_a_label_is_the_sign_of_the_return_beyond_the_threshold(bars: Bars) -> None:
    frame = attach(build(bars), bars, spec_of(5, 0.02)).known().frame
    close = dict(zip(bars.frame.select("symbol", "ts").iter_rows(), bars.frame["close"], strict=True))
    for row in frame.iter_rows(named=True):
        moved = close[row["symbol"], row["label_end"]] / close[row["symbol"], row["ts"]] - 1.0
        assert row["fwd_ret"] == pytest.approx(moved, abs=1e-15)
        assert row["label"] == (1 if moved > 0.02 else -1 if moved < -0.02 else 0)


def test_a_return_exactly_on_the_threshold_is_neutral() -> None:
    frame = pl.DataFrame({"fwd_ret": [0.5, -0.5, 0.5000001, None]})
    from augury.labels.direction import direction

    assert frame.select(direction(0.5)).to_series().to_list() == [0, 0, 1, None]


def test_volatility_is_the_weighted_spread_of_past_returns_and_null_for_twenty_bars(bars: Bars) -> None:
    frame = bars.frame.select("symbol", "close", volatility())
    for symbol in bars.symbols:
        part = frame.filter(pl.col("symbol") == symbol)
        assert part["vol"].is_null().to_list() == [True] * 20 + [False] * (part.height - 20)
        r = part["close"].to_numpy()[1:] / part["close"].to_numpy()[:-1] - 1.0
        for t in (20, 50, part.height - 1):
            weights = 0.94 ** np.arange(t)[::-1]
            expected = np.sqrt((weights * r[:t] ** 2).sum() / weights.sum())
            assert part["vol"][t] == pytest.approx(expected, rel=1e-12)


def test_volatility_and_past_return_do_not_change_when_the_future_does(bars: Bars) -> None:
    cut = bars.with_frame(bars.of("AAA").frame[:70])
    full = attach(build(bars), bars, spec_of(5)).frame.filter(pl.col("symbol") == "AAA")[:70]
    part = attach(build(cut), cut, spec_of(5)).frame
    known = ["past_ret", "vol", *build(bars).manifest.names]
    assert part.select(known).equals(full.select(known))
    assert part[:65].equals(full[:65])


def test_labels_never_reach_over_the_border_between_symbols(bars: Bars) -> None:
    both = attach(build(bars), bars, spec_of(10)).frame.filter(pl.col("symbol") == "BBB")
    alone = bars.of("BBB")
    assert both.equals(attach(build(alone), alone, spec_of(10)).frame)


def test_a_part_of_the_rows_is_labelled_from_all_bars(bars: Bars) -> None:
    table = build(bars)
    known = replace(table, frame=table.frame.drop_nulls(list(table.manifest.names)))
    whole, part = attach(table, bars, spec_of(5)), attach(known, bars, spec_of(5))
    assert part.frame.height < whole.frame.height
    assert part.frame.equals(whole.frame.join(part.frame, on=["symbol", "ts"], how="semi", maintain_order="left"))


def test_the_price_field_of_the_spec_decides(bars: Bars) -> None:
    adjusted = bars.with_frame(bars.frame.with_columns((pl.col("close") ** 0.5).alias("adj_close")))
    table = attach(build(adjusted), adjusted, spec_of(5, price_field="adj_close"))
    close = attach(build(bars), bars, spec_of(5)).frame["fwd_ret"]
    np.testing.assert_allclose(table.column("fwd_ret"), (close + 1.0).sqrt().to_numpy() - 1.0, atol=1e-12)
    with pytest.raises(DataError, match="adj_close, which these bars do not have"):
        attach(build(bars), bars, spec_of(5, price_field="adj_close"))


@pytest.mark.parametrize("name", ["fwd_ret", "label", "label_end", "past_ret", "vol"])
def test_a_target_can_not_be_a_feature(name: str, bars: Bars) -> None:
    planted = bars.frame.select("symbol", "ts", pl.lit(0.0, pl.Float32).alias(name))
    manifest = FeatureManifest((FeatureSpec(name, "planted", ("close",), 1),))
    with pytest.raises(LeakError, match=name):
        attach(FeatureTable(planted, manifest, bars.data_version), bars, spec_of(5))


def test_a_column_outside_the_manifest_does_not_travel(bars: Bars) -> None:
    table = build(bars)
    smuggled = table.frame.with_columns(forward_return(price="returns").alias("future"))
    labelled = attach(FeatureTable(smuggled, table.manifest, bars.data_version), bars, spec_of(5))
    assert "future" not in labelled.frame.columns


def test_reordered_or_missing_columns_are_refused(bars: Bars) -> None:
    table = attach(build(bars), bars, spec_of(5))
    first, second, *rest = table.manifest.names
    for columns in ([second, first, *rest], [second, *rest]):
        with pytest.raises(SchemaMismatch):
            _ = table.with_frame(table.frame.select(columns)).X


def test_features_of_other_bars_or_another_timeframe_are_refused(bars: Bars) -> None:
    with pytest.raises(DataError, match="one set of bars decides both"):
        attach(build(bars), bars.of("AAA"), spec_of(5))
    with pytest.raises(DataError, match="w1 label"):
        attach(build(bars), bars, LabelSpec(Timeframe.W1, "30d", 6, 0.02))


def test_unknown_labels_are_masked_never_filled(six_hundred: LabelledTable) -> None:
    with pytest.raises(LeakError, match="5 rows have no label"):
        _ = six_hundred.y
    assert len(six_hundred.known()) == 600
