"""The GARCH recursion and its fit."""

import math

import numpy as np
import polars as pl
import pytest

from augury.core.bars import Bars
from augury.core.errors import InsufficientHistory
from augury.features.fitted import Fitted, fit_on
from augury.features.transforms.garch import Garch11, next_variance

TRUE = Garch11(mean=0.0, omega=4e-6, alpha=0.1, beta=0.86, variance=1e-4)


def simulated(n: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    variance, out = TRUE.variance, []
    for z in rng.normal(size=n):
        out.append(math.sqrt(variance) * z)
        variance = TRUE.omega + TRUE.alpha * out[-1] ** 2 + TRUE.beta * variance
    return np.array(out)


@pytest.fixture(scope="module")
def market(panel: Bars) -> pl.DataFrame:
    """Long enough to be fitted: AAA of the panel's first day on, 1,600 bars; BBB 40 bars."""
    first = panel.frame["ts"].min()
    days = pl.datetime_range(first, pl.lit(first).dt.offset_by("1599d"), "1d", eager=True).alias("ts")
    long = pl.DataFrame({"symbol": "AAA", "ts": days, "close": 30.0 * np.exp(np.cumsum(simulated(1600, 4)))})
    return pl.concat([long, panel.of("BBB").frame.select("symbol", "ts", "close")])


@pytest.fixture(scope="module")
def fitted(market: pl.DataFrame) -> Fitted:
    return fit_on("garch", market, market["ts"].unique().sort()[:1200])


def test_the_recursion_is_the_definition() -> None:
    x = simulated(50, 1)
    expected, variance = [], TRUE.variance
    for value in x:
        variance = TRUE.omega + TRUE.alpha * (value - TRUE.mean) ** 2 + TRUE.beta * variance
        expected.append(variance)
    np.testing.assert_allclose(next_variance(x[:, None], [TRUE])[:, 0], expected, rtol=1e-14)


def test_planted_parameters_are_found(fitted: Fitted) -> None:
    one = dict(fitted.learned.parameters)["AAA"]  # type: ignore[attr-defined]
    assert one.alpha == pytest.approx(TRUE.alpha, abs=0.06)
    assert one.beta == pytest.approx(TRUE.beta, abs=0.1)
    assert one.alpha + one.beta < 1.0


def test_the_volatility_is_that_of_the_next_bar(fitted: Fitted, market: pl.DataFrame) -> None:
    known = fitted.transform(market).filter(pl.col("symbol") == "AAA")["garch_volatility"].to_numpy()[200:-1]
    moves = np.abs(np.diff(np.log(market.filter(pl.col("symbol") == "AAA")["close"].to_numpy())))[200:]
    assert np.corrcoef(known, moves)[0, 1] > 0.1
    assert np.mean((moves / known) ** 2) == pytest.approx(1.0, abs=0.15)


def test_a_bar_after_changes_nothing_at_a_bar(fitted: Fitted, market: pl.DataFrame) -> None:
    whole = fitted.transform(market)
    for border in market["ts"].unique().sort()[[30, 700, 1199, 1400]]:
        part = market.filter(pl.col("ts") <= border)
        assert fitted.transform(part).equals(whole.filter(pl.col("ts") <= border))


def test_symbols_without_a_model_are_null_and_say_why(fitted: Fitted, market: pl.DataFrame) -> None:
    assert dict(fitted.learned.without) == {"BBB": "39 returns in the fit slice, 250 are needed"}  # type: ignore[attr-defined]
    found = fitted.transform(market)
    assert found.filter(pl.col("symbol") == "BBB")["garch_volatility"].null_count() == 40
    assert found.filter(pl.col("symbol") == "AAA")["garch_volatility"].null_count() == 1


def test_no_symbol_at_all_is_an_error(market: pl.DataFrame) -> None:
    with pytest.raises(InsufficientHistory, match="no symbol of 1 has a volatility model"):
        fit_on("garch", market.filter(pl.col("symbol") == "BBB"), market["ts"])


def test_a_price_that_stood_still_has_no_model(market: pl.DataFrame) -> None:
    still = market.with_columns(pl.when(pl.col("symbol") == "AAA").then(5.0).otherwise(pl.col("close")).alias("close"))
    with pytest.raises(InsufficientHistory, match="did not move"):
        fit_on("garch", still, market["ts"])
