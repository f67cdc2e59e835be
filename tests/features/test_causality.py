"""F01, F02, F03: generated from the catalogue, so a new family is tested the day its file appears."""

import dataclasses

import numpy as np
import polars as pl
import pytest

from augury.core.bars import Bars
from augury.features import build, describe
from augury.features import feature_sets as sets
from augury.features.block import Block
from augury.features.family import Family, Feature
from augury.features.windows import lagged

NAMES = [spec.name for spec in describe()]
SPECS = {spec.name: spec for spec in describe()}
N_CUTS = 20


def cuts(bars: Bars) -> list[pl.DataFrame]:
    dates = bars.frame["ts"].unique().sort()
    at = np.linspace(2, len(dates) - 2, N_CUTS).astype(int)
    return [bars.frame.filter(pl.col("ts") <= dates[int(k)]) for k in at]


def bits(column: pl.Series) -> bytes:
    return column.to_numpy().tobytes() + column.is_null().to_numpy().tobytes()


def unstable_under_cuts(bars: Bars) -> dict[str, int]:
    """For each feature, in how many of the cuts some value differs from the full history's."""
    full = build(bars, "all").frame
    count = dict.fromkeys(full.columns[2:], 0)
    for prefix in cuts(bars):
        part = build(bars.with_frame(prefix), "all").frame
        same_rows = full.join(prefix.select("symbol", "ts"), on=["symbol", "ts"], how="semi", maintain_order="left")
        assert same_rows.select("symbol", "ts").equals(part.select("symbol", "ts"))
        for name in count:
            count[name] += bits(part[name]) != bits(same_rows[name])
    return count


def unstable_under_noise(bars: Bars) -> set[str]:
    """Features whose value at or before t changes when everything after t becomes noise."""
    rng = np.random.default_rng(0)
    full, moved = build(bars, "all").frame, set()
    for prefix in cuts(bars)[::4]:
        border = prefix["ts"].max()
        late = bars.frame["ts"] > border
        factor = pl.Series(np.where(late, np.exp(rng.normal(0.0, 0.5, bars.frame.height)), 1.0))
        noisy = bars.frame.with_columns(pl.col("open", "high", "low", "close", "volume") * factor)
        other = build(bars.with_frame(noisy), "all").frame
        moved |= {
            name for name in full.columns[2:] if bits(full.filter(~late)[name]) != bits(other.filter(~late)[name])
        }
    return moved


@pytest.fixture(scope="module")
def cut_counts(panel: Bars) -> dict[str, int]:
    return unstable_under_cuts(panel)


@pytest.fixture(scope="module")
def noise_moved(panel: Bars) -> set[str]:
    return unstable_under_noise(panel)


@pytest.fixture(scope="module")
def full(panel: Bars) -> pl.DataFrame:
    return build(panel, "all").frame


@pytest.mark.parametrize("name", NAMES)
def test_a_value_is_bit_equal_when_the_history_is_cut_behind_it(name: str, cut_counts: dict[str, int]) -> None:
    assert cut_counts[name] == 0


@pytest.mark.parametrize("name", NAMES)
def test_noise_after_a_bar_changes_nothing_at_it(name: str, noise_moved: set[str]) -> None:
    assert name not in noise_moved


@pytest.mark.parametrize("name", NAMES)
def test_a_feature_is_null_until_exactly_its_lookback_exists(name: str, full: pl.DataFrame) -> None:
    lookback = SPECS[name].lookback_bars
    for symbol in ("AAA", "BBB", "CCC"):
        column = full.filter(pl.col("symbol") == symbol)[name]
        assert column[: lookback - 1].null_count() == min(lookback - 1, len(column))
        if len(column) >= lookback:
            assert column[lookback - 1] is not None


@pytest.mark.parametrize("name", NAMES)
def test_a_feature_is_alive_and_almost_never_undefined_on_ordinary_bars(name: str, full: pl.DataFrame) -> None:
    column = full.filter(pl.col("symbol") == "AAA")[name][SPECS[name].lookback_bars - 1 :]
    assert column.null_count() == 0
    assert column.n_unique() > 50


@pytest.mark.parametrize("name", NAMES)
def test_a_feature_reads_only_the_columns_it_declares(name: str, panel: Bars, full: pl.DataFrame) -> None:
    hidden = [column for column in ("open", "high", "low", "volume") if column not in SPECS[name].inputs]
    other = panel.frame.with_columns(pl.lit(None, pl.Float64).alias(column) for column in hidden)
    wanted = sets.manifest_for(panel, "all")
    alone = dataclasses.replace(wanted, features=(SPECS[name],))
    assert bits(build(panel.with_frame(other), alone).frame[name]) == bits(full[name])


def _plant(monkeypatch: pytest.MonkeyPatch, feature: Feature) -> None:
    family = Family("planted", "a fault", (feature,))
    monkeypatch.setitem(sets.catalogue(), feature.name, (family, feature))


def _ahead(b: Block) -> np.ndarray:
    return np.append(b.close[1:], b.close[-1]) / b.close - 1.0


@pytest.mark.parametrize(
    "formula",
    [_ahead, lambda b: b.close / b.close.mean(), lambda b: (b.close - b.close.min()) / (b.close.max() - b.close.min())],
    ids=["shifted", "whole-sample mean", "whole-sample range"],
)
def test_a_planted_look_ahead_is_caught(formula, monkeypatch: pytest.MonkeyPatch, single: Bars) -> None:
    _plant(monkeypatch, Feature("planted", 1, formula))
    assert unstable_under_cuts(single)["planted"] > 0
    assert "planted" in unstable_under_noise(single)


def test_a_lookback_declared_too_short_is_caught_by_its_first_value(
    monkeypatch: pytest.MonkeyPatch, panel: Bars
) -> None:
    _plant(monkeypatch, Feature("planted", 2, lambda b: b.close / lagged(b.close, 5)))
    first = build(panel, "all").frame.filter(pl.col("symbol") == "AAA")["planted"]
    assert first[1] is None


def test_every_feature_has_one_family_and_a_name_no_target_has() -> None:
    assert len(set(NAMES)) == len(NAMES)
    assert not {"fwd_ret", "past_ret", "vol", "label", "label_end", "symbol", "ts"} & set(NAMES)
    assert not [name for name in NAMES if name.startswith(("fwd_", "label", "target"))]
