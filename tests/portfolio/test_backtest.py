"""A finished backtest: series out, benchmark beside it, figures, tear sheet, honest about costs."""

from __future__ import annotations

import json
import warnings

import numpy as np
import polars as pl
import pytest

from augury.core.errors import DataError, InsufficientHistory, UnknownName, UsageError
from augury.core.hashing import canonical_json
from augury.core.metrics import performance as perf
from augury.data.synthetic import SyntheticMarket
from augury.portfolio.backtest import Account, Book, Costs, Market, capacity, figures, run_backtest, tradable
from augury.portfolio.backtest.rules import RULES, rule
from augury.portfolio.backtest.targets import lay_out
from augury.portfolio.backtest.tear_sheet import sheet_json, write_sheet


@pytest.fixture(scope="module")
def bars():
    return SyntheticMarket(n_symbols=10, n_bars=400, seed=3).bars()


@pytest.fixture(scope="module")
def market(bars) -> Market:
    return Market.of(bars)


@pytest.fixture(scope="module")
def reversing(market_of) -> tuple[Market, np.ndarray]:
    """A market in which five-bar moves come back in part: found by the reversal rule."""
    rng = np.random.default_rng(1)
    days, symbols = 1500, 20
    returns = rng.normal(0, 0.01, (days, symbols))
    logs = np.zeros((days, symbols))
    for day in range(1, days):
        past = logs[day - 1] - logs[max(day - 6, 0)]
        logs[day] = logs[day - 1] + returns[day] - 0.035 * past
    closes = 100 * np.exp(logs)
    market = market_of(closes, closes)
    return market, rule("reversal_5d").decide(market, Book(), 5)


def test_a_market_holds_every_bar_in_its_place(bars, market):
    assert market.close.shape == (400, 10)
    some = bars.frame.row(1234, named=True)
    row, column = market.ts.index_of(some["ts"]), market.symbols.index(some["symbol"])
    assert (market.open[row, column], market.close[row, column]) == (some["open"], some["close"])
    assert market.bars_per_year == 252


def test_adjusted_prices_scale_open_and_close_alike(bars):
    half = bars.with_frame(bars.frame.with_columns(adj_close=pl.col("close") / 2))
    plain, adjusted = Market.of(half), Market.of(half, "adj_close")
    assert np.allclose(adjusted.open * 2, plain.open)
    assert np.array_equal(adjusted.value, plain.value)
    with pytest.raises(DataError, match="adj_close"):
        Market.of(bars, "adj_close")


def test_a_price_of_zero_is_refused_with_its_place(market_of):
    wrong = market_of([1.0, 0.0], [1.0, 1.0])
    with pytest.raises(DataError, match="open of S0 on 2020-01-03"):
        wrong.check()


def test_average_value_and_volatility_know_only_the_bars_before(market):
    later = Market(
        market.ts, market.symbols, market.open, market.close.copy(), market.value.copy(), market.timeframe,
        market.calendar, market.data_version,
    )  # fmt: skip
    later.close[200:] *= 3
    later.value[200:] *= 3
    for name in ("average_value", "volatility"):
        assert np.array_equal(getattr(market, name)[:201], getattr(later, name)[:201], equal_nan=True)
    assert np.isnan(market.average_value[:20]).all()


def test_gross_and_net_differ_by_the_costs_of_the_day(market):
    done = run_backtest(market, rule("reversal_5d").decide(market, Book(), 5), name="reversal")
    before = done.ledger.day("equity")[:-1]
    assert np.allclose((done.gross - done.net) * before, done.costs_by_day[1:])
    assert done.returns.columns == ["ts", "net", "gross", "benchmark"]
    assert sum(done.costs_by_kind.values()) == pytest.approx(done.costs_by_day.sum())


def test_the_series_for_tear_sheet_libraries_is_named_and_dated(market):
    done = run_backtest(market, np.full(market.close.shape, 0.1), name="equal")
    series = done.to_quantstats()
    assert series.name == "equal"
    assert type(series.index).__name__ == "DatetimeIndex"
    assert series.index.tz is None
    assert len(series) == market.days - 1
    assert float((1 + series).prod()) == pytest.approx(done.ledger.day("equity")[-1] / 1e6)


