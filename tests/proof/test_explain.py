"""EXP-01, EXP-03, EXP-04: contributions add up, sentences quote the table, a bad regime is ranked first."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from known_truth import make_forecast, make_manifest, make_prediction, make_table

from augury.core.errors import DataError, UsageError
from augury.models import MEMBERS
from augury.proof.explain.attributions import booster_contributions, shapley
from augury.proof.explain.failures import Case, worst_forecasts
from augury.proof.explain.importance import correlated_groups, permutation_importance
from augury.proof.explain.rationale import Rationale, rationale

NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?%?")


@pytest.fixture(scope="module")
def rows() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    X = rng.normal(size=(400, 6)).astype(np.float32)
    y = np.clip(np.round(X[:, 0] + 0.5 * X[:, 1] * X[:, 2] + 0.3 * rng.normal(size=400)), -1, 1).astype(np.int8)
    return X, y


@pytest.mark.parametrize("name", ["gb", "lgbm"])
def test_a_boosters_own_contributions_sum_to_its_log_odds_after_save_and_load(name: str, rows, tmp_path: Path) -> None:
    """The stored text has no row counts; without them LightGBM's contributions are not numbers."""
    X, y = rows
    kind = MEMBERS.load(name)
    kind(n_estimators=12).fit(X, y).save(tmp_path)
    booster = kind.load(tmp_path).booster_
    assert np.isnan(booster.predict(X[:2], pred_contrib=True)).any()
    shares, base = booster_contributions(booster, X, X)
    raw = booster.predict(X, raw_score=True)
    assert np.abs(shares.sum(axis=2) + base - raw).max() < 1e-6
    assert np.allclose(base, raw.mean(axis=0), atol=1e-6)
    assert np.abs(shares).mean(axis=(0, 1)).argmax() == 0


def test_contributions_sum_to_the_answer_minus_the_base(rows) -> None:
    X, y = rows
    member = MEMBERS.load("rf")(n_estimators=20).fit(X, y)
    found = shapley(lambda rows: member.predict_proba(rows)[:, 2] - member.predict_proba(rows)[:, 0], X[7], X)
    assert abs(found.shares.sum() - (found.answer - found.base)) < 1e-6
    answer = member.predict_proba(X[7:8])[0]
    assert found.answer == pytest.approx(answer[2] - answer[0])
    assert (found.low <= found.shares).all()
    assert (found.shares <= found.high).all()


def test_the_shares_of_a_linear_answer_are_its_terms_and_an_unused_feature_gets_nothing() -> None:
    rng = np.random.default_rng(0)
    background = rng.normal(size=(64, 3)).astype(np.float32)
    row = np.array([1.0, -2.0, 5.0], np.float32)
    found = shapley(lambda X: 3.0 * X[:, 0].astype(float) - X[:, 1].astype(float), row, background, orders=128)
    mean = background.astype(float).mean(axis=0)
    assert found.shares == pytest.approx([3 * (1 - mean[0]), 2 + mean[1], 0.0], abs=1e-9)


def test_an_interaction_is_shared_equally_and_the_interval_holds_it() -> None:
    found = shapley(
        lambda X: (X[:, 0] * X[:, 1]).astype(float), np.array([2.0, 3.0], np.float32), np.zeros((1, 2), np.float32)
    )
    assert found.shares == pytest.approx([3.0, 3.0])


def test_attributions_are_the_same_under_the_same_seed(rows) -> None:
    X, _ = rows
    first, second, other = (shapley(lambda rows: rows[:, 0] * rows[:, 1], X[0], X, seed=seed) for seed in (1, 1, 2))
    assert first.shares.tobytes() == second.shares.tobytes()
    assert first.shares.tobytes() != other.shares.tobytes()


def test_an_answer_that_is_not_finite_is_refused() -> None:
    with pytest.raises(DataError, match="not finite"):
        shapley(
            lambda X: X[:, 0] / 0 if len(X) < 0 else np.full(len(X), np.nan), np.zeros(2, np.float32), np.ones((3, 2))
        )


def told(seed: int, *, flags: tuple[str, ...] = ()) -> Rationale:
    rng = np.random.default_rng(seed)
    names = ("rsi_14", "momentum_20d", "volatility_5d", "macd", "gap_up", "obv", "sma_50")
    weights, row = rng.normal(size=7) / 30, (10 ** rng.uniform(-3, 3, size=7)).astype(np.float32)
    background = rng.normal(size=(100, 7)).astype(np.float32) * row
    scaled = weights / row
    found = shapley(lambda X: np.tanh(X.astype(float) @ scaled), row, background)
    return rationale(names, row.astype(float), found, make_forecast(make_manifest(), flags=flags))


