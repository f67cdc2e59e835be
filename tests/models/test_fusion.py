"""Fusion: each mode sizes otherwise, and a part that is missing is named."""

import numpy as np
import pytest

from augury.core.errors import DataError, NotTrained, UnknownName, UsageError
from augury.models.ensemble.fusion import MODES, FusionSettings, fuse, fuse_forecasts

PROBA = np.array([[0.1, 0.2, 0.7], [0.7, 0.2, 0.1], [0.3, 0.35, 0.35], [0.45, 0.05, 0.5], [0.2, 0.6, 0.2]])
RETURNS = {
    "regressor": np.array([0.01, 0.02, -0.01, -0.1, 0.1]),
    "gbm": np.array([0.02, -0.01, 0.005, 0.03, -0.2]),
    "lstm": np.array([-0.01, 0.02, 0.01, -0.02, 0.004]),
}


def positions(mode, **settings):
    return fuse(FusionSettings(mode, **settings), classifier=PROBA, returns=RETURNS).positions


def test_the_eight_modes_are_those_of_the_specification():
    assert (
        *("classifier", "regressor", "hybrid", "weighted"),
        *("gbm_only", "gbm_heavy", "balanced", "lstm_heavy"),
    ) == MODES


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("classifier", [0.7, -0.35, 0.0, 0.5, 0.0]),
        ("regressor", [0.2, 0.4, -0.2, -0.5, 1.0]),
        ("hybrid", [0.7, -0.35, -0.2, 0.5, 1.0]),
        ("weighted", [0.84, -0.49, 0.0, 0.75, 0.0]),
        ("gbm_only", [0.4, -0.2, 0.1, 0.6, -0.5]),
        ("gbm_heavy", [0.22, -0.02, 0.13, 0.3, -0.5]),
        ("balanced", [0.1, 0.1, 0.15, 0.1, -0.5]),
        ("lstm_heavy", [-0.02, 0.22, 0.17, -0.1, -0.5]),
    ],
)
def test_positions_of_every_mode_by_hand(mode, expected):
    fused = fuse(FusionSettings(mode), classifier=PROBA, returns=RETURNS)
    assert fused.positions == pytest.approx(expected)
    assert (fused.mode, fused.fallback, fused.degraded) == (mode, "", False)


def test_every_mode_changes_the_output():
    said = {tuple(positions(mode).round(9)) for mode in MODES}
    assert len(said) == len(MODES)


@pytest.mark.parametrize("mode", MODES)
def test_positions_stay_within_the_largest_short_and_one_whole(mode):
    rng = np.random.default_rng(0)
    proba = rng.dirichlet([0.5, 0.5, 0.5], 500)
    returns = {name: rng.normal(size=500) for name in RETURNS}
    for short in (0.0, 0.05, 1.0):
        found = fuse(FusionSettings(mode, max_short=short), classifier=proba, returns=returns).positions
        assert found.min() >= -short
        assert found.max() <= 1.0
        assert np.isfinite(found).all()


@pytest.mark.parametrize(
    ("mode", "setting"),
    [
        ("classifier", {"buy_at": 0.6}),
        ("classifier", {"sell_at": 0.8}),
        ("classifier", {"max_short": 0.2}),
        ("regressor", {"scale": 5.0}),
        ("regressor", {"regressor_at": 0.015}),
        ("regressor", {"max_short": 0.1}),
        ("balanced", {"scale": 5.0}),
    ],
)
def test_every_setting_changes_the_positions_of_its_mode(mode, setting):
    assert not np.allclose(positions(mode, **setting), positions(mode))


def test_a_buy_is_at_least_30_percent_and_a_sale_at_least_10():
    proba = np.array([[0.1, 0.65, 0.25], [0.15, 0.75, 0.1]])
    found = fuse(FusionSettings("classifier", buy_at=0.2, sell_at=0.12), classifier=proba).positions
    assert found == pytest.approx([0.3, -0.1])


