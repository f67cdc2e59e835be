"""F01, F02, F03: generated from the catalogue, so a new family is tested the day its file appears."""

import dataclasses

import numpy as np
import polars as pl
import pytest

from augury.core.bars import Bars
from augury.features import build, describe
from augury.features import feature_sets as sets
from augury.features import language as say
from augury.features.family import Family, Feature
from augury.features.language import Term, close, rolling

NAMES = [spec.name for spec in describe()]
SPECS = {spec.name: spec for spec in describe()}
N_CUTS = 20


def cuts(bars: Bars) -> list[pl.DataFrame]:
    dates = bars.frame["ts"].unique().sort()
    at = np.sort(np.random.default_rng(5).choice(np.arange(2, len(dates) - 1), N_CUTS, replace=False))
    return [bars.frame.filter(pl.col("ts") <= dates[int(k)]) for k in at]


def bits(column: pl.Series) -> bytes:
    return column.to_numpy().tobytes() + column.is_null().to_numpy().tobytes()


def unstable_under_cuts(bars: Bars, beside: pl.DataFrame) -> dict[str, int]:
    """For each feature, in how many of the cuts some value differs from the full history's."""
    full = build(bars, "all", beside=beside).frame
    count = dict.fromkeys(full.columns[2:], 0)
    for prefix in cuts(bars):
        part = build(bars.with_frame(prefix), "all", beside=beside).frame
        same_rows = full.join(prefix.select("symbol", "ts"), on=["symbol", "ts"], how="semi", maintain_order="left")
        assert same_rows.select("symbol", "ts").equals(part.select("symbol", "ts"))
        for name in count:
            count[name] += bits(part[name]) != bits(same_rows[name])
    return count


def unstable_under_noise(bars: Bars, beside: pl.DataFrame) -> set[str]:
    """Features whose value at or before t changes when everything after t becomes noise."""
    rng = np.random.default_rng(0)
    full, moved = build(bars, "all", beside=beside).frame, set()
    for prefix in cuts(bars)[::4]:
        border = prefix["ts"].max()
        late = bars.frame["ts"] > border
        factor = pl.Series(np.where(late, np.exp(rng.normal(0.0, 0.5, bars.frame.height)), 1.0))
        noisy = bars.frame.with_columns(pl.col("open", "high", "low", "close", "volume") * factor)
        rumours = beside.with_columns(
            pl.when(beside["ts"] > border)
            .then(pl.Series(rng.normal(size=beside.height)))
            .otherwise(pl.col(name))
            .alias(name)
            for name in beside.columns[2:]
        )
        other = build(bars.with_frame(noisy), "all", beside=rumours).frame
        moved |= {
            name for name in full.columns[2:] if bits(full.filter(~late)[name]) != bits(other.filter(~late)[name])
        }
    return moved


@pytest.fixture(scope="module")
def cut_counts(panel: Bars, beside: pl.DataFrame) -> dict[str, int]:
    return unstable_under_cuts(panel, beside)


@pytest.fixture(scope="module")
def noise_moved(panel: Bars, beside: pl.DataFrame) -> set[str]:
    return unstable_under_noise(panel, beside)


@pytest.fixture(scope="module")
def full(panel: Bars, beside: pl.DataFrame) -> pl.DataFrame:
    return build(panel, "all", beside=beside).frame


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
    if SPECS[name].unit == "flag":
        assert set(column.unique()) <= {0.0, 1.0}
    else:
        assert column.n_unique() > 2


@pytest.mark.parametrize("name", NAMES)
def test_a_feature_reads_only_the_columns_it_declares(
    name: str, panel: Bars, full: pl.DataFrame, beside: pl.DataFrame
) -> None:
    hidden = [column for column in ("open", "high", "low", "volume") if column not in SPECS[name].inputs]
    other = panel.frame.with_columns(pl.lit(None, pl.Float64).alias(column) for column in hidden)
    wanted = sets.manifest_for(panel, "all", beside=beside)
    alone = dataclasses.replace(wanted, features=(SPECS[name],))
    assert bits(build(panel.with_frame(other), alone, beside=beside).frame[name]) == bits(full[name])


def _plant(monkeypatch: pytest.MonkeyPatch, formula: Term) -> None:
    feature = Feature("planted", 2, formula)
    monkeypatch.setitem(sets.catalogue(), feature.name, (Family("planted", "a fault", (feature,)), feature))


def _look_ahead(name: str) -> Term:
    """What the words cannot say: a function that looks across its windows, from one bar to the next."""

    def leak(windows: np.ndarray) -> np.ndarray:
        ahead = {"shifted": np.append(windows[1:, 0], windows[-1, 0]), "whole-sample mean": np.mean(windows)}
        return windows[:, 0] / ahead[name]

    return rolling(leak, close, bars=1)


@pytest.mark.parametrize("name", ["shifted", "whole-sample mean"])
def test_a_planted_look_ahead_is_caught(
    name: str, monkeypatch: pytest.MonkeyPatch, single: Bars, beside: pl.DataFrame
) -> None:
    _plant(monkeypatch, _look_ahead(name))
    assert unstable_under_cuts(single, beside)["planted"] > 0
    assert "planted" in unstable_under_noise(single, beside)


def test_a_lookback_declared_too_short_is_caught_by_its_first_value(
    monkeypatch: pytest.MonkeyPatch, panel: Bars
) -> None:
    _plant(monkeypatch, close / say.lag(close, 5))
    first = build(panel, "all").frame.filter(pl.col("symbol") == "AAA")["planted"]
    assert first[1] is None


def test_every_feature_has_one_family_and_a_name_no_target_has() -> None:
    assert len(set(NAMES)) == len(NAMES)
    assert not {"fwd_ret", "past_ret", "vol", "label", "label_end", "symbol", "ts"} & set(NAMES)
    assert not [name for name in NAMES if name.startswith(("fwd_", "label", "target"))]
