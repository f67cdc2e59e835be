"""The mean is summed, the variance is summed, the band is the root of the sum; nothing looks ahead."""

import subprocess
import sys
from functools import cache

import numpy as np
import pytest

from augury.core.errors import CorruptArtifact, InsufficientHistory, ModelError, NotTrained, UsageError
from augury.models.members import attempted
from augury.models.rolling import rolling
from augury.models.series import Distribution, PriceSeries
from augury.models.statistical import SERIES_MEMBERS
from augury.models.statistical._arma import Arma
from augury.models.statistical._diagnostics import ljung_box
from augury.models.statistical._garch import GarchT
from augury.models.statistical.arima_garch import ArimaGarch

TEXTBOOK = GarchT(omega=2e-6, alpha=0.08, beta=0.9, tail=8.0, start=1e-4)


def fit_series_member(name, series, settings=None):
    """The member of the catalogue fitted on a series, or None, beside the entry that says why."""

    def made():
        member = SERIES_MEMBERS.load(name)(**(settings or {})).fit(series)
        return member.facts(), member

    return attempted(name, settings or {}, made)


@cache
def unit_returns(n, seed, tail):
    rng = np.random.default_rng(seed)
    shocks = rng.normal(size=n) if tail is None else rng.standard_t(tail, size=n) * np.sqrt((tail - 2) / tail)
    returns, variance = [], 1.0
    for shock in shocks.tolist():
        returns.append(variance**0.5 * shock)
        variance = 0.02 + 0.08 * returns[-1] ** 2 + 0.9 * variance
    return np.array(returns)


def simulated(sigma, n=12000, seed=1, tail=None):
    """GARCH(1,1) returns whose long-run standard deviation is ``sigma``."""
    return PriceSeries.of_returns(sigma * unit_returns(n, seed, tail))


@pytest.mark.parametrize(("steps", "sd"), [(1, 0.014142), (5, 0.031311), (10, 0.043757)])
def test_the_band_over_h_bars_is_the_root_of_the_summed_variance(steps, sd):
    assert TEXTBOOK.cumulated_sd(2e-4, steps) == pytest.approx(sd, abs=5e-7)


def test_the_recursion_is_the_written_one():
    values, variance = np.array([0.01, -0.03, 0.0]), TEXTBOOK.start
    by_hand = []
    for value in values:
        variance = TEXTBOOK.omega + TEXTBOOK.alpha * value**2 + TEXTBOOK.beta * variance
        by_hand.append(variance)
    assert TEXTBOOK.next_variance(values) == pytest.approx(by_hand, rel=1e-12)


@pytest.mark.parametrize("sigma", [0.01, 1.0, 10.0])
@pytest.mark.parametrize("tail", [None, 6])
def test_the_90_percent_band_covers_88_to_92_percent_at_every_scale(sigma, tail):
    series = simulated(sigma, tail=tail)
    member = ArimaGarch(max_order=0).fit(series.until(2000))
    rows = np.arange(2000, len(series) - 10)
    for horizon_bars in (1, 5, 10):
        low, high = member.predict_distribution(series, rows, horizon_bars).band(0.90)
        outcome = series.forward(horizon_bars)[rows]
        assert 0.88 <= np.mean((outcome >= low) & (outcome <= high)) <= 0.92


def test_a_one_step_band_for_ten_steps_would_be_caught_by_the_coverage_test():
    series = simulated(0.01)
    member = ArimaGarch(max_order=0).fit(series.until(2000))
    rows = np.arange(2000, len(series) - 10)
    low, high = member.predict_distribution(series, rows, 1).band(0.90)
    outcome = series.forward(10)[rows]
    assert np.mean((outcome >= low) & (outcome <= high)) < 0.6


def test_the_same_returns_in_another_unit_give_the_same_answer_in_that_unit():
    small, large = simulated(0.01, n=1200, tail=6), simulated(10.0, n=1200, tail=6)
    said = [ArimaGarch(1).fit(one).predict_distribution(one, np.arange(1000, 1201), 5) for one in (small, large)]
    assert said[1].sd / said[0].sd == pytest.approx(1000.0, rel=1e-3)
    assert said[1].tail == pytest.approx(said[0].tail, rel=0.02)


