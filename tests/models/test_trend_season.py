"""The trend-and-season member has its own name, works on returns, and honours the horizon."""

import sys
import types

import numpy as np
import pytest

from augury.core.errors import MissingExtra, UsageError
from augury.models.members import attempted
from augury.models.rolling import rolling
from augury.models.series import PriceSeries
from augury.models.statistical import SERIES_MEMBERS
from augury.models.statistical._weeks import Weeks
from augury.models.statistical.trend_season import TrendSeason


def fit_series_member(name, series, settings=None):
    """The member of the catalogue fitted on a series, or None, beside the entry that says why."""

    def made():
        member = SERIES_MEMBERS.load(name)(**(settings or {})).fit(series)
        return member.facts(), member

    return attempted(name, settings or {}, made)


def trending(slope, n=800, sd=0.01, seed=0):
    return PriceSeries.of_returns(slope + sd * np.random.default_rng(seed).normal(size=n))


def test_a_trend_is_continued_and_the_horizon_honoured():
    series = trending(0.002)
    member = TrendSeason(season_order=0).fit(series)
    near, far = (member.predict_distribution(series, np.array([800]), h) for h in (1, 20))
    assert 0.02 < far.mean[0] < 0.06
    assert far.sd[0] == pytest.approx(near.sd[0] * np.sqrt(20))
    assert near.sd[0] == pytest.approx(0.01, rel=0.05)


def test_a_bend_in_the_trend_is_followed():
    series = PriceSeries.of_returns(np.r_[np.full(400, 0.003), np.full(400, -0.003)] + 0.002 * np.sin(np.arange(800)))
    said = TrendSeason().fit(series).predict_distribution(series, np.array([800]), 10)
    assert said.mean[0] < -0.01


def test_a_season_of_the_week_is_found_on_the_day_it_falls():
    rng = np.random.default_rng(1)
    weekday = np.arange(1, 1001) % 5
    series = PriceSeries.of_returns(0.01 * (weekday == 2) - 0.0025 * (weekday != 2) + 0.002 * rng.normal(size=1000))
    rows = np.arange(700, 1000)
    said = TrendSeason().fit(series.until(700)).predict_distribution(series, rows, 1)
    assert np.corrcoef(said.mean, series.forward(1)[rows])[0, 1] > 0.8


def test_a_price_far_from_the_curve_is_not_taken_for_a_forecast():
    series = trending(0.0)
    member = TrendSeason().fit(series)
    moved = PriceSeries(series.symbol, series.ts, series.log_close + 5.0)
    rows = np.array([800])
    assert member.predict_distribution(moved, rows, 5).mean == member.predict_distribution(series, rows, 5).mean


@pytest.mark.parametrize("horizon_bars", [1, 10])
def test_the_95_percent_interval_covers_95_percent_of_what_follows(horizon_bars):
    hits = []
    for seed in range(6):
        series = trending(0.0003, n=1600, seed=seed)
        hits.append(rolling(TrendSeason, series, horizon_bars, first=800, refit_every=60).coverage(0.95))
    assert np.mean(hits) == pytest.approx(0.95, abs=0.03)


def test_bars_ahead_skip_the_days_on_which_no_bar_opens():
    days = np.busday_offset(np.datetime64("2024-01-01"), np.arange(60)).astype("datetime64[us]")
    weeks = Weeks.of(days)
    friday = np.array(["2024-01-05"], dtype="datetime64[us]")
    assert [str(weeks.ahead(friday, bars)[0])[:10] for bars in (1, 5, 6)] == ["2024-01-08", "2024-01-12", "2024-01-15"]
    whole = Weeks.of(np.datetime64("2024-01-01", "us") + np.arange(60) * np.timedelta64(1, "D"))
    assert str(whole.ahead(friday, 1)[0])[:10] == "2024-01-06"
    hours = np.concatenate([day + np.arange(10, 17) * np.timedelta64(1, "h") for day in days])
    late = np.array(["2024-01-05T16:00"], dtype="datetime64[us]")
    assert str(Weeks.of(hours).ahead(late, 1)[0])[:13] == "2024-01-08T10"


def test_without_its_package_prophet_is_unavailable_and_no_other_member_takes_its_name(monkeypatch):
    monkeypatch.setitem(sys.modules, "prophet", None)
    series = trending(0.001)
    entry, member = fit_series_member("prophet", series)
    assert (entry.name, entry.status, member) == ("prophet", "unavailable", None)
    assert 'pip install "augury[prophet]"' in entry.reason
    with pytest.raises(MissingExtra, match="prophet is not installed"):
        SERIES_MEMBERS.load("prophet")().fit(series)
    assert fit_series_member("trend_season", series)[0].status == "ready"
    assert SERIES_MEMBERS.load("trend_season") is not SERIES_MEMBERS.load("prophet")


class _Line:
    """Stands in for the package: a straight line through what it was given."""

    made = 0

    def __init__(self, **settings):
        _Line.made += 1
        self.settings = settings

    def fit(self, frame, seed):
        days = (frame["ds"] - np.datetime64("2000-01-01")).dt.total_seconds() / 86_400
        self.line = np.polyfit(days, frame["y"], 1).tolist()

    def predict(self, frame):
        days = (frame["ds"] - np.datetime64("2000-01-01")).dt.total_seconds() / 86_400
        return {"yhat": np.polyval(self.line, days.to_numpy())}


def test_prophet_gets_a_fresh_object_per_fit_and_its_curve_survives_the_file(monkeypatch, tmp_path):
    import json

    def restored(text):
        model = _Line()
        model.line = json.loads(text)
        return model

    package, serialize = types.ModuleType("prophet"), types.ModuleType("prophet.serialize")
    package.Prophet = _Line
    serialize.model_to_json = lambda model: json.dumps(model.line)
    serialize.model_from_json = restored
    monkeypatch.setitem(sys.modules, "prophet", package)
    monkeypatch.setitem(sys.modules, "prophet.serialize", serialize)
    series, before = trending(0.002), _Line.made
    member = SERIES_MEMBERS.load("prophet")().fit(series.until(600))
    first = member.facts()
    member.fit(series)
    assert _Line.made - before >= 2
    assert member.facts() != first
    said = member.predict_distribution(series, np.array([800]), 5)
    assert said.mean[0] == pytest.approx(0.01, abs=0.005)
    member.save(tmp_path)
    assert SERIES_MEMBERS.load("prophet").load(tmp_path).predict_distribution(series, np.array([800]), 5) == said


@pytest.mark.parametrize("wrong", [{"changepoint_prior": 0.0}, {"changepoints": -1}, {"season_order": 11}])
def test_settings_outside_their_range_are_refused(wrong):
    with pytest.raises(UsageError):
        TrendSeason(**wrong)
