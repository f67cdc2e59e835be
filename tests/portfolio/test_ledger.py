"""The cash ledger: to the cent, conserved, on one clock, equal to its second writing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from written_twice import plain_ledger

from augury.core.errors import DataError, UsageError
from augury.portfolio.backtest import Account, Costs, run_backtest
from augury.portfolio.backtest.ledger import keep_ledger

KINDS = ("commission", "slippage", "impact", "borrow")
FEW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def decided(days: int, symbols: int = 1, **rows: float) -> np.ndarray:
    targets = np.full((days, symbols), np.nan)
    for row, weight in rows.items():
        targets[int(row[1:])] = weight
    return targets


def test_the_hand_ledger_holds_to_the_cent(hand):
    ledger = keep_ledger(hand, decided(5, r0=1.0, r2=0.0), Costs(), Account(10_000))
    assert np.round(ledger.day("equity"), 4).tolist() == [10_000, 10_181.1481, 10_083.1481, 10_166.0121, 10_166.0121]
    assert ledger.of_trades("shares").tolist() == [98, -98]
    assert np.round(ledger.of_trades("price"), 4).tolist() == [101.0505, 102.9485]
    assert np.round(ledger.of_trades("commission"), 4).tolist() == [9.9029, 10.0890]
    assert round(ledger.day("cash")[1], 4) == 87.1481
    assert ledger.trade_row.tolist() == [1, 3]


def test_without_costs_the_hand_ledger_buys_99_shares(hand):
    ledger = keep_ledger(hand, decided(5, r0=1.0, r2=0.0), Costs.none(), Account(10_000))
    assert ledger.of_trades("shares").tolist() == [99, -99]
    assert ledger.day("equity")[-1] == 10_198.0


def test_a_free_round_trip_at_a_constant_price_returns_the_cash(market_of):
    flat = market_of([50.0] * 6, [50.0] * 6)
    ledger = keep_ledger(flat, decided(6, r0=1.0, r1=0.3, r2=-0.7, r3=0.0), Costs.none(), Account(10_000))
    assert ledger.day("cash")[-1] == 10_000.0
    assert len(ledger.trade_row) == 4


def test_a_zero_signal_is_cash(random_case):
    market, _ = random_case(1)
    ledger = keep_ledger(market, np.zeros(market.close.shape), Costs(), Account())
    assert (ledger.day("equity") == 1e6).all()
    assert not len(ledger.trade_row)


@pytest.mark.parametrize("fill", ["open", "close"])
def test_perfect_foresight_earns_its_closed_form(market_of, fill):
    rng = np.random.default_rng(5)
    closes = 100 * np.exp(np.cumsum(rng.normal(0, 0.02, 50)))
    opens = closes * np.exp(rng.normal(0, 0.01, 50))
    market = market_of(opens, closes)
    price = opens if fill == "open" else closes
    # Decided at t, filled at t + 1, earned from there to the fill after it.
    earned = price[2:] / price[1:-1] - 1
    targets = np.full((50, 1), 0.0)
    targets[:48, 0] = (earned > 0).astype(float)
    ledger = keep_ledger(market, targets, Costs.none(), Account(1e6, whole_shares=False, fill=fill))
    assert ledger.day("equity")[-1] == pytest.approx(1e6 * np.prod(1 + np.maximum(earned, 0)), rel=1e-9)


def test_a_decision_never_fills_on_its_own_bar_and_the_last_one_never(hand):
    for row in range(5):
        ledger = keep_ledger(hand, decided(5, **{f"r{row}": 1.0}), Costs.none(), Account(10_000))
        assert ledger.trade_row.tolist() == ([row + 1] if row < 4 else [])


def test_what_comes_later_changes_nothing_before(random_case):
    market, targets = random_case(3)
    whole = keep_ledger(market, targets, Costs(), Account(1e5))
    changed = targets.copy()
    changed[30:] = 0.1
    other = keep_ledger(market, changed, Costs(), Account(1e5))
    assert np.array_equal(whole.daily[:31], other.daily[:31])


def test_doubled_costs_lower_net_by_exactly_the_costs(random_case):
    market, _ = random_case(4)
    shares = np.where(np.random.default_rng(0).random(market.close.shape) < 0.2, 100.0, np.nan)
    shares[10::10] = -50.0
    # Impact needs 20 bars of volume, so its first orders wait in both.
    once, twice = (
        keep_ledger(market, shares, costs, Account(1e7, margin=0.1), in_shares=True)
        for costs in (Costs(10, 1, 5, 0.0, 0.1), Costs(20, 2, 10, 0.0, 0.2))
    )
    assert np.array_equal(once.of_trades("shares"), twice.of_trades("shares"))
    paid, paid_twice = (sum(one.day(kind).sum() for kind in KINDS) for one in (once, twice))
    assert paid_twice > 1.99 * paid
    assert once.day("equity")[-1] - twice.day("equity")[-1] == pytest.approx(paid_twice - paid, abs=1e-6)


def test_doubled_costs_without_impact_cost_exactly_twice(hand):
    shares = decided(5, r0=50.0, r2=0.0)
    free, once, twice = (
        keep_ledger(hand, shares, costs, Account(10_000), in_shares=True).day("equity")[-1]
        for costs in (Costs.none(), Costs(0, 3.0, 5), Costs(0, 6.0, 10))
    )
    assert free - twice == pytest.approx(2 * (free - once), abs=1e-9)


@pytest.mark.parametrize(
    "costs", [Costs(10, 0, 0, 0), Costs(0, 1, 0, 0), Costs(0, 0, 5, 0), Costs(0, 0, 0, 0.02), Costs(0, 0, 0, 0, 1.0)]
)
def test_every_cost_acts_and_is_booked_under_its_kind(random_case, costs):
    market, targets = random_case(8)
    ledger = keep_ledger(market, targets, costs, Account(1e5))
    paid = [kind for kind in KINDS if ledger.day(kind).sum() > 0]
    assert paid == [{10.0: "commission"}.get(costs.commission_bps) or _kind(costs)]


def _kind(costs: Costs) -> str:
    if costs.commission_min:
        return "commission"
    return "slippage" if costs.slippage_bps else "borrow" if costs.borrow_rate else "impact"


def test_a_short_of_thirty_days_pays_thirty_days_of_borrow(market_of):
    flat = market_of([100.0] * 40, [100.0] * 40)
    ledger = keep_ledger(flat, decided(40, r0=-0.5, r30=0.0), Costs(0, 0, 0, 0.02), Account(100_000))
    assert ledger.trade_row.tolist() == [1, 31]
    assert ledger.day("borrow").sum() == pytest.approx(50_000 * 0.02 * 30 / 365, rel=1e-12)


def test_borrow_counts_calendar_days_not_rows(market_of):
    market = market_of([100.0] * 3, [100.0] * 3)
    weekend = market.ts.dt.offset_by("0d").to_list()
    weekend[2] = weekend[1].replace(day=weekend[1].day + 3)
    object.__setattr__(market, "ts", type(market.ts)("ts", weekend, dtype=market.ts.dtype))
    ledger = keep_ledger(market, decided(3, r0=-1.0), Costs(0, 0, 0, 0.365), Account(1_000))
    assert ledger.day("borrow")[2] == pytest.approx(1_000 * 0.365 * 3 / 365)


def test_a_suspended_symbol_waits_for_its_next_bar_or_the_order_is_dropped(market_of):
    opens = [100, np.nan, np.nan, 110, 120]
    market = market_of(opens, opens)
    waits = keep_ledger(market, decided(5, r0=1.0), Costs.none(), Account(1_000))
    drops = keep_ledger(market, decided(5, r0=1.0), Costs.none(), Account(1_000, no_bar="drop"))
    assert (waits.trade_row.tolist(), waits.of_trades("price").tolist()) == ([3], [110.0])
    assert not len(drops.trade_row)


def test_a_suspended_position_stands_at_its_last_close(market_of):
    market = market_of([100, 100, np.nan, 90], [100, 105, np.nan, 90])
    ledger = keep_ledger(market, decided(4, r0=1.0), Costs.none(), Account(1_000))
    assert ledger.day("equity").tolist() == [1_000, 1_050, 1_050, 900]


def test_a_delisted_position_is_closed_at_its_last_close_at_a_cost(market_of):
    prices = np.array([[100.0, 10], [100, 10], [80, 10], [np.nan, 10], [np.nan, 10]])
    ledger = keep_ledger(
        market_of(prices, prices), np.array([[0.5, 0]] + [[np.nan] * 2] * 4), Costs(10, 0, 5), Account(1e5)
    )
    assert ledger.trade_row.tolist() == [1, 3]
    assert ledger.of_trades("price")[1] == pytest.approx(80 * (1 - 0.0005))
    assert ledger.day("long")[3:].tolist() == [0.0, 0.0]


def test_weights_that_sum_to_one_never_overdraw_the_cash(random_case):
    for seed in range(5):
        market, targets = random_case(seed)
        weights = np.abs(targets) / np.maximum(np.nansum(np.abs(targets), axis=1, keepdims=True), 1.0)
        whole = np.where(np.isnan(weights).all(axis=1, keepdims=True), np.nan, np.where(np.isnan(weights), 0, weights))
        ledger = keep_ledger(market, whole, Costs(), Account(1e5, no_bar="drop"))
        assert ledger.day("cash").min() > -1e-6


def test_margin_limits_the_gross_exposure_at_the_fill(market_of):
    market = market_of(np.full((3, 2), 100.0), np.full((3, 2), 100.0))
    targets = np.array([[3.0, -1.0], [np.nan] * 2, [np.nan] * 2])
    ledger = keep_ledger(market, targets, Costs.none(), Account(1_000_000))
    assert (ledger.day("long")[1] + ledger.day("short")[1]) / ledger.day("equity")[1] == pytest.approx(2.0, abs=1e-3)


def test_an_account_whose_equity_is_gone_is_closed_out(market_of):
    market = market_of([100, 100, 400, 100, 100], [100, 100, 400, 100, 100])
    done = run_backtest(market, decided(5, r0=-1.0, r2=-1.0, r3=1.0), costs=Costs.none(), account=Account(1_000))
    assert done.ledger.day("short")[3:].tolist() == [0.0, 0.0]
    assert any("gone" in note for note in done.notes)


def test_impact_grows_with_the_square_root_of_the_trade(random_case):
    market, _ = random_case(2)
    paid = [
        keep_ledger(
            market, np.where(np.arange(60)[:, None] == 40, shares, np.nan) * np.ones((1, 5)),
            Costs(0, 0, 0, 0, 0.5), Account(1e9), in_shares=True,
        )
        for shares in (100.0, 400.0)
    ]  # fmt: skip
    small, large = (one.of_trades("impact") / np.abs(one.of_trades("shares")) for one in paid)
    assert large == pytest.approx(2 * small)


@FEW
@given(
    seed=st.integers(0, 10_000), whole=st.booleans(), fill=st.sampled_from(["open", "close"]),
    no_bar=st.sampled_from(["wait", "drop"]), impact=st.sampled_from([0.0, 0.3]),
    margin=st.sampled_from([0.3, 0.5, 1.0]),
    least=st.sampled_from([0.0, 1.0, 40.0]), size=st.sampled_from([0.3, 1.0, 3.0]),
)  # fmt: skip
def test_the_compiled_ledger_equals_its_second_writing(
    random_case, seed, whole, fill, no_bar, impact, margin, least, size
):
    market, targets = random_case(seed)
    costs, account = Costs(10, least, 5, 0.03, impact), Account(20_000, whole, margin, fill, no_bar)
    ledger = keep_ledger(market, targets * size, costs, account)
    daily, trades = plain_ledger(market, targets * size, costs, account)
    columns = [ledger.day(name) for name in ("equity", "cash", *KINDS)]
    assert np.allclose(np.column_stack(columns), daily, rtol=1e-9, atol=1e-7)
    assert [(d, s) for d, s, _, _ in trades] == list(zip(ledger.trade_row, ledger.trade_column, strict=True))


@FEW
@given(seed=st.integers(0, 10_000), whole=st.booleans())
def test_cash_is_conserved_and_the_trade_log_sums_to_the_equity(random_case, seed, whole):
    market, targets = random_case(seed)
    done = run_backtest(market, targets, costs=Costs(), account=Account(50_000, whole))
    ledger, trades = done.ledger, done.trades
    assert np.allclose(ledger.day("equity"), ledger.day("cash") + ledger.day("long") - ledger.day("short"))
    spent = (trades["shares"] * trades["price"] + trades["commission"]).sum() + ledger.day("borrow").sum()
    assert ledger.day("cash")[-1] == pytest.approx(50_000 - spent, abs=1e-6)
    held = done.positions.drop("ts").to_numpy()
    value = np.where(np.isnan(market.held_close), 0.0, market.held_close * held).sum(axis=1)
    assert np.allclose(value, ledger.day("long") - ledger.day("short"), atol=1e-6)
    for kind in ("commission", "slippage", "impact"):
        assert trades[kind].sum() == pytest.approx(ledger.day(kind).sum())


def test_equal_input_gives_equal_bytes(random_case):
    market, targets = random_case(11)
    first, second = (keep_ledger(market, targets, Costs(impact=0.5), Account()) for _ in range(2))
    assert first.daily.tobytes() == second.daily.tobytes()
    assert first.trade.tobytes() == second.trade.tobytes()


def test_what_does_not_fit_is_refused(hand):
    with pytest.raises(DataError, match="one decision a bar"):
        keep_ledger(hand, np.zeros((4, 1)), Costs(), Account())
    with pytest.raises(DataError, match="infinite"):
        keep_ledger(hand, np.full((5, 1), np.inf), Costs(), Account())
    with pytest.raises(UsageError, match="commission_bps"):
        Costs(commission_bps=-1)
    with pytest.raises(UsageError, match="margin"):
        Account(margin=0)
    with pytest.raises(UsageError, match="fill"):
        Account(fill="tomorrow")


def test_bars_without_opens_say_to_fill_at_the_close(market_of):
    market = market_of([np.nan] * 4, [100.0, 101, 102, 103])
    with pytest.raises(DataError, match="--fill close"):
        keep_ledger(market, decided(4, r0=1.0), Costs(), Account())
    assert len(keep_ledger(market, decided(4, r0=1.0), Costs(), Account(fill="close")).trade_row) == 1
