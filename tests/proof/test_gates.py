"""One planted fault per gate is caught under that gate's name; honest models pass (N06, M02, Q03, PRF-05, PRF-06)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from known_truth import majority, make_prediction, make_table

from augury.core.errors import DataError, GateRefused, LeakError, SuspectLeak
from augury.core.prediction import Prediction
from augury.core.score import GateResult, Score, Verdict
from augury.core.tables import LabelledTable
from augury.proof.evaluation import evaluate
from augury.proof.judge import GATES, Evidence, judge, refusal
from augury.proof.limits import load_limits


def evidence(table: LabelledTable, prediction: Prediction, **changes: object) -> Evidence:
    scores = evaluate(prediction, table, majority(table))
    facts = {"train_accuracy": 0.5, "oof_accuracy": 0.4, "n_train": 3500, "horizon_bars": table.spec.horizon_bars}
    return Evidence(prediction, table, scores, **(facts | changes))


def gate(verdict: Verdict, code: str) -> GateResult:
    return next(one for one in verdict.gates if one.code == code)


def two_sided(table: LabelledTable, ic: float, seed: int) -> np.ndarray:
    """A score whose correlation with the returns is ``ic`` in expectation."""
    standard = table.forward_returns / table.forward_returns.std()
    noise = np.random.default_rng(seed).normal(size=len(table))
    return np.clip(0.3 * (ic * standard + np.sqrt(1 - ic**2) * noise), -1, 1)


def test_the_catalogue_is_asked_whole_and_in_order(table: LabelledTable, noise: np.ndarray) -> None:
    verdict = judge(evidence(table, make_prediction(table, noise)))
    assert [g.code for g in verdict.gates] == [one.code for _, one in GATES]
    assert GATES.names() == sorted(GATES.names())
    assert len({g.code for g in verdict.gates}) == len(GATES.names()) == 11
    assert verdict == judge(evidence(table, make_prediction(table, noise)))


def test_a_constant_is_refused_whatever_its_accuracy(table: LabelledTable) -> None:
    up = table.with_frame(table.frame.with_columns(pl.lit(1, pl.Int8).alias("label")))
    prediction = make_prediction(up, np.full(len(up), 0.3))
    scores = evaluate(prediction, up, majority(up))
    assert scores[0].value == 1.0
    verdict = judge(evidence(up, prediction))
    assert verdict.word == "refused"
    assert gate(verdict, "CONSTANT").message.endswith("(collapsed)")


def test_rounding_noise_blown_up_by_calibration_is_still_constant(table: LabelledTable, noise: np.ndarray) -> None:
    prediction = make_prediction(table, noise)
    raw = np.full((len(table), 3), 1 / 3) + 1e-9 * noise[:, None]
    verdict = judge(evidence(table, replace(prediction, raw_proba=raw)))
    assert not gate(verdict, "CONSTANT").passed


def _heads(table: LabelledTable, proba: np.ndarray) -> GateResult:
    proba = proba / proba.sum(axis=1, keepdims=True)
    codes = (proba.argmax(axis=1) - 1).astype(np.int8)
    base = make_prediction(table, np.zeros(len(table)))
    score = proba[:, 2] - proba[:, 0]
    verdict = judge(evidence(table, replace(base, proba=proba, raw_proba=proba, score=score, codes=codes)))
    assert (verdict.word == "refused") is not gate(verdict, "DEAD_HEAD").passed
    return gate(verdict, "DEAD_HEAD")


@pytest.mark.parametrize(("place", "label"), [(0, "BEARISH"), (1, "NEUTRAL"), (2, "BULLISH")])
def test_a_class_that_is_never_answered_is_a_dead_head(table: LabelledTable, place: int, label: str) -> None:
    proba = np.random.default_rng(4).uniform(0.5, 1.0, size=(len(table), 3))
    alive = _heads(table, proba)
    assert alive.passed
    assert (alive.value or 0) > 0.3
    proba[:, place] *= 1e-2
    dead = _heads(table, proba)
    assert not dead.passed
    assert dead.message.startswith(f"dead head: {label} came true in")


@pytest.mark.parametrize(("place", "label"), [(0, "BEARISH"), (1, "NEUTRAL"), (2, "BULLISH")])
def test_a_class_whose_probability_does_not_move_with_the_input_is_a_dead_head(
    table: LabelledTable, place: int, label: str
) -> None:
    lean = np.random.default_rng(5).uniform(0.2, 0.4, size=len(table))
    proba = np.column_stack([lean, 2 / 3 - lean, np.full(len(table), 1 / 3)])[:, np.roll([0, 1, 2], place + 1)]
    dead = _heads(table, proba)
    assert not dead.passed
    assert dead.message.startswith(f"dead head: {label} moves")
    proba[:, place] += 0.02 * (lean - 0.3)
    assert _heads(table, proba).passed


def test_a_rare_class_may_be_silent_and_no_class_needs_to_win(table: LabelledTable) -> None:
    rare = table.with_frame(table.frame.with_columns(pl.when(pl.col("label") == -1).then(1).otherwise(pl.col("label"))
                                                     .cast(pl.Int8).alias("label")))  # fmt: skip
    proba = np.random.default_rng(6).uniform(0.5, 1.0, size=(len(table), 3)) * [0.05, 1.0, 1.0]
    assert _heads(rare, proba).passed
    shy = np.random.default_rng(6).uniform(0.5, 1.0, size=(len(table), 3)) * [0.35, 1.0, 1.0]
    assert (shy.argmax(axis=1) != 0).all()
    assert _heads(table, shy).passed


def test_where_nothing_moves_the_constant_is_named_and_not_its_heads(table: LabelledTable) -> None:
    verdict = judge(evidence(table, make_prediction(table, np.full(len(table), 0.3))))
    assert gate(verdict, "DEAD_HEAD").passed
    assert not gate(verdict, "CONSTANT").passed


def test_a_horizon_without_members_is_insufficient_and_not_collapsed() -> None:
    table = make_table(300, 60)
    verdict = judge(evidence(table, make_prediction(table, np.zeros(len(table))), n_train=700))
    assert verdict.word == "insufficient"
    assert gate(verdict, "CONSTANT").passed


def test_one_class_in_more_than_95_percent_of_the_rows_abstains(table: LabelledTable) -> None:
    score = np.where(np.arange(len(table)) % 50 == 0, -1, 1) * np.linspace(0.1, 0.3, len(table))
    verdict = judge(evidence(table, make_prediction(table, score)))
    assert not gate(verdict, "ONE_SIDED").passed
    assert gate(verdict, "ONE_SIDED").value == pytest.approx(0.98)
    assert verdict.word == "calibrated_only"


def test_a_market_that_was_itself_one_sided_is_not_held_against_the_model(table: LabelledTable) -> None:
    always = np.where(np.arange(len(table)) % 40 == 0, -1, 1).astype(np.int8)
    bull = table.with_frame(table.frame.with_columns(pl.Series("label", always)))
    score = np.where(np.arange(len(table)) % 50 == 0, -0.2, 0.2)
    assert gate(judge(evidence(bull, make_prediction(bull, score))), "ONE_SIDED").passed


def test_707_percent_positive_on_a_52_percent_base_rate_is_flagged(table: LabelledTable) -> None:
    returns = np.where(np.arange(len(table)) % 100 < 52, 0.01, -0.01)
    market = table.with_frame(table.frame.with_columns(pl.Series("fwd_ret", returns)))
    rng = np.random.default_rng(0)

    def flagged(share: float) -> GateResult:
        score = np.where(rng.permutation(len(table)) < share * len(table), 0.1, -0.1)
        return gate(judge(evidence(market, make_prediction(market, score))), "SIGN_BALANCE")

    assert not flagged(0.707).passed
    assert "70.7%" in flagged(0.707).message
    assert flagged(0.55).passed
    assert flagged(0.45).passed


def test_a_note_never_changes_the_verdict() -> None:
    note = GateResult("SIGN_BALANCE", False, "note", "tilted")
    assert Verdict.of((note,)).word == "skill"


def test_noise_is_not_better_than_the_best_baseline(table: LabelledTable, noise: np.ndarray) -> None:
    verdict = judge(evidence(table, make_prediction(table, noise)))
    assert verdict.word == "calibrated_only"
    assert not gate(verdict, "NOT_BETTER").passed


def test_telling_calm_from_wild_without_a_direction_abstains() -> None:
    table = make_table(9000, 5, seed=12, threshold=0.002)
    wild = table.y != 0
    proba = np.where(wild[:, None], [[0.45, 0.1, 0.45]], [[0.1, 0.8, 0.1]])
    proba[::2] += np.where(wild[::2, None], [[0.02, 0.0, -0.02]], 0.0)
    prediction = make_prediction(table, np.zeros(len(table)))
    codes = (proba.argmax(axis=1) - 1).astype(np.int8)
    seeing = replace(prediction, proba=proba, raw_proba=proba, score=proba[:, 2] - proba[:, 0], codes=codes)
    verdict = judge(evidence(table, seeing, n_train=20_000))
    assert gate(verdict, "NOT_BETTER").passed
    assert not gate(verdict, "NO_DIRECTION").passed
    assert verdict.word == "calibrated_only"


def test_a_lucky_value_whose_interval_holds_0_is_not_better(table: LabelledTable, noise: np.ndarray) -> None:
    seen = evidence(table, make_prediction(table, noise))
    for low, passed in ((-0.01, False), (0.0, False), (0.001, True), (None, False)):
        skill = Score("accuracy_skill", 0.02, low, 0.05, 0.0, 1500, 300.0)
        others = tuple(score for score in seen.scores if score.name != "accuracy_skill")
        assert gate(judge(replace(seen, scores=(*others, skill))), "NOT_BETTER").passed is passed
    assert not gate(judge(replace(seen, scores=())), "NOT_BETTER").passed


def test_always_the_majority_is_not_better(table: LabelledTable, noise: np.ndarray) -> None:
    prediction = replace(make_prediction(table, noise), codes=majority(table)["majority"])
    assert not gate(judge(evidence(table, prediction)), "NOT_BETTER").passed


def test_modest_honest_skill_passes_every_gate() -> None:
    table = make_table(9000, 5, seed=11, threshold=0.002)
    verdict = judge(evidence(table, make_prediction(table, two_sided(table, 0.12, 1)), n_train=20_000))
    assert [g for g in verdict.failed if g.effect != "note"] == []
    assert verdict.word == "skill"


def test_a_planted_overfit_is_flagged(table: LabelledTable, noise: np.ndarray) -> None:
    known_by_heart = judge(evidence(table, make_prediction(table, noise), train_accuracy=0.94))
    leaking_folds = judge(evidence(table, make_prediction(table, noise), oof_accuracy=0.70))
    for verdict, seen in ((known_by_heart, "in the sample"), (leaking_folds, "after the folds")):
        assert not gate(verdict, "OVERFIT_GAP").passed
        assert seen in gate(verdict, "OVERFIT_GAP").message


def test_knowing_its_own_rows_by_heart_is_no_fault_of_a_model_that_is_better() -> None:
    table = make_table(9000, 5, seed=11, threshold=0.002)
    prediction = make_prediction(table, two_sided(table, 0.12, 1))
    assert gate(judge(evidence(table, prediction, train_accuracy=0.99, oof_accuracy=0.5)), "OVERFIT_GAP").passed
    assert not gate(judge(evidence(table, prediction, oof_accuracy=0.9)), "OVERFIT_GAP").passed


def test_losing_exactly_20_points_is_not_yet_overfit(table: LabelledTable, noise: np.ndarray) -> None:
    prediction = make_prediction(table, noise)
    accuracy = evaluate(prediction, table, majority(table))[0].value
    at_limit = gate(judge(evidence(table, prediction, oof_accuracy=accuracy + 0.20 - 1e-12)), "OVERFIT_GAP")
    assert at_limit.passed


@pytest.mark.parametrize("horizon", [1, 5, 15, 30])
def test_a_leaking_score_is_a_suspect_at_every_horizon_with_rows(horizon: int) -> None:
    table = make_table(1500, horizon)
    scale = 0.01 * np.sqrt(horizon)
    for sign in (1, -1):
        score = np.clip(sign * table.forward_returns / scale * 0.3, -1, 1)
        verdict = judge(evidence(table, make_prediction(table, score)))
        assert verdict.word == "refused"
        assert not gate(verdict, "SUSPECT_LEAK").passed


def test_a_future_shift_by_one_bar_hidden_in_a_feature_is_a_suspect(table: LabelledTable) -> None:
    tomorrow = np.roll(table.forward_returns, -1)  # the same window, seen from tomorrow
    prediction = make_prediction(table, np.clip(10 * tomorrow, -1, 1))
    assert not gate(judge(evidence(table, prediction)), "SUSPECT_LEAK").passed


def test_a_direction_beyond_60_percent_is_a_suspect_even_where_the_ic_is_small(table: LabelledTable) -> None:
    returns = table.forward_returns
    right = np.random.default_rng(8).random(len(table)) < 0.75
    score = np.where(right, 0.05, -0.05) * np.sign(returns)
    loudest = np.argsort(-np.abs(returns))[:40]
    score[loudest] = -0.9 * np.sign(returns[loudest])  # rarely and loudly wrong: no correlation is left
    refused = gate(judge(evidence(table, make_prediction(table, score))), "SUSPECT_LEAK")
    assert not refused.passed
    assert refused.message.startswith("direction 0.7")


def test_luck_in_few_rows_is_no_leak() -> None:
    refused = 0
    for seed in range(40):
        table = make_table(1500, 20, seed=seed)
        score = np.clip(np.cumsum(np.random.default_rng(seed).normal(size=1500)) / 40, -1, 1)
        refused += not gate(judge(evidence(table, make_prediction(table, score))), "SUSPECT_LEAK").passed
    assert refused <= 1


def test_always_up_in_a_long_bull_market_is_no_leak(table: LabelledTable) -> None:
    returns = np.where(np.arange(len(table)) % 4 == 0, -0.01, 0.01)
    market = replace(
        table.with_frame(table.frame.with_columns(pl.Series("fwd_ret", returns))),
        spec=replace(table.spec, horizon="1d", horizon_bars=1),
    )
    verdict = judge(evidence(market, make_prediction(market, np.linspace(0.1, 0.3, len(table)))))
    assert gate(verdict, "SUSPECT_LEAK").passed


def test_the_caller_may_raise_the_limit_for_a_market_that_holds_more(table: LabelledTable) -> None:
    prediction = make_prediction(table, two_sided(table, 0.4, 2))
    seen = evidence(table, prediction)
    assert not gate(judge(seen), "SUSPECT_LEAK").passed
    planted = load_limits().replace({"too_good.ic_max": 0.6, "too_good.direction_max": 0.8})
    assert gate(judge(seen, limits=planted), "SUSPECT_LEAK").passed


@pytest.mark.parametrize(("rows", "train", "word"), [(100, 3500, "report"), (1500, 60, "train")])
def test_too_few_independent_rows_are_insufficient(rows: int, train: int, word: str) -> None:
    table = make_table(rows, 5)
    prediction = make_prediction(table, two_sided(table, 0.0, 6))
    verdict = judge(evidence(table, prediction, n_train=train))
    assert verdict.word == "insufficient"
    assert word in gate(verdict, "INSUFFICIENT").message


def _nan(array: np.ndarray) -> np.ndarray:
    out = array.copy()
    out[3] = np.nan
    return out


@pytest.mark.parametrize(
    "spoil",
    [
        lambda p: replace(p, proba=_nan(p.proba)),
        lambda p: replace(p, raw_proba=_nan(p.raw_proba)),
        lambda p: replace(p, score=_nan(p.score)),
        lambda p: replace(p, expected_return=_nan(p.expected_return)),
        lambda p: replace(p, quantiles={**p.quantiles, "q50": _nan(p.quantiles["q50"])}),
    ],
)
def test_an_output_that_is_not_finite_is_refused(
    table: LabelledTable, noise: np.ndarray, spoil: Callable[[Prediction], Prediction]
) -> None:
    verdict = judge(evidence(table, spoil(make_prediction(table, noise))))
    assert verdict.word == "refused"
    assert not gate(verdict, "NOT_FINITE").passed


@pytest.mark.parametrize(("sd", "passed"), [(0.0224, True), (0.010, False), (0.060, False)])
def test_bands_that_catch_too_little_or_too_much_are_noted(
    table: LabelledTable, noise: np.ndarray, sd: float, passed: bool
) -> None:
    verdict = judge(evidence(table, make_prediction(table, noise, sd=sd)))
    assert gate(verdict, "BAND_COVERAGE").passed is passed
    assert verdict.word == "calibrated_only"


def test_scores_of_fitted_or_selected_rows_are_no_evidence(table: LabelledTable, noise: np.ndarray) -> None:
    prediction = make_prediction(table, noise)
    for name in ("fit", "select"):
        scores = evaluate(prediction, table, majority(table), slice=name)
        with pytest.raises(LeakError, match=f"scores of slice {name}"):
            Evidence(prediction, table, scores, 0.5, 0.4, 3500, 5)


def test_evidence_of_other_rows_or_an_impossible_accuracy_is_refused(table: LabelledTable, noise: np.ndarray) -> None:
    prediction = make_prediction(table, noise)
    with pytest.raises(DataError, match="not the same rows"):
        Evidence(prediction, table.with_frame(table.frame.head(9)), (), 0.5, 0.4, 3500, 5)
    for wrong in (1.2, float("nan")):
        with pytest.raises(DataError, match="train_accuracy"):
            Evidence(prediction, table, (), wrong, 0.4, 3500, 5)


def test_a_verdict_survives_json_and_holds_finite_numbers_only(table: LabelledTable, noise: np.ndarray) -> None:
    from augury.core.hashing import canonical_json

    verdict = judge(evidence(table, make_prediction(table, noise)))
    canonical_json(verdict.to_json())
    assert Verdict.from_json(verdict.to_json()) == verdict


def test_a_refused_verdict_becomes_an_error_of_exit_5_with_its_reason(table: LabelledTable) -> None:
    constant = judge(evidence(table, make_prediction(table, np.full(len(table), 0.3))))
    leak = judge(evidence(table, make_prediction(table, np.clip(10 * table.forward_returns, -1, 1))))
    error, suspect = refusal(constant, "AAPL d1 5d"), refusal(leak, "AAPL d1 5d")
    assert isinstance(error, GateRefused)
    assert error.exit_code == 5
    assert str(error).startswith("AAPL d1 5d: gate refused: spread")
    assert "(collapsed), see the report" in str(error)
    assert isinstance(suspect, SuspectLeak)
    assert refusal(Verdict("calibrated_only"), "AAPL d1 5d") is None