def test_buy_and_hold_of_itself_is_its_own_benchmark(market):
    done = run_backtest(market, rule("buy_and_hold").decide(market, Book(), 1), account=Account(whole_shares=False))
    assert np.allclose(done.net, done.benchmark_returns)
    found = figures(done)
    assert found.beta == pytest.approx(1)
    assert found.alpha == pytest.approx(0, abs=1e-9)
    assert found.information_ratio is None


def test_every_sharpe_carries_n_interval_and_the_annualisation_factor(market):
    found = figures(run_backtest(market, rule("reversal_5d").decide(market, Book(), 5), held_bars=5))
    for one in (found.net, found.gross, found.benchmark):
        assert one.sharpe is not None
        assert one.sharpe.low < one.sharpe.value < one.sharpe.high
        assert one.sharpe.n == found.bars == 394
    assert found.bars_per_year == 252.0
    assert found.net.sharpe.n_eff == pytest.approx(394 / 5)
    assert found.gross.annual_return > found.net.annual_return


def test_turnover_and_break_even_follow_their_definitions(hand):
    targets = np.array([[1.0], [np.nan], [0.0], [np.nan], [np.nan]])
    done = run_backtest(hand, targets, costs=Costs(), account=Account(10_000))
    found = figures(done)
    traded = 98 * 101 / 10_000 + 98 * 103 / 10_083.1481
    assert found.turnover_per_year == pytest.approx(traded / 4 * 252, rel=1e-6)
    assert found.break_even_bps == pytest.approx(done.gross.sum() / traded * 1e4, rel=1e-6)
    again = run_backtest(hand, targets, costs=Costs(found.break_even_bps, 0, 0, 0), account=Account(10_000))
    assert abs(again.net.sum()) < 0.001


def test_a_reversal_is_tradable_free_and_not_tradable_at_ten_bps(reversing):
    market, targets = reversing
    free = tradable(run_backtest(market, targets, costs=Costs.none(), held_bars=5))
    dear = tradable(run_backtest(market, targets, costs=Costs(10, 0, 0, 0), held_bars=5))
    assert free.word == "tradable"
    assert dear.word == "not tradable"
    assert free.break_even_bps == pytest.approx(dear.break_even_bps, abs=0.5)
    assert dear.break_even_bps < 10 < free.break_even_bps + 10


def test_noise_is_never_tradable_for_certain(market_of):
    words = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        closes = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, (300, 8)), axis=0))
        noise = market_of(closes, closes)
        targets = Book().weigh(rng.normal(size=closes.shape), 5)
        words.append(tradable(run_backtest(noise, targets, costs=Costs.none(), held_bars=5)).word)
    assert words.count("tradable") <= 2


def test_a_move_beyond_the_guard_is_noted_and_in_no_figure(market_of):
    rng = np.random.default_rng(2)
    closes = 100 * np.exp(np.cumsum(rng.normal(0, 0.01, 200)))
    closes[100] *= 10
    done = run_backtest(market_of(closes, closes), np.full((200, 1), 1.0), costs=Costs.none())
    found = figures(done)
    assert [note[:2] for note in done.notes] == ["S0", "S0"]
    assert found.bars == 199 - 2
    assert found.net.annual_volatility < 0.5
    idle = run_backtest(done.market, np.zeros((200, 1)))
    assert not idle.notes


def test_capacity_compares_trades_with_the_value_of_the_days_before(market_of):
    flat = market_of(np.full(60, 100.0), np.full(60, 100.0), 1e6)
    targets = np.full((60, 1), np.nan)
    targets[30] = 1.0
    found = capacity(run_backtest(flat, targets, costs=Costs.none(), account=Account(1e5)))
    assert (found.adv_share_mean, found.adv_share_95, found.capital) == pytest.approx((0.1, 0.1, 1e4))