def test_a_longer_horizon_has_another_mean_and_a_wider_band():
    rng = np.random.default_rng(2)
    returns = np.empty(1500)
    returns[0] = 0.0
    for row in range(1, 1500):
        returns[row] = 0.4 * returns[row - 1] + 0.01 * rng.normal()
    series = PriceSeries.of_returns(0.0005 + returns)
    member = ArimaGarch(max_order=1).fit(series)
    assert member.facts()["order"] != [0, 0, 0]
    near, far = (member.predict_distribution(series, np.arange(1000, 1501), h) for h in (1, 20))
    assert (far.sd > near.sd * np.sqrt(20)).all()
    assert np.ptp(near.mean) > 0.01
    outcome = series.forward(1)[1000:1500]
    assert np.corrcoef(near.mean[:500], outcome)[0, 1] > 0.3


def test_one_shock_of_an_autoregression_reaches_the_whole_sum():
    one = Arma(0.0, (0.5,), (0.3,), 0)
    assert one.summed_weights(3) == pytest.approx([1.0, 1.8, 2.2])
    differenced = Arma(0.0, (), (), 1)
    assert differenced.summed_weights(3).tolist() == [1.0, 2.0, 3.0]
    assert differenced.ahead(np.array([1.0, 3.0]), np.array([1.0, 2.0]), np.array([1]), 2).tolist() == [[3.0, 3.0]]


def test_forecasts_of_the_mean_equal_those_of_statsmodels():
    from statsmodels.tsa.arima.model import ARIMA

    values = np.random.default_rng(3).normal(size=400)
    found = ARIMA(values, order=(1, 0, 1), trend="c").fit()
    mean, ar, ma = (float(value) for value in found.params[:3])
    own = Arma(mean, (ar,), (ma,), 0)
    ahead = own.ahead(values, own.residuals(values), np.array([399]), 5)[0]
    assert ahead == pytest.approx(found.forecast(5), abs=1e-6)


def test_a_series_of_trending_returns_is_differenced():
    returns = np.cumsum(np.random.default_rng(4).normal(size=700)) * 1e-4
    member = ArimaGarch(max_order=1).fit(PriceSeries.of_returns(returns))
    assert member.facts()["order"][1] == 1
    assert np.isfinite(member.predict_distribution(PriceSeries.of_returns(returns), np.array([700]), 5).mean).all()


def test_class_probabilities_stand_at_the_thresholds_of_the_label():
    said = Distribution(np.array([0.01]), np.array([0.03]), 5.0)
    rng = np.random.default_rng(5)
    drawn = np.expm1(0.01 + 0.03 * rng.standard_t(5, size=400_000) * np.sqrt(3 / 5))
    shares = [np.mean(drawn < -0.02), np.mean(np.abs(drawn) <= 0.02), np.mean(drawn > 0.02)]
    proba = said.proba(0.02)
    assert proba[0] == pytest.approx(shares, abs=0.003)
    assert proba.sum(axis=1) == pytest.approx(1.0, abs=1e-12)
    wider = said.proba(0.05)
    assert wider[0, 1] > proba[0, 1]


def test_quantiles_are_ordered_simple_returns_above_minus_100_percent_even_for_enormous_moves():
    ladder = np.column_stack(list(Distribution(np.zeros(3), np.array([0.01, 1.0, 30.0]), 4.0).quantiles().values()))
    assert (np.diff(ladder, axis=1) >= 0).all()
    assert (ladder >= -1).all()
    assert np.isfinite(ladder).all()


def test_diagnostics_are_stored_and_agree_with_the_library():
    from statsmodels.stats.diagnostic import acorr_ljungbox

    z = np.random.default_rng(6).normal(size=600)
    assert ljung_box(z, 10) == pytest.approx(float(acorr_ljungbox(z, lags=[10])["lb_pvalue"].iloc[0]), rel=1e-9)
    facts = ArimaGarch(max_order=0).fit(simulated(0.01, n=1500, tail=5)).facts()
    assert facts["jarque_bera_p"] < 0.01
    assert facts["ljung_box_squares_p"] > 0.01
    assert {"ljung_box_p", "aic", "unit_root_p", "tail", "order"} <= set(facts)


