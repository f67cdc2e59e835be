"""Cross-sectional evaluation: the definitions, what is refused, and that a planted truth is found."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest
from scipy import stats

from augury.core.errors import DataError, InsufficientHistory, LeakError, UsageError
from augury.core.metrics.newey_west import newey_west
from augury.core.metrics.ranking import ic_by_day
from augury.data.knowledge.membership import MEMBER_SCHEMA, Membership
from augury.proof.crosssection import CrossSection, DailyFigure, cross_section
from augury.proof.crosssection.ranks import day_ranks

START = datetime(2020, 1, 1, tzinfo=UTC)


def panel(days: int = 120, names: int = 40, ic: float = 0.0, seed: int = 1, *, noise: float = 0.02) -> pl.DataFrame:
    """Scores drawn anew each day, returns that follow them with a known correlation."""
    draw = np.random.default_rng(seed)
    score = draw.normal(size=(days, names))
    returns = noise * (ic * score + np.sqrt(1 - ic**2) * draw.normal(size=(days, names)))
    return pl.DataFrame(
        {
            "symbol": [f"S{k:03d}" for _ in range(days) for k in range(names)],
            "ts": [START + timedelta(days=d) for d in range(days) for _ in range(names)],
            "score": score.ravel(),
            "fwd_ret": returns.ravel(),
        }
    )


def holed(frame: pl.DataFrame) -> pl.DataFrame:
    """The same with ties, missing scores and missing returns."""
    row = pl.int_range(pl.len())
    return frame.with_columns(
        score=pl.when(row % 11 != 0).then(pl.col("score").round(1)),
        fwd_ret=pl.when(row % 13 != 0).then(pl.col("fwd_ret").round(3)),
    )


def holds(figure: DailyFigure, truth: float) -> bool:
    assert figure.low is not None
    assert figure.high is not None
    return figure.low <= truth <= figure.high


def by_hand(frame: pl.DataFrame, coefficient: object, least: int = 20) -> list[float]:
    found = []
    for _, day in frame.drop_nulls().group_by("ts", maintain_order=True):
        if day.height >= least:
            found.append(float(coefficient(day["score"].to_numpy(), day["fwd_ret"].to_numpy()).statistic))  # type: ignore[operator]
    return found


@pytest.fixture(scope="module")
def found() -> CrossSection:
    return cross_section(panel(ic=0.1), lags=3)


@pytest.mark.parametrize(("name", "coefficient"), [("ic", stats.pearsonr), ("rank_ic", stats.spearmanr)])
def test_every_day_is_that_of_scipy_with_ties_and_holes(name: str, coefficient: object) -> None:
    frame = holed(panel(60))
    daily = cross_section(frame, lags=0).daily
    np.testing.assert_allclose(daily[name].to_numpy(), by_hand(frame, coefficient), rtol=0, atol=1e-12)


def test_every_day_is_that_of_the_metric_of_one_day() -> None:
    frame = holed(panel(60))
    clean = frame.drop_nulls()
    one = ic_by_day(*(clean[name].to_numpy() for name in ("score", "fwd_ret", "ts")), ranked=True)
    np.testing.assert_allclose(cross_section(frame, lags=0).daily["rank_ic"].to_numpy(), one, rtol=0, atol=1e-12)


def test_ranks_share_the_average_of_their_places() -> None:
    values = np.round(np.random.default_rng(3).normal(size=(20, 30)), 1)
    np.testing.assert_array_equal(day_ranks(values), stats.rankdata(values, axis=1))


def test_order_of_the_rows_does_not_matter() -> None:
    frame = holed(panel(60))
    assert cross_section(frame.sample(fraction=1.0, shuffle=True, seed=5)).to_json() == cross_section(frame).to_json()


def test_days_with_fewer_than_twenty_names_are_counted_and_left_out() -> None:
    frame = panel(60).filter((pl.col("ts") > START) | (pl.col("symbol") < "S019"))
    found = cross_section(frame, lags=0)
    assert (found.days_thin, found.rank_ic.days) == (1, 59)
    assert (
        cross_section(
            frame.filter((pl.col("ts") > START) | (pl.col("symbol") < "S019")), lags=0, least=19, buckets=5
        ).days_thin
        == 0
    )


def test_turning_every_score_round_turns_every_gross_figure_round(found: CrossSection) -> None:
    turned = cross_section(panel(ic=0.1).with_columns(-pl.col("score")), lags=3)
    for name in ("ic", "rank_ic", "spread"):
        assert getattr(turned, name).mean == pytest.approx(-getattr(found, name).mean, abs=1e-14)
        assert getattr(turned, name).t == pytest.approx(-getattr(found, name).t, abs=1e-10)
    assert turned.hit_rate.mean == pytest.approx(1 - found.hit_rate.mean, abs=1e-14)
    assert turned.bucket_returns == pytest.approx(found.bucket_returns[::-1], abs=1e-15)
    assert turned.monotonicity == -found.monotonicity
    assert turned.turnover == pytest.approx(found.turnover)
    assert turned.break_even_bps == pytest.approx(-found.break_even_bps)
    assert [one.mean for one in turned.decay] == pytest.approx([-one.mean for one in found.decay], abs=1e-14)


def test_a_planted_coefficient_lies_within_its_interval_and_nothing_is_found_in_noise() -> None:
    held = found = silent = 0
    for seed in range(20):
        planted, empty = (cross_section(panel(250, 40, ic, seed), lags=0).ic for ic in (0.05, 0.0))
        held += holds(planted, 0.05)
        found += not holds(planted, 0.0)
        silent += holds(empty, 0.0)
    # 95 % intervals: fewer than 17 of 20 would be a 1.6 % accident.
    assert held >= 17, held
    assert silent >= 17, silent
    assert found >= 19, found


def test_the_noise_floor_is_the_error_of_a_score_that_knows_nothing() -> None:
    found = cross_section(panel(250, 50), lags=0)
    assert found.rank_ic.floor == pytest.approx(1 / np.sqrt(250 * 49))
    for figure in found.figures:
        assert figure.floor == pytest.approx(figure.sd / np.sqrt(figure.days), rel=0.15), figure.name


def test_t_is_that_of_newey_and_west_at_the_horizon() -> None:
    found = cross_section(panel(200), horizon_bars=5, lags=0)
    assert found.rank_ic.t == newey_west(found.daily["rank_ic"].to_numpy(), 5).t
    assert found.rank_ic.days_eff == 40
    assert not found.rank_ic.sufficient
    assert "insufficient" in found.text()


def test_names_that_did_not_move_are_no_hit_and_no_miss() -> None:
    frame = panel(1, 40, ic=0.5).with_columns(
        pl.when(pl.int_range(pl.len()) % 2 == 0).then(0.0).otherwise("fwd_ret").alias("fwd_ret")
    )
    score, returns = frame["score"].to_numpy(), frame["fwd_ret"].to_numpy()
    side = (score > np.median(score)) == (returns > np.median(returns))
    counted = (returns != 0) & (returns != np.median(returns))
    assert cross_section(frame, lags=0).hit_rate.mean == pytest.approx(side[counted].mean())


def test_buckets_hold_equal_parts_and_their_means_are_those_by_hand() -> None:
    frame = panel(1, 40)
    ordered = frame.sort("score")["fwd_ret"].to_numpy().reshape(10, 4).mean(axis=1)
    found = cross_section(frame, lags=0)
    assert found.bucket_returns == pytest.approx(ordered, abs=1e-15)
    assert found.spread.mean == pytest.approx(ordered[-1] - ordered[0], abs=1e-15)
    assert found.monotonicity == pytest.approx(stats.spearmanr(np.arange(10), ordered).statistic, abs=1e-12)


def test_turnover_and_break_even_are_those_of_a_hand_ledger() -> None:
    score = [[float(k) for k in range(20)], [float(k) for k in range(20)][::-1], [float(-k) for k in range(20)]]
    frame = panel(3, 20).with_columns(score=pl.Series([one for day in score for one in day]))
    found = cross_section(frame, lags=0, buckets=2, cost_bps=10)
    # Day 2 turns both sides of ten names round, day 3 keeps them: 4 of 4 and 0 of 4 are traded.
    assert found.daily["turnover"].to_list() == pytest.approx([None, 1.0, 0.0])
    assert found.break_even_bps == pytest.approx(1e4 * found.spread.mean / (4 * 0.5))
    assert found.net_spread == pytest.approx(found.spread.mean - 4 * 0.5 * 10 / 1e4)


def test_what_costs_eat_is_not_tradable() -> None:
    frame = panel(300, 50, ic=0.15)
    free, dear = (cross_section(frame, lags=0, cost_bps=cost) for cost in (0.0, 100.0))
    assert free.tradable
    assert not dear.tradable
    assert free.rank_ic_after_cost == free.rank_ic.mean > dear.rank_ic_after_cost
    assert (free.break_even_bps, free.spread) == (dear.break_even_bps, dear.spread)


def test_the_rank_ic_after_cost_is_nothing_where_the_costs_are_what_the_spread_earns() -> None:
    frame = panel(600, 100, ic=0.2)
    at = cross_section(frame, lags=0).break_even_bps
    found = cross_section(frame, lags=0, cost_bps=at)
    assert found.net_spread == pytest.approx(0.0, abs=1e-12)
    assert abs(found.rank_ic_after_cost) < 0.2 * found.rank_ic.mean


def test_decay_is_the_score_of_earlier_sessions_on_the_same_returns() -> None:
    frame = holed(panel(80, ic=0.3))
    found = cross_section(frame, lags=2)
    late = frame.with_columns(score=pl.col("score").shift(2).over("symbol"))
    assert found.decay[1].mean == pytest.approx(np.mean(by_hand(late, stats.spearmanr)), abs=1e-12)
    assert abs(found.decay[0].mean) < 0.05 < found.rank_ic.mean


def test_rows_count_only_while_their_symbol_belonged() -> None:
    frame = panel(60, 40)
    leaves = (START + timedelta(days=29)).date()
    rows = [(f"S{k:03d}", date(2019, 1, 1), leaves if k < 10 else None) for k in range(39)]
    members = Membership(pl.DataFrame(rows, schema=MEMBER_SCHEMA, orient="row"))
    daily = cross_section(frame, members=members, lags=0).daily
    assert daily["names"].to_list() == [39] * 30 + [29] * 30
    by_name = frame.filter(
        (pl.col("symbol") != "S039") & ((pl.col("symbol") >= "S010") | (pl.col("ts").dt.date() <= leaves))
    )
    assert daily.equals(cross_section(by_name, lags=0).daily)


def test_the_future_of_a_day_changes_nothing_of_that_day() -> None:
    frame, cut = panel(60), START + timedelta(days=40)
    later = pl.col("ts") > cut
    other = frame.with_columns(
        score=pl.when(later).then(-pl.col("score")).otherwise("score"),
        fwd_ret=pl.when(later).then(1.0 - pl.col("fwd_ret")).otherwise("fwd_ret"),
    )
    one, two = (cross_section(each, lags=0).daily.filter(~later) for each in (frame, other))
    assert one.equals(two)


def test_a_book_does_not_look_at_whose_return_is_known() -> None:
    frame = panel(60)
    holes = frame.with_columns(fwd_ret=pl.when(pl.int_range(pl.len()) % 7 != 0).then("fwd_ret"))
    assert cross_section(holes, lags=0).turnover == cross_section(frame, lags=0).turnover


@pytest.mark.parametrize("seen", ["fit", "select"])
def test_rows_a_model_was_fitted_or_chosen_on_are_refused(seen: str) -> None:
    with pytest.raises(LeakError, match=seen):
        cross_section(panel(), slice=seen)
    mixed = panel().with_columns(slice=pl.when(pl.col("ts") > START).then(pl.lit("report")).otherwise(pl.lit(seen)))
    with pytest.raises(LeakError, match=seen):
        cross_section(mixed)


def test_a_score_that_is_the_answer_is_refused() -> None:
    with pytest.raises(LeakError, match="fwd_ret_1"):
        cross_section(panel().rename({"score": "fwd_ret_1"}), score="fwd_ret_1")


def test_what_can_not_be_judged_is_said() -> None:
    with pytest.raises(InsufficientHistory, match="20 names"):
        cross_section(panel(30, 10))
    with pytest.raises(InsufficientHistory, match="no row"):
        cross_section(panel().clear())
    with pytest.raises(DataError, match="twice"):
        cross_section(pl.concat([panel(), panel().head(1)]))
    with pytest.raises(DataError, match="infinite"):
        cross_section(panel().with_columns(score=pl.lit(np.inf)))
    with pytest.raises(UsageError, match="nothing"):
        cross_section(panel(), score="nothing")
    with pytest.raises(UsageError, match="buckets=30"):
        cross_section(panel(), buckets=30)


def test_a_constant_score_has_no_coefficient_and_no_sign() -> None:
    found = cross_section(panel().with_columns(score=pl.lit(0.1)), lags=1)
    assert found.rank_ic.days == 0
    assert np.isnan(found.rank_ic.mean)
    assert not found.tradable
    assert found.to_json()["figures"]["rank_ic"]["mean"] is None


def test_the_answer_is_the_same_each_time_and_can_be_written(found: CrossSection) -> None:
    again = cross_section(panel(ic=0.1), lags=3)
    text = json.dumps(found.to_json(), allow_nan=False)
    assert text == json.dumps(again.to_json(), allow_nan=False)
    assert json.loads(text)["figures"]["rank_ic"]["days"] == 120
    assert found.text() == again.text()
    assert "noise floor" in found.text()
    assert "best of 1 trial by luck" in found.text()
    assert "best of 20 trials by luck" in found.text(20)
    assert found.deflated(20).dsr < found.deflated(1).dsr
    assert found.deflated(1).value == pytest.approx(found.rank_ic.mean)
