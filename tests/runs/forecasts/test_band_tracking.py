"""The bands of what was served are scored by symbol, by regime and by horizon."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from augury.core.bars import Bars
from augury.core.clock import FixedClock
from augury.core.errors import UsageError
from augury.core.forecast import QUANTILES
from augury.core.labelspec import LabelSpec
from augury.core.settings import Settings
from augury.core.timeframe import Timeframe
from augury.data.calendar.availability import known_at
from augury.data.synthetic import SyntheticMarket
from augury.runs.forecasts.band_tracking import BARS_MIN, UNKNOWN, regimes_of, track_bands
from augury.runs.forecasts.evaluation import mature
from augury.runs.workspace import Workspace

NOW = datetime(2026, 11, 20, tzinfo=UTC)
SPECS = [LabelSpec(Timeframe.D1, "1d", 1, 0.004), LabelSpec(Timeframe.D1, "5d", 5, 0.009)]
SAID = range(100, 240)


def tell(place: Workspace, speaking: Any, days: range = SAID) -> None:
    """Two symbols and two horizons, forecast every day and scored; the bands of SYN002 are far too narrow."""
    place.lake.write(SyntheticMarket(n_symbols=2, n_bars=250, seed=4).bars())
    made = []
    for symbol, width in (("SYN001", 0.06), ("SYN002", 0.002)):
        bars = place.lake.read([symbol], Timeframe.D1)
        for spec in SPECS:
            manifest = speaking.publish(place, symbol, spec)
            ladder = {name: width * (level - 0.5) * spec.horizon_bars**0.5 for name, level in QUANTILES.items()}
            made += [speaking.say(manifest, bars, at, quantiles=ladder) for at in days]
            # Looked at again on the same bar, a second later: another row, the same outcome.
            made.append(replace(made[-1], made_at=made[-1].made_at.replace(second=1)))
            made.append(speaking.say(manifest, bars, 90, quantiles=ladder, flags=("replay",)))
            made.append(speaking.say(manifest, bars, 91, quantiles=ladder, flags=("shadow",)))
    place.store.ledger.append(made, NOW)
    mature(place)


def opened(folder: Path, url: str = "") -> Workspace:
    values: dict[str, Any] = {"data_dir": folder, "workers": 1, "database_url": url}
    return Workspace.open(Settings.load(values, environ={}, start=folder), clock=FixedClock(NOW))


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, speaking: Any) -> Iterator[Workspace]:
    with opened(tmp_path_factory.mktemp("told")) as place:
        tell(place, speaking)
        yield place


def test_every_database_leaves_out_the_same_rows(tmp_path: Path, database_url: str, speaking: Any) -> None:
    with opened(tmp_path, database_url) as place:
        tell(place, speaking, range(100, 103))
        report, all_of_them = track_bands(place), track_bands(place, replays=True)
    assert (report.n, report.repeated, all_of_them.n) == (12, 4, 16)


def test_every_bar_counts_once_and_replays_and_challengers_do_not(told: Workspace) -> None:
    report = track_bands(told)
    (score,) = report.scores
    assert (report.n, report.repeated, score.n) == (4 * len(SAID), 4, 4 * len(SAID))
    assert score.n_eff == pytest.approx(2 * len(SAID) * (1 + 1 / 5))
    assert track_bands(told, replays=True).n == 4 * len(SAID) + 4
    assert track_bands(told, symbol="SYN001", timeframe="d1").n == 2 * len(SAID)


def test_a_narrow_band_shows_in_its_own_group_and_the_figures_are_those_of_the_rows(told: Workspace) -> None:
    honest, narrow = track_bands(told, ["symbol"]).scores
    assert narrow.coverage[0.8][2] < 0.3 < honest.coverage[0.8][1]
    assert narrow.pit[0] + narrow.pit[-1] > 0.8
    rows = told.store.evaluations.list("SYN002", replay=False)
    kept = {row.data_until: row for row in rows if row.horizon == "1d"}
    (score,) = [one for one in track_bands(told, ["horizon"], symbol="SYN002").scores if one.group["horizon"] == "1d"]
    assert score.coverage[0.8][0] == np.mean([row.covered80 for row in kept.values()])
    assert np.mean(list(score.pinball.values())) == pytest.approx(np.mean([row.pinball for row in kept.values()]))


def test_a_group_below_fifty_that_count_is_insufficient(told: Workspace) -> None:
    scores = {
        (one.group["symbol"], one.group["horizon"]): one for one in track_bands(told, ["symbol", "horizon"]).scores
    }
    assert not scores["SYN001", "1d"].insufficient
    assert scores["SYN001", "5d"].n_eff == pytest.approx(28)
    assert scores["SYN001", "5d"].insufficient


def test_regimes_split_the_rows_and_a_bar_that_is_gone_is_unknown(told: Workspace) -> None:
    scores = {one.group["regime"]: one.n for one in track_bands(told, ["regime"]).scores}
    assert set(scores) == {"quiet", "usual", "strained"}
    assert sum(scores.values()) == 4 * len(SAID)
    market = told.lake.read(["SYN001", "SYN002"], Timeframe.D1)
    try:
        told.lake.write(market.with_frame(market.frame.filter(pl.col("ts") != market.frame["ts"][SAID[-1]])))
        assert {one.group["regime"]: one.n for one in track_bands(told, ["regime"]).scores}[UNKNOWN] == 4
    finally:
        told.lake.write(market)


def test_the_regime_of_a_bar_knows_nothing_of_later_ones() -> None:
    bars = SyntheticMarket(n_symbols=1, n_bars=300, seed=8).bars()
    closes = known_at(bars.frame["ts"], Timeframe.D1, "XNYS").to_list()
    whole = regimes_of(bars, closes)
    stormy = pl.when(pl.col("ts") > bars.frame["ts"][200]).then(pl.col("close") * pl.Series([1.0, 3.0] * 150))
    poisoned = bars.frame.with_columns(stormy.otherwise(pl.col("close")).alias("close"))
    for other in (bars.frame.head(201), poisoned):
        found = regimes_of(Bars(other, Timeframe.D1, adjustment="full"), closes[:201])
        assert found == {close: whole[close] for close in closes[:201]}
    assert [whole[close] for close in closes].count(UNKNOWN) == 20 + BARS_MIN - 1
    assert {"quiet", "usual", "strained"} <= set(whole.values())


def test_nothing_scored_gives_no_group_and_an_unknown_group_is_refused(workspace: Workspace) -> None:
    assert track_bands(workspace, ["horizon"]).scores == ()
    with pytest.raises(UsageError, match="not by colour"):
        track_bands(workspace, ["colour"])
