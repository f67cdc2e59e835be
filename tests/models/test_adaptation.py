"""Bands are read at the level their own misses ask for: FCT-07, section 7 of the forecasts' rules."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import NormalDist

import numpy as np
import pytest

from augury.core.forecast import QUANTILES
from augury.models.adaptation import OUTCOMES_MIN, BandCorrection, MaturedBand, one_a_bar, score, shares
from augury.models.conformal import BANDS, widen_by_horizon

START = datetime(2026, 1, 5, 21, tzinfo=UTC)
DAY = timedelta(days=1)
NORMAL = {name: NormalDist().inv_cdf(level) / 100 for name, level in QUANTILES.items()}


def matured(
    at: int, came: float, bars: int = 1, ladder: dict[str, float] = NORMAL, key: int | None = None
) -> MaturedBand:
    until = START + at * DAY
    due = until + bars * DAY
    return MaturedBand(
        at if key is None else key, "AAA", "d1", f"{bars}d", bars, "s" * 64, until, due, due, came, ladder
    )


def history(returns: list[float], bars: int = 1) -> list[MaturedBand]:
    return [matured(at, came, bars) for at, came in enumerate(returns)]


def test_the_level_follows_the_written_formula_outcome_by_outcome() -> None:
    missed = [at % 3 == 0 for at in range(60)]
    alpha = 0.2
    for miss in missed:
        alpha = alpha + 0.01 * (0.2 - miss)
    found = BandCorrection.of(history([0.5 if miss else 0.0 for miss in missed]))
    assert found.alphas[0.8] == pytest.approx(alpha, abs=1e-15)
    assert (found.n, found.n_eff) == (60, 60)


def test_below_fifty_independent_outcomes_the_very_same_numbers_come_back() -> None:
    few = BandCorrection.of(history([0.5] * (OUTCOMES_MIN - 1)))
    assert few.alphas == {}
    assert few.ladder(NORMAL) == NORMAL
    assert BandCorrection.of(history([0.5] * OUTCOMES_MIN)).ladder(NORMAL) != NORMAL


def test_overlapping_outcomes_count_their_share_and_move_the_level_by_it() -> None:
    rows = history([0.5] * 200, bars=5)
    counts = shares(rows)
    assert counts[:5] == [1, 1 / 2, 1 / 3, 1 / 4, 1 / 5]
    assert set(counts[4:]) == {1 / 5}
    assert BandCorrection.of(rows).alphas == {}
    more = BandCorrection.of(history([0.5] * 260, bars=5))
    assert more.n_eff == pytest.approx(260 / 5, abs=1.5)
    assert more.alphas[0.95] < 0
    one = BandCorrection.of(history([0.5] * 52))
    assert more.alphas[0.5] == pytest.approx(one.alphas[0.5], abs=0.01)


def test_outcomes_that_do_not_overlap_count_whole_however_long_the_horizon() -> None:
    apart = [matured(7 * at, 0.0, bars=7) for at in range(4)]
    assert shares(apart) == [1, 1, 1, 1]


def test_a_bar_that_was_forecast_ten_times_has_one_outcome_and_the_last_word_counts() -> None:
    wide = {name: 9 * value for name, value in NORMAL.items()}
    said = [
        matured(at, 0.05, key=10 * at + k, ladder=wide if k == 9 else NORMAL) for at in range(60) for k in range(10)
    ]
    rows = one_a_bar(reversed(said))
    assert [row.forecast_id for row in rows] == list(range(9, 600, 10))
    found = BandCorrection.of(said)
    assert found.n == 60
    assert found.alphas[0.8] > 0.2


def test_the_order_in_which_outcomes_were_read_changes_nothing() -> None:
    rng = np.random.default_rng(3)
    rows = history(rng.normal(0, 0.02, 90).tolist())
    assert BandCorrection.of([rows[at] for at in rng.permutation(90)]) == BandCorrection.of(rows)


def test_fewer_misses_asked_for_never_narrow_a_band_and_the_quantiles_stay_ordered() -> None:
    skewed = dict(zip(QUANTILES, (-0.9, -0.4, -0.2, -0.01, 0.0, 0.0, 0.03, 0.5, 0.6), strict=True))
    for ladder in (NORMAL, skewed):
        widths = []
        for alpha in np.linspace(1.05, -0.2, 51).tolist():
            made = BandCorrection(dict.fromkeys(BANDS, alpha), 60, 60).ladder(ladder)
            assert list(made.values()) == sorted(made.values())
            assert list(made) == list(QUANTILES)
            assert made["q025"] >= -1.0
            widths.append([made[high] - made[low] for low, high in BANDS.values()])
        assert all((np.diff(step) >= 0).all() for step in np.array(widths).T)


def test_a_band_read_for_its_own_misses_is_that_band_and_one_read_for_anothers_is_that_one() -> None:
    same = BandCorrection({level: 1 - level for level in BANDS}, 60, 60)
    assert same.ladder(NORMAL) == NORMAL
    wider = BandCorrection({0.5: 0.5, 0.8: 0.05, 0.9: 0.05, 0.95: 0.02}, 60, 60).ladder(NORMAL)
    assert wider["q10"] == pytest.approx(NORMAL["q025"], rel=1e-12)
    assert wider["q975"] == pytest.approx(NormalDist().inv_cdf(0.99) / 100, rel=1e-12)
    assert (wider["q25"], wider["q50"]) == (NORMAL["q25"], NORMAL["q50"])


def test_corrected_bands_never_narrow_with_the_horizon_once_they_are_widened() -> None:
    rng = np.random.default_rng(5)
    ladders = []
    for at in range(6):
        found = BandCorrection.of(history(rng.normal(0, 0.03 if at % 2 else 0.002, 300).tolist()))
        ladders.append(found.ladder({name: value * (1 + at / 10) for name, value in NORMAL.items()}))
    widened = widen_by_horizon(ladders)
    for near, far in pairwise(widened):
        assert all(far[high] - far[low] >= near[high] - near[low] for low, high in BANDS.values())


def test_a_band_that_outgrows_the_next_one_moves_it_along() -> None:
    wide = {**NORMAL, "q10": -1.0, "q05": -1.0, "q025": -1.0, "q90": 1.0, "q95": 1.0, "q975": 1.0}
    alphas = BandCorrection.of([matured(at, 0.02, ladder=wide) for at in range(400)]).alphas
    assert alphas[0.5] < 0
    assert list(alphas.values()) == sorted(alphas.values(), reverse=True)


def test_the_score_has_no_step_and_no_end() -> None:
    alphas = np.linspace(1.0, -1.0, 4001)
    scores = np.array([score(alpha) for alpha in alphas.tolist()])
    assert (np.diff(scores) > 0).all()
    assert np.diff(scores).max() < 0.04


def test_bands_half_as_wide_as_the_market_reach_their_coverage() -> None:
    """The loop itself: what is said depends on what came, which is scored against what was said."""
    rng = np.random.default_rng(9)
    rows: list[MaturedBand] = []
    for at, came in enumerate(rng.normal(0, 0.02, 600).tolist()):
        rows.append(matured(at, came, ladder=BandCorrection.of(rows).ladder(NORMAL)))
    for level in (0.5, 0.8, 0.95):
        plain = np.mean([abs(row.realised_return) <= NORMAL[BANDS[level][1]] for row in rows[300:]])
        assert np.mean([not row.missed(level) for row in rows[300:]]) == pytest.approx(level, abs=0.03)
        assert plain < level - 0.15
