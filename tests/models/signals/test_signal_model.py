"""Signals of bars: what is learnt and what is asked are made alike, symbol by symbol, and kept bit for bit."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from augury.core.bars import Bars
from augury.core.errors import CorruptArtifact, InsufficientHistory, NotTrained, SchemaMismatch, UsageError
from augury.core.timeframe import Timeframe
from augury.data.synthetic import SyntheticMarket
from augury.models.signals.model import SEQUENCE, SignalModel

TREES = {"n_estimators": 30, "learning_rate": 0.1}
NETWORK = {
    "network": {"hidden": 8, "width": 16, "blocks": 1, "feed_forward": 16},
    "training": {"epochs": 12, "learning_rate": 5e-3, "threads": 1},
}


@pytest.fixture(scope="module")
def bars() -> Bars:
    return SyntheticMarket(n_symbols=2, n_bars=700, ic=0.5, regimes=False, seed=3).bars()


def model(body: str = "lgbm", **changes: object) -> SignalModel:
    settings = TREES if body == "lgbm" else NETWORK
    return SignalModel("1d", 1, Timeframe.D1, body=body, lookback=4, body_settings=settings, **changes)  # type: ignore[arg-type]


@pytest.fixture(scope="module", params=["lgbm", SEQUENCE])
def fitted(request: pytest.FixtureRequest, bars: Bars) -> SignalModel:
    made = model(request.param)
    rows = made.rows(bars)
    return made.fit(bars, rows, np.arange(len(rows.returns) - 200))


def test_a_planted_signal_is_said_of_rows_that_taught_nothing(fitted: SignalModel, bars: Bars) -> None:
    rows = fitted.rows(bars)
    late = np.arange(len(rows.returns) - 200, len(rows.returns) - 2)
    said = fitted.predict(rows)[late]
    came = rows.returns[late]
    # 656 rows of 48 features teach a network little: that it can learn is tested where it is fed less.
    least = 0.2 if fitted.classifier.body == "lgbm" else 0.05
    assert np.corrcoef(said["p_buy"] - said["p_sell"], came)[0, 1] > least


def test_rows_are_in_the_order_of_time_and_windows_stay_within_their_symbol(bars: Bars) -> None:
    rows, windows = model().rows(bars), model(SEQUENCE).rows(bars)
    assert rows.frame["ts"].is_sorted()
    assert rows.frame["ts"].n_unique() * 2 == rows.frame.height
    assert windows.X.shape[1] == 4
    assert windows.frame.height == rows.frame.height - 2 * 3
    alone = model(SEQUENCE).rows(bars.with_frame(bars.frame.filter(pl.col("symbol") == "SYN002")))
    own = (windows.frame["symbol"] == "SYN002").to_numpy()
    assert np.array_equal(windows.X[own], alone.X)


def test_later_bars_change_no_row_and_no_answer(fitted: SignalModel, bars: Bars) -> None:
    cut = bars.frame["ts"].unique().sort()[-50]
    short = fitted.rows(bars.with_frame(bars.frame.filter(pl.col("ts") <= cut)))
    whole = fitted.rows(bars)
    assert np.array_equal(short.X, whole.X[: len(short.X)])
    assert fitted.predict(short).equals(fitted.predict(whole)[: len(short.X)])


def test_the_latest_answer_is_of_the_last_bar_of_each_symbol(fitted: SignalModel, bars: Bars) -> None:
    said = fitted.latest(bars)
    assert said["symbol"].to_list() == ["SYN001", "SYN002"]
    assert said["ts"].unique().to_list() == [bars.frame["ts"].max()]
    assert np.allclose(said.select("p_buy", "p_sell", "p_hold").sum_horizontal(), 1)


def test_in_units_of_volatility_the_percentiles_are_55_and_45_and_returns_are_scaled(bars: Bars) -> None:
    plain, scaled = model(), model(by_volatility=True)
    assert (scaled.classifier.buy, scaled.classifier.sell) == (55.0, 45.0)
    assert model(by_volatility=True, buy=70.0).classifier.buy == 70.0
    ratio = scaled.rows(bars).returns / plain.rows(bars).returns
    known = np.isfinite(ratio)
    assert 50 < np.median(ratio[known]) < 200  # returns of 1 % a day
    assert np.nanmax(np.abs(scaled.rows(bars).returns)) <= 5.0


ASK = """
import sys
from pathlib import Path
from augury.data.synthetic import SyntheticMarket
from augury.models.signals.model import SignalModel
bars = SyntheticMarket(n_symbols=2, n_bars=700, ic=0.5, regimes=False, seed=3).bars()
SignalModel.load(Path(sys.argv[1])).latest(bars).write_parquet(sys.argv[2])
"""


def test_what_is_kept_answers_bit_for_bit(fitted: SignalModel, bars: Bars, tmp_path: Path) -> None:
    fitted.save(tmp_path)
    assert SignalModel.load(tmp_path).latest(bars).equals(fitted.latest(bars))


def test_a_new_process_answers_bit_for_bit(bars: Bars, tmp_path: Path) -> None:
    made = model()
    rows = made.rows(bars)
    kept = tmp_path / "kept"
    kept.mkdir()
    made.fit(bars, rows, np.arange(len(rows.returns) - 200)).save(kept)
    subprocess.run([sys.executable, "-c", ASK, str(kept), str(tmp_path / "said.parquet")], check=True)
    assert pl.read_parquet(tmp_path / "said.parquet").equals(made.latest(bars))


def test_what_can_not_be_asked_is_named(fitted: SignalModel, bars: Bars, tmp_path: Path) -> None:
    with pytest.raises(NotTrained):
        model().latest(bars)
    with pytest.raises(CorruptArtifact, match=r"model\.json"):
        SignalModel.load(tmp_path)
    with pytest.raises(UsageError, match="lookback"):
        SignalModel("1d", 1, Timeframe.D1, lookback=1)
    with pytest.raises(SchemaMismatch, match="learnt from d1"):
        fitted.latest(SyntheticMarket(n_symbols=1, n_bars=60, timeframe=Timeframe.W1).bars())
    with pytest.raises(InsufficientHistory, match="not known yet"):
        fitted.latest(SyntheticMarket(n_symbols=1, n_bars=20).bars())