def test_beyond_its_threshold_a_regressor_is_all_in_or_as_short_as_it_may():
    assert positions("regressor", regressor_at=0.015).tolist() == [0.0, 1.0, 0.0, -0.5, 1.0]


@pytest.mark.parametrize(
    ("mode", "there", "told", "who"),
    [
        ("hybrid", ("regressor",), "classifier missing: regressor alone", "regressor"),
        ("weighted", ("classifier",), "regressor missing: classifier alone", "classifier"),
        ("gbm_heavy", ("lstm", "regressor"), "gbm missing: lstm alone", "lstm"),
        ("gbm_only", ("lstm", "classifier"), "gbm missing: lstm alone", "lstm"),
        ("balanced", ("regressor",), "gbm and lstm missing: regressor alone", "regressor"),
        ("classifier", ("gbm",), "classifier missing: gbm alone", "gbm"),
    ],
)
def test_a_missing_part_leaves_a_named_fallback_and_marks_the_answer(mode, there, told, who):
    returns = {name: said for name, said in RETURNS.items() if name in there}
    classifier = PROBA if "classifier" in there else None
    fused = fuse(FusionSettings(mode), classifier=classifier, returns=returns)
    assert (fused.fallback, fused.degraded, fused.parts) == (told, True, (who,))
    alone = "gbm_only" if who == "gbm" else who if who in ("classifier", "regressor") else None
    if alone:
        assert np.array_equal(fused.positions, positions(alone))


def test_what_cannot_be_fused_is_refused():
    with pytest.raises(NotTrained):
        fuse(FusionSettings())
    with pytest.raises(UnknownName, match="did you mean 'balanced'"):
        FusionSettings("balance")
    with pytest.raises(UnknownName, match="unknown part"):
        fuse(FusionSettings(), returns={"transformer": RETURNS["gbm"]})
    for wrong in ({"max_short": 1.5}, {"scale": 0.0}, {"buy_at": -0.1}, {"regressor_at": -1.0}):
        with pytest.raises(UsageError):
            FusionSettings(**wrong)
    with pytest.raises(DataError, match="different rows"):
        fuse(FusionSettings(), classifier=PROBA[:2], returns=RETURNS)
    with pytest.raises(DataError, match="finite"):
        fuse(FusionSettings("regressor"), returns={"regressor": np.array([np.nan])})


def stored(p_bearish, p_bullish, expected):
    from datetime import UTC, datetime

    from augury.core.forecast import QUANTILES, Forecast

    moment = datetime(2024, 1, 2, tzinfo=UTC)
    return Forecast(
        "SYN001", "d1", "5d", moment, moment, moment.replace(day=9), "v1", *("0" * 64 for _ in range(4)), "NEUTRAL",
        p_bearish, 1 - p_bearish - p_bullish, p_bullish, 0.5, None, 100.0, expected, dict.fromkeys(QUANTILES, 0.0),
        "skill",
    )  # fmt: skip


def test_stored_forecasts_are_fused_by_their_own_probabilities_and_returns():
    rows = [stored(0.1, 0.7, 0.01), stored(0.7, 0.1, 0.02), stored(0.3, 0.35, -0.01)]
    for mode in ("classifier", "regressor", "hybrid", "weighted"):
        assert fuse_forecasts(FusionSettings(mode), rows).positions == pytest.approx(positions(mode)[:3])
    given = fuse_forecasts(FusionSettings("classifier"), rows, classifier=PROBA[[1, 1, 1]])
    assert given.positions == pytest.approx([-0.35] * 3)
    assert fuse_forecasts(FusionSettings("gbm_heavy"), rows).fallback == "gbm and lstm missing: regressor alone"
    members = {name: RETURNS[name][:3] for name in ("gbm", "lstm")}
    assert fuse_forecasts(FusionSettings("gbm_heavy"), rows, returns=members).positions == pytest.approx(
        positions("gbm_heavy")[:3]
    )
    with pytest.raises(NotTrained, match="no forecast"):
        fuse_forecasts(FusionSettings(), [])