def test_nothing_decided_cannot_be_scored(market):
    targets = np.full(market.close.shape, np.nan)
    targets[-1] = 0.1
    done = run_backtest(market, targets)
    with pytest.raises(InsufficientHistory, match="first decision"):
        figures(done)


def test_the_json_sheet_is_canonical_and_the_page_needs_nothing_else(market, tmp_path):
    done = run_backtest(market, rule("reversal_5d").decide(market, Book(), 5), name="a < b", held_bars=5)
    sheet = json.loads(canonical_json(sheet_json(done)))
    assert sheet["verdict"]["word"] == tradable(done).word
    assert sheet["warnings"] == ["synthetic market"]
    assert sheet["figures"]["net"]["sharpe"]["n"] == 394
    page = write_sheet(tmp_path / "sheet.html", done).read_text()
    assert "a &lt; b" in page
    assert "synthetic market" in page
    assert not any(word in page for word in ("<script", "http://", "https://"))
    assert len(page) < 60_000


def test_long_and_wide_weights_say_the_same(market):
    wide = pl.DataFrame({"ts": market.ts[[3, 7]], "SYN001": [0.5, None], "SYN002": [-0.5, 0.1]})
    laid = lay_out(market, wide)
    assert laid[3, :3].tolist()[:2] == [0.5, -0.5]
    assert np.isnan(laid[7, 0])
    assert np.isnan(laid[4]).all()
    long = pl.DataFrame({"symbol": ["SYN001", "SYN002"], "ts": [market.ts[3]] * 2, "weight": [0.5, -0.5]})
    assert lay_out(market, long)[3].tolist() == [0.5, -0.5] + [0.0] * 8
    dates = long.with_columns(pl.col("ts").dt.date())
    assert np.array_equal(lay_out(market, dates), lay_out(market, long), equal_nan=True)


def test_weights_on_no_bar_or_said_twice_are_refused(market):
    one = pl.DataFrame({"symbol": ["NONE"], "ts": market.ts[:1], "weight": [0.5]})
    with pytest.raises(DataError, match="NONE"):
        lay_out(market, one)
    twice = pl.DataFrame({"symbol": ["SYN001"] * 2, "ts": [market.ts[0]] * 2, "weight": [0.5, 0.6]})
    with pytest.raises(DataError, match="twice"):
        lay_out(market, twice)
    with pytest.raises(DataError, match="ts"):
        lay_out(market, pl.DataFrame({"weight": [1.0]}))


def test_no_rule_decides_by_what_comes_later(market):
    for name, one in RULES.items():
        whole = one.decide(market, Book(), one.every)
        cut = Market(
            market.ts[:300], market.symbols, market.open[:300], market.close[:300], market.value[:300],
            market.timeframe, market.calendar, market.data_version,
        )  # fmt: skip
        assert np.array_equal(one.decide(cut, Book(), one.every)[:299], whole[:299], equal_nan=True), name


def test_a_book_is_balanced_breaks_ties_by_order_and_leaves_the_unknown_out():
    scores = np.array([[np.nan, 1.0, 1.0, 2.0, 0.0, 3.0]])
    weights = Book(share=0.4).weigh(scores)[0]
    assert weights.tolist() == [0.0, -0.25, 0.0, 0.25, -0.25, 0.25]
    assert Book("long", share=0.2).weigh(scores)[0].tolist() == [0, 0, 0, 0, 0, 1.0]
    assert np.isnan(Book().weigh(np.vstack([scores] * 3), 2)[1]).all()
    with pytest.raises(UsageError, match="share"):
        Book(share=0.6)
    with pytest.raises(UnknownName, match="reversal_5d"):
        rule("reversal_5")


def test_the_figures_of_a_backtest_are_those_of_its_returns(market):
    done = run_backtest(market, np.full(market.close.shape, 0.05))
    found = figures(done)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert found.net.sharpe.value == pytest.approx(perf.sharpe(done.net, 252))
        assert found.net.max_drawdown == perf.max_drawdown(done.net)
        assert found.exposure_gross == pytest.approx(0.5, abs=0.01)