@pytest.mark.parametrize("seed", range(8))
def test_every_number_of_a_sentence_is_a_cell_of_the_table(seed: int) -> None:
    why = told(seed, flags=("abstain",) if seed % 2 else ())
    cells = {text for line in why.lines for text in line.cells().values()}
    names = sorted((line.what for line in why.lines), key=len, reverse=True)
    assert 1 <= len(why.sentences) <= 3
    for sentence in why.sentences:
        rest = sentence
        for name in names:
            rest = rest.replace(name, "")
        numbers = NUMBER.findall(rest)
        assert [number for number in numbers if number not in cells] == []
    assert NUMBER.search(why.sentences[0])


def test_the_table_adds_up_and_the_sentence_names_the_largest_share() -> None:
    why = told(1)
    base, *features, score, band = why.lines
    assert base.value + sum(line.share for line in features) == pytest.approx(score.value, abs=1e-6)
    assert [abs(line.share) for line in features] == sorted((abs(line.share) for line in features), reverse=True)
    assert features[0].what in why.sentences[1]
    assert band.what == "80 % band"


def test_an_abstaining_version_says_so() -> None:
    assert "abstains" in told(3, flags=("abstain",)).sentences[-1]
    assert "abstains" not in told(3).sentences[-1]


def planted(n: int = 1500, *, bad: str = "wild") -> Case:
    """Answers that are right four times of five, and confidently wrong wherever it is wild."""
    table = make_table(n, 1, seed=4, threshold=0.006)
    rng = np.random.default_rng(4)
    vol = rng.uniform(0.005, 0.03, n)
    frame = table.frame.with_columns(pl.Series("vol", vol), pl.Series("past_ret", rng.normal(size=n) / 100))
    table = table.with_frame(frame)
    wild = vol > np.quantile(vol, 2 / 3) if bad == "wild" else rng.random(n) < 0.2
    right = np.sign(table.forward_returns) * np.where(rng.random(n) < 0.8, 0.6, -0.3)
    score = np.where(wild, -0.9 * np.sign(table.forward_returns), right)
    regimes = {} if bad == "wild" else {"news": np.where(wild, "earnings", "none").tolist()}
    return Case("5d", table, make_prediction(table, score), regimes)


def test_a_planted_bad_regime_is_ranked_first() -> None:
    causes = worst_forecasts([planted()])
    assert (causes[0].kind, causes[0].group) == ("regime", "volatility: wild")
    assert causes[0].clear
    assert causes[0].lift > 2


def test_a_planted_regime_of_the_callers_own_is_ranked_first() -> None:
    causes = worst_forecasts([planted(bad="earnings")])
    assert (causes[0].kind, causes[0].group) == ("regime", "news: earnings")


def test_a_planted_bad_horizon_and_a_bad_member_are_found() -> None:
    good, bad = planted(bad="none"), planted()
    table = good.table
    calm = make_prediction(table, 0.5 * np.sign(table.forward_returns))
    wrong = make_prediction(bad.table, -0.9 * np.sign(bad.table.forward_returns))
    steady = {"steady": calm.proba, "broken": wrong.proba}
    cases = [Case("5d", table, replace(calm, members=steady)), Case("20d", bad.table, replace(wrong, members=steady))]
    causes = worst_forecasts(cases)
    horizons = [cause.group for cause in causes if cause.kind == "horizon"]
    assert horizons[0] == "20d"
    members = {cause.group: cause for cause in causes if cause.kind == "member"}
    assert "largest loss: broken" in members


def test_a_band_that_is_too_narrow_in_one_regime_is_found_without_any_direction() -> None:
    case = planted(bad="none")
    wild = case.table.column("vol") > np.quantile(case.table.column("vol"), 2 / 3)
    prediction = make_prediction(case.table, np.zeros(len(case.table)))
    narrow = {name: np.where(wild, values / 8, values) for name, values in prediction.quantiles.items()}
    causes = worst_forecasts([replace(case, prediction=replace(prediction, quantiles=narrow), regimes={})], loss="band")
    assert causes[0].group == "volatility: wild"


def test_an_unknown_loss_is_refused() -> None:
    with pytest.raises(UsageError, match="loss='mood'"):
        worst_forecasts([planted()], loss="mood")


def test_twins_are_shuffled_together_and_carry_the_importance_they_share() -> None:
    rng = np.random.default_rng(1)
    signal = rng.normal(size=500).astype(np.float32)
    X = np.column_stack([signal, rng.normal(size=500), signal * 2 + 1]).astype(np.float32)
    assert correlated_groups(X) == [(0, 2), (1,)]
    target = signal > 0
    found = permutation_importance(
        lambda rows: ((rows[:, 0] + rows[:, 2] > 1) != target).astype(float), X, ["a", "noise", "b"], horizon_bars=1
    )
    assert found[0].features == ("a", "b")
    assert found[0].low > 0
    assert found[1].features == ("noise",)
    assert found[1].rise == 0.0