def test_no_answer_depends_on_a_later_bar():
    series = simulated(0.01, n=1200)
    whole = rolling(lambda: ArimaGarch(0), series, 5, first=1000, refit_every=60)
    poisoned = PriceSeries(series.symbol, series.ts, np.where(np.arange(1201) > 1100, 99.0, series.log_close))
    again = rolling(lambda: ArimaGarch(0), poisoned, 5, first=1000, refit_every=200)
    cut = rolling(lambda: ArimaGarch(0), series.until(1101), 5, first=1000, refit_every=60)
    assert np.array_equal(cut.said.sd, whole.said.sd[:101])
    assert np.array_equal(cut.said.mean, whole.said.mean[:101])
    assert np.array_equal(again.said.sd[:60], whole.said.sd[:60])
    assert whole.n_fits == 4


@pytest.fixture(scope="module", params=["arima_garch", "trend_season"])
def fitted(request):
    series = simulated(0.01, n=800)
    settings = {"max_order": 1} if request.param == "arima_garch" else {}
    entry, member = fit_series_member(request.param, series, settings)
    assert entry.status == "ready", entry.reason
    return request.param, member, series


RELOAD = """
import sys
from pathlib import Path
import numpy as np
from augury.models.series import PriceSeries
from augury.models.statistical import SERIES_MEMBERS
name, folder = sys.argv[1], Path(sys.argv[2])
series = PriceSeries.of_returns(np.load(folder / "returns.npy", allow_pickle=False))
said = SERIES_MEMBERS.load(name).load(folder).predict_distribution(series, np.arange(600, 801), 5)
np.save(folder / "said.npy", np.vstack([said.mean, said.sd]), allow_pickle=False)
"""


def test_a_series_member_survives_save_and_load_in_a_fresh_process_bit_for_bit(fitted, tmp_path):
    name, member, series = fitted
    member.save(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["member.json"]
    returns = series.log_returns
    np.save(tmp_path / "returns.npy", returns, allow_pickle=False)
    subprocess.run([sys.executable, "-W", "error", "-c", RELOAD, name, str(tmp_path)], check=True)
    said = member.predict_distribution(PriceSeries.of_returns(returns), np.arange(600, 801), 5)
    assert np.array_equal(np.load(tmp_path / "said.npy", allow_pickle=False), np.vstack([said.mean, said.sd]))
    again = fit_series_member(name, series, member.settings())[1]
    assert again.facts() == member.facts()


def test_one_row_is_answered_as_it_is_among_others_to_the_bit(fitted):
    _, member, series = fitted
    together = member.predict_distribution(series, np.arange(600, 801), 5)
    alone = member.predict_distribution(series.until(701), np.array([700]), 5)
    assert (alone.mean[0], alone.sd[0]) == (together.mean[100], together.sd[100])


def test_a_damaged_or_foreign_file_is_a_corrupt_artifact(fitted, tmp_path):
    name, member, _ = fitted
    member.save(tmp_path)
    path = tmp_path / "member.json"
    whole = path.read_text(encoding="utf-8")
    for damage in (whole[: len(whole) // 2], "", whole.replace(type(member).__name__, "Other"), "{}"):
        path.write_text(damage, encoding="utf-8")
        with pytest.raises(CorruptArtifact, match="cannot be read"):
            SERIES_MEMBERS.load(name).load(tmp_path)


def test_too_few_bars_are_unavailable_and_bars_that_do_not_move_have_failed():
    short = fit_series_member("arima_garch", simulated(0.01, n=300))[0]
    assert (short.name, short.status) == ("arima_garch", "unavailable")
    assert "301 bars, ArimaGarch needs 500" in short.reason
    still, member = fit_series_member("arima_garch", PriceSeries.of_returns(np.zeros(600)))
    assert (still.status, member) == ("failed", None)
    with pytest.raises(ModelError, match="do not move"):
        ArimaGarch().fit(PriceSeries.of_returns(np.zeros(600)))


def test_a_member_asked_too_early_or_wrongly_refuses():
    series = simulated(0.01, n=600)
    with pytest.raises(NotTrained):
        ArimaGarch().predict_distribution(series, np.array([1]), 1)
    member = ArimaGarch(0).fit(series)
    with pytest.raises(UsageError, match="at least one bar ahead"):
        member.predict_distribution(series, np.array([600]), 0)
    with pytest.raises(UsageError, match="no return before it"):
        member.predict_distribution(series, np.array([0]), 1)
    with pytest.raises(UsageError, match=r"outside 0\.\.3"):
        ArimaGarch(4)
    with pytest.raises(InsufficientHistory):
        ArimaGarch().fit(series.until(100))
