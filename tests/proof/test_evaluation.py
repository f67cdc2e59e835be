"""Scores stand beside a baseline, an interval and n; noise earns nothing; signal is found (Q02, Q04, Q07)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from known_truth import majority, make_prediction, make_table

from augury.core.errors import DataError, UsageError
from augury.core.score import Score
from augury.core.tables import LabelledTable
from augury.proof.evaluation import evaluate, reliability

NAMES = (
    "accuracy",
    "accuracy_skill",
    "balanced_accuracy",
    "log_loss",
    "brier",
    "direction",
    "ic",
    "rank_ic",
    "mae",
    "r2",
    "coverage80",
    "coverage95",
)


def scored(table: LabelledTable, score: np.ndarray, **options: object) -> dict[str, Score]:
    scores = evaluate(make_prediction(table, score), table, majority(table), **options)
    return {one.name: one for one in scores}


def planted(table: LabelledTable, ic: float, seed: int) -> np.ndarray:
    """A score whose correlation with the returns is ``ic`` in expectation."""
    returns = table.forward_returns
    standard = (returns - returns.mean()) / returns.std()
    noise = np.random.default_rng(seed).normal(size=len(returns))
    return np.clip(0.2 * (ic * standard + np.sqrt(1 - ic**2) * noise), -1, 1)


def test_every_score_has_a_baseline_an_interval_and_its_rows(table: LabelledTable, noise: np.ndarray) -> None:
    scores = scored(table, noise)
    assert tuple(scores) == NAMES
    for one in scores.values():
        assert one.baseline is not None
        assert one.low is not None
        assert one.high is not None
        assert one.low <= one.value <= one.high
        assert one.n == len(table)
        assert one.n_eff == pytest.approx(300)
        assert one.slice == "report"


def test_the_baseline_is_the_best_one_on_the_same_rows(table: LabelledTable, noise: np.ndarray) -> None:
    scores = scored(table, noise)
    best = max(float(np.mean(codes == table.y)) for codes in majority(table).values())
    assert scores["accuracy"].baseline == best
    assert scores["accuracy_skill"].value == pytest.approx(scores["accuracy"].value - best)


def test_a_baseline_scored_as_a_forecaster_has_a_skill_of_exactly_0(table: LabelledTable, noise: np.ndarray) -> None:
    prediction = replace(make_prediction(table, noise), codes=majority(table)["majority"])
    skill = next(s for s in evaluate(prediction, table, majority(table)) if s.name == "accuracy_skill")
    assert (skill.value, skill.low, skill.high) == (0, 0, 0)


def test_noise_shows_skill_about_as_rarely_as_the_interval_says() -> None:
    found, tilted = 0, 0
    for seed in range(60):
        table = make_table(900, 5, seed=seed, threshold=0.0)
        score = np.random.default_rng(1000 + seed).uniform(-0.5, 0.5, len(table))
        scores = scored(table, score)
        found += scores["accuracy_skill"].low > 0
        tilted += not scores["ic"].low <= 0 <= scores["ic"].high
    assert found <= 3
    assert tilted <= 5


def test_a_planted_ic_is_recovered_within_its_interval() -> None:
    inside = 0
    for seed in range(30):
        table = make_table(1500, 1, seed=seed)
        ic = scored(table, planted(table, 0.10, seed))["ic"]
        inside += ic.low <= 0.10 <= ic.high
    assert inside >= 26


def test_negating_the_scores_negates_ic_and_mirrors_direction(table: LabelledTable, noise: np.ndarray) -> None:
    plus, minus = scored(table, noise), scored(table, -noise)
    for name in ("ic", "rank_ic"):
        assert minus[name].value == pytest.approx(-plus[name].value)
        assert minus[name].low == pytest.approx(-plus[name].high)
    assert minus["direction"].value == pytest.approx(1 - plus["direction"].value)


def test_direction_leaves_out_rows_that_did_not_move(table: LabelledTable, noise: np.ndarray) -> None:
    import polars as pl

    flat = table.frame.with_columns(
        pl.when(pl.int_range(pl.len()) < 500).then(0.0).otherwise("fwd_ret").alias("fwd_ret")
    )
    direction = scored(table.with_frame(flat), noise)["direction"]
    assert direction.n == 1000
    assert direction.n_eff == pytest.approx(200)


def test_an_always_up_score_has_the_baseline_direction(table: LabelledTable) -> None:
    direction = scored(table, np.full(len(table), 0.3))["direction"]
    assert direction.value == direction.baseline


def test_a_constant_has_no_ic_rather_than_an_ic_of_0(table: LabelledTable) -> None:
    scores = scored(table, np.full(len(table), 0.3))
    assert "ic" not in scores
    assert "rank_ic" not in scores


def test_answers_that_are_not_finite_leave_scores_out_and_never_raise(table: LabelledTable, noise: np.ndarray) -> None:
    broken = np.where(np.arange(len(noise)) == 7, np.nan, noise)
    prediction = make_prediction(table, noise)
    hollow = replace(
        prediction,
        score=broken,
        proba=prediction.proba * np.where(np.isnan(broken), np.nan, 1)[:, None],
        expected_return=broken,
        quantiles={name: values + broken * 0 for name, values in prediction.quantiles.items()},
    )
    left = {score.name for score in evaluate(hollow, table, majority(table))}
    assert left == {"accuracy", "accuracy_skill", "balanced_accuracy"}


def test_no_constant_beats_the_log_loss_and_brier_baselines(table: LabelledTable) -> None:
    for constant in ([0.2, 0.3, 0.5], [1 / 3] * 3, list(np.bincount(table.y + 1) / len(table))):
        prediction = replace(make_prediction(table, np.zeros(len(table))), proba=np.tile(constant, (len(table), 1)))
        scores = {s.name: s for s in evaluate(prediction, table, majority(table))}
        for name in ("log_loss", "brier"):
            assert scores[name].value >= scores[name].baseline - 1e-12


def test_the_train_shares_can_be_the_constant_to_beat(table: LabelledTable, noise: np.ndarray) -> None:
    assert scored(table, noise, class_shares=(1 / 3,) * 3)["log_loss"].baseline == pytest.approx(np.log(3))


def test_expected_returns_are_held_against_the_best_baseline_or_no_change(
    table: LabelledTable, noise: np.ndarray
) -> None:
    nothing = scored(table, noise)["mae"].baseline
    assert nothing == pytest.approx(float(np.mean(np.abs(table.forward_returns))))
    truth = scored(table, noise, baseline_returns={"oracle": table.forward_returns})
    assert truth["mae"].baseline == 0
    assert truth["r2"].baseline == 1


def test_honest_bands_cover_what_they_say(table: LabelledTable, noise: np.ndarray) -> None:
    scores = scored(table, noise)
    for name, nominal in (("coverage80", 0.80), ("coverage95", 0.95)):
        assert scores[name].baseline == nominal
        assert scores[name].low <= nominal <= scores[name].high


def test_a_panel_ic_has_a_day_block_interval_that_holds_nothing_at_0() -> None:
    panel = make_table(400, 5, symbols=8, common=0.5, seed=3)
    shared = np.tile(np.repeat(np.random.default_rng(4).uniform(-0.5, 0.5, 20), 20), 8)
    ic = scored(panel, shared)["ic"]
    assert ic.low <= 0 <= ic.high
    # A score that is the same for all symbols is one opinion a day, not eight.
    assert ic.high - ic.low > 2 * 1.96 / np.sqrt(len(panel))


def test_the_same_call_gives_the_same_scores_and_the_order_of_baselines_does_not_matter(
    table: LabelledTable, noise: np.ndarray
) -> None:
    prediction, baselines = make_prediction(table, noise), majority(table)
    turned = dict(reversed(list(baselines.items())))
    assert evaluate(prediction, table, baselines) == evaluate(prediction, table, turned)
    assert evaluate(prediction, table, baselines) != evaluate(prediction, table, baselines, seed=1)


def test_wrong_requests_are_refused(table: LabelledTable, noise: np.ndarray) -> None:
    prediction = make_prediction(table, noise)
    with pytest.raises(UsageError, match="at least one baseline"):
        evaluate(prediction, table, {})
    with pytest.raises(UsageError, match="unknown slice 'test'"):
        evaluate(prediction, table, majority(table), slice="test")
    with pytest.raises(DataError, match="baseline short has 3 rows, the table 1500"):
        evaluate(prediction, table, {"short": np.zeros(3, np.int8)})
    with pytest.raises(DataError, match="prediction has 1500 rows"):
        evaluate(prediction, table.with_frame(table.frame.head(10)), {"a": np.zeros(10, np.int8)})


def test_a_score_says_which_slice_it_was_made_on(table: LabelledTable, noise: np.ndarray) -> None:
    assert {s.slice for s in evaluate(make_prediction(table, noise), table, majority(table), slice="fit")} == {"fit"}


def test_reliability_counts_every_row_and_its_intervals_know_that_outcomes_overlap() -> None:
    widths = []
    for horizon in (1, 20):
        table = make_table(1500, horizon)
        bins = reliability(make_prediction(table, np.full(len(table), 0.3)), table)
        assert sum(b.n for b in bins) == len(table)
        widths.append(bins[0].accuracy_high - bins[0].accuracy_low)
    assert widths[1] > 3 * widths[0]
