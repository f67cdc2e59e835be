"""The three hidden regimes: filtered only, fitted by likelihood, ordered by variance."""

import itertools
import json
from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from augury.core.errors import InsufficientHistory
from augury.features.fitted import Fitted, fit_on
from augury.features.transforms import _markov as markov
from augury.features.transforms.hidden_regimes import COLUMNS

CHAIN = markov.Chain(
    (0.1, 0.0, -0.2), (0.5, 1.5, 9.0), (0.5, 0.3, 0.2), ((0.9, 0.08, 0.02), (0.1, 0.8, 0.1), (0.05, 0.15, 0.8))
)
SPREADS = (0.004, 0.011, 0.035)


def prices(symbol: str, returns: np.ndarray) -> pl.DataFrame:
    n = len(returns)
    days = [datetime(2015, 1, 1, tzinfo=UTC) + timedelta(days=k) for k in range(n)]
    close = 40.0 * np.exp(np.cumsum(returns))
    return pl.DataFrame(
        {"symbol": [symbol] * n, "ts": days, "close": close}, schema_overrides={"ts": pl.Datetime("us", "UTC")}
    )


def planted(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Returns of a chain that stays 98 of 100 bars, and the regime of each."""
    rng = np.random.default_rng(seed)
    regimes = [0]
    for _ in range(n - 1):
        regimes.append(
            regimes[-1] if rng.random() < 0.98 else int(rng.choice([r for r in range(3) if r != regimes[-1]]))
        )
    return rng.normal(size=n) * np.array(SPREADS)[regimes], np.array(regimes)


@pytest.fixture(scope="module")
def market() -> pl.DataFrame:
    return pl.concat(
        [prices("AAA", planted(900, 1)[0]), prices("BBB", planted(700, 2)[0]), prices("NEW", planted(90, 3)[0])]
    )


@pytest.fixture(scope="module")
def fitted(market: pl.DataFrame) -> Fitted:
    return fit_on("hidden_regimes", market, market["ts"].unique().sort()[:600])


def density(x: float, k: int) -> float:
    return float(
        np.exp(-((x - CHAIN.means[k]) ** 2) / (2 * CHAIN.variances[k])) / np.sqrt(2 * np.pi * CHAIN.variances[k])
    )


def test_filtered_probabilities_equal_the_sum_over_every_path() -> None:
    x = np.random.default_rng(0).normal(size=6) * 1.5
    for t in range(1, 7):
        weight = np.zeros(3)
        for path in itertools.product(range(3), repeat=t):
            p = CHAIN.start[path[0]] * density(x[0], path[0])
            for k in range(1, t):
                p *= CHAIN.moves[path[k - 1]][path[k]] * density(x[k], path[k])
            weight[path[-1]] += p
        np.testing.assert_allclose(markov.filtered(x[:t, None], [CHAIN])[-1, 0], weight / weight.sum(), rtol=1e-12)


def test_an_unknown_value_lets_the_chain_move_on_and_teaches_nothing() -> None:
    x = np.array([[0.3], [np.nan], [0.3]])
    found = markov.filtered(x, [CHAIN])[:, 0]
    assert np.isnan(found[1]).all()
    twice = np.linalg.matrix_power(np.array(CHAIN.moves), 2)
    after = (found[0] @ twice) * [density(0.3, k) for k in range(3)]
    np.testing.assert_allclose(found[2], after / after.sum(), rtol=1e-12)


def test_probabilities_at_a_bar_are_bit_equal_whatever_follows(fitted: Fitted, market: pl.DataFrame) -> None:
    whole = fitted.transform(market)
    noise = np.random.default_rng(5)
    for border in market["ts"].unique().sort()[[50, 300, 599, 640, 880]]:
        past = market["ts"] <= border
        expected = whole.filter(past)
        assert fitted.transform(market.filter(past)).equals(expected)
        shaken = market.with_columns(
            pl.when(past).then(pl.col("close")).otherwise(pl.Series(noise.uniform(1, 90, len(market))))
        )
        assert fitted.transform(shaken).filter(past).equals(expected)


def test_smoothed_probabilities_would_be_caught(fitted: Fitted, market: pl.DataFrame) -> None:
    """What the fit uses inside, and a filter must not give: it changes when bars follow."""
    x = np.log(market.filter(pl.col("symbol") == "AAA")["close"]).diff().drop_nulls().to_numpy()[:, None]
    chain = dict(fitted.learned.chains)["AAA"]  # type: ignore[attr-defined]
    names = ("means", "variances", "start", "moves")
    chains = markov._Chains(*(np.array([getattr(chain, name)]) for name in names))

    def smoothed(values: np.ndarray) -> np.ndarray:
        likelihood = markov._likelihood(values, chains)[0]
        alpha, scale = markov._forward(likelihood, chains)
        return markov._backward(alpha, likelihood, scale, chains)[0]

    assert np.abs(smoothed(x)[:300] - smoothed(x[:300])).max() > 0.02
    assert np.abs(markov.filtered(x, [chain])[:300] - markov.filtered(x[:300], [chain])).max() == 0.0


def test_planted_regimes_are_found(fitted: Fitted, market: pl.DataFrame) -> None:
    chain = dict(fitted.learned.chains)["AAA"]  # type: ignore[attr-defined]
    np.testing.assert_allclose(np.sqrt(chain.variances), SPREADS, rtol=0.3)
    assert min(chain.moves[k][k] for k in range(3)) > 0.9
    later = fitted.transform(market).filter(pl.col("symbol") == "AAA")[600:].select(COLUMNS).to_numpy()
    assert (later.argmax(axis=1) == planted(900, 1)[1][600:]).mean() > 0.75


def test_regimes_ascend_in_variance_and_probabilities_sum_to_one(fitted: Fitted, market: pl.DataFrame) -> None:
    for _, chain in fitted.learned.chains:  # type: ignore[attr-defined]
        assert list(chain.variances) == sorted(chain.variances)
        np.testing.assert_allclose(np.sum(chain.moves, axis=1), 1.0)
    found = fitted.transform(market).drop_nulls().select(COLUMNS).to_numpy()
    np.testing.assert_allclose(found.sum(axis=1), 1.0)


def test_each_round_raises_the_likelihood() -> None:
    x = planted(400, 7)[0][:, None]
    mean, squared = markov._moments(x)
    chains, levels = markov._first_guess(mean, squared - mean * mean), []
    for _ in range(15):
        chains, level = markov._step(x, chains, np.zeros(1))
        levels.append(float(level[0]))
    assert min(np.diff(levels)) > -1e-4
    assert levels[-1] > levels[0] + 0.01


def test_a_symbol_has_the_same_chain_alone_and_among_others(fitted: Fitted, market: pl.DataFrame) -> None:
    days = market["ts"].unique().sort()[:600]
    for symbol in ("AAA", "BBB"):
        alone = market.filter(pl.col("symbol") == symbol)
        learned = fit_on("hidden_regimes", alone, days)
        assert dict(learned.learned.chains)[symbol] == dict(fitted.learned.chains)[symbol]  # type: ignore[attr-defined]
        assert learned.transform(alone).equals(fitted.transform(market).filter(pl.col("symbol") == symbol))


def test_a_symbol_too_young_to_be_fitted_is_unknown_not_average(fitted: Fitted, market: pl.DataFrame) -> None:
    young = fitted.transform(market).filter(pl.col("symbol") == "NEW")
    assert [young[name].null_count() for name in COLUMNS] == [90] * 3
    with pytest.raises(InsufficientHistory, match="has 250 returns"):
        fit_on("hidden_regimes", market.filter(pl.col("symbol") == "NEW"), market["ts"])


@pytest.mark.parametrize("jump", [-9.0, 9.0])
def test_a_move_beyond_anything_fitted_is_wild_and_nothing_breaks_after_it(jump: float, fitted: Fitted) -> None:
    returns = planted(300, 9)[0]
    returns[200] = jump
    found = fitted.transform(prices("AAA", returns)).select(COLUMNS).to_numpy()
    assert found[200, 2] == pytest.approx(1.0)
    assert np.isfinite(found[1:]).all()


def test_prices_times_a_constant_change_no_probability(fitted: Fitted, market: pl.DataFrame) -> None:
    one, other = (
        fitted.transform(frame).select(COLUMNS) for frame in (market, market.with_columns(pl.col("close") * 1e4))
    )
    np.testing.assert_allclose(other.to_numpy(), one.to_numpy(), atol=1e-9)


def test_what_was_learned_survives_json(fitted: Fitted, market: pl.DataFrame) -> None:
    again = Fitted.from_json(json.loads(json.dumps(fitted.to_json())))
    assert again == fitted
    assert again.transform(market).equals(fitted.transform(market))
