"""The figures of a tear sheet: gross and net, the benchmark beside them, every Sharpe with n and interval."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np

from augury.core.errors import InsufficientHistory
from augury.core.metrics import performance as perf
from augury.core.metrics.bootstrap import block_length
from augury.core.score import ENOUGH, Score
from augury.core.typing import Floats, Json
from augury.portfolio.backtest.result import Backtest

ADV_SHARE_MAX: Final = 0.01
"""A trade above this share of the average daily value no longer gets the price it was tested at."""


@dataclass(frozen=True, slots=True)
class SeriesFigures:
    """One series of returns.

    Parameters
    ----------
    sharpe : Score or None
        Annualised, with n and interval; None for a series that never varies.
    annual_return, annual_volatility, max_drawdown, total_return : float
        Fractions; the drawdown is 0 or below.
    sortino, calmar : float or None
        Annualised; None when undefined.
    """

    sharpe: Score | None
    annual_return: float
    annual_volatility: float
    total_return: float
    max_drawdown: float
    sortino: float | None
    calmar: float | None


@dataclass(frozen=True, slots=True)
class Figures:
    """What a tear sheet says.

    Parameters
    ----------
    net, gross, benchmark : SeriesFigures
        The strategy after and before costs, and buy and hold of equal weights at the same costs.
        Cash earns nothing: its series is zero.
    bars : int
        Returns that count.
    bars_per_year : float
        The annualisation factor of every figure.
    information_ratio, beta, alpha : float or None
        Net against the benchmark; alpha a year, beta-adjusted.
    turnover_per_year : float
        Bought plus sold over equity; a full round trip is 2.
    exposure_gross, exposure_net : float
        Means at the close, fractions of equity.
    break_even_bps : float or None
        Cost of each unit traded that would take all that was earned gross; below 0 when nothing was
        earned, None without trades.
    cost_bps : float or None
        What each unit traded did cost, borrow included.
    """

    net: SeriesFigures
    gross: SeriesFigures
    benchmark: SeriesFigures
    bars: int
    bars_per_year: float
    information_ratio: float | None
    beta: float | None
    alpha: float | None
    turnover_per_year: float
    exposure_gross: float
    exposure_net: float
    break_even_bps: float | None
    cost_bps: float | None

    def to_json(self) -> Json:
        """Write as a JSON object; undefined is null."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Capacity:
    """How large the trades are beside what the market trades.

    Parameters
    ----------
    adv_share_mean, adv_share_95 : float or None
        Trade over average daily value of the 20 bars before: weighted by value, and the 95 % quantile.
        None where no volume is known.
    capital : float or None
        Capital at which 95 % of the trades would stay within 1 % of the average daily value.
    """

    adv_share_mean: float | None
    adv_share_95: float | None
    capital: float | None


def figures(backtest: Backtest) -> Figures:
    """Compute every figure of a backtest on the same rows.

    Parameters
    ----------
    backtest : Backtest

    Raises
    ------
    InsufficientHistory
        No row counts: nothing was decided, or on the last bar.

    Examples
    --------
    >>> from augury.data.synthetic import SyntheticMarket
    >>> from augury.portfolio.backtest import Market, run_backtest
    >>> market = Market.of(SyntheticMarket(n_symbols=2, n_bars=400).bars())
    >>> found = figures(run_backtest(market, np.full((400, 2), 0.5)))
    >>> found.bars, found.bars_per_year, found.net.sharpe.value < found.gross.sharpe.value
    (399, 252.0, True)
    """
    kept = backtest.counted
    if not kept.any():
        raise InsufficientHistory(f"no bar of '{backtest.name}' follows its first decision: nothing can be scored")
    series = np.column_stack([backtest.net, backtest.gross, backtest.benchmark_returns])[kept]
    per_year = backtest.market.bars_per_year
    net, gross, benchmark = _series(series, per_year, backtest.held_bars)
    ledger = backtest.ledger
    before = ledger.day("equity")[:-1][kept]
    traded = np.divide(ledger.day("traded")[1:][kept], before, out=np.zeros_like(before), where=before > 0)
    spent, earned = float(np.sum(series[:, 1] - series[:, 0])), float(np.sum(series[:, 1]))
    turned = float(traded.sum())
    alive = ledger.day("equity")[1:][kept] > 0
    long, short, equity = (ledger.day(name)[1:][kept][alive] for name in ("long", "short", "equity"))
    return Figures(
        net, gross, benchmark, len(series), per_year,
        _known(perf.information_ratio(series[:, 0], series[:, 2], per_year)),
        _known(perf.beta(series[:, 0], series[:, 2])),
        _known(perf.alpha(series[:, 0], series[:, 2], per_year)),
        turned / len(series) * per_year, *perf.exposure(long, short, equity),
        earned / turned * 1e4 if turned else None, spent / turned * 1e4 if turned else None,
    )  # fmt: skip


def capacity(backtest: Backtest) -> Capacity:
    """Compare each trade with the average daily value of its symbol in the 20 bars before."""
    ledger, market = backtest.ledger, backtest.market
    if not len(ledger.trade_row):
        return Capacity(None, None, None)
    value = np.abs(ledger.of_trades("shares")) * ledger.of_trades("price")
    average = market.average_value[ledger.trade_row, ledger.trade_column]
    known = average > 0
    if not known.any():
        return Capacity(None, None, None)
    share = value[known] / average[known]
    high = float(np.quantile(share, 0.95))
    mean = float(np.average(share, weights=value[known]))
    return Capacity(mean, high, backtest.account.capital * ADV_SHARE_MAX / high if high > 0 else None)


def _series(series: Floats, per_year: float, held_bars: int) -> list[SeriesFigures]:
    n = len(series)
    block = block_length(n, held_bars)
    ends = perf.sharpe_intervals(series, per_year, block=block)
    # Net and gross stand beside buy and hold; buy and hold beside cash, which earns nothing.
    held = _known(perf.sharpe(series[:, 2], per_year))
    return [_one(series[:, k], per_year, end, n / held_bars, held if k < 2 else 0.0) for k, end in enumerate(ends)]


def _one(
    returns: Floats, per_year: float, ends: tuple[float, float] | None, n_eff: float, baseline: float | None
) -> SeriesFigures:
    value = perf.sharpe(returns, per_year)
    low, high = ends or (None, None)
    score = Score("sharpe", value, low, high, baseline, len(returns), n_eff) if math.isfinite(value) else None
    return SeriesFigures(
        score, perf.annual_return(returns, per_year), float(np.std(returns)) * math.sqrt(per_year),
        float(np.prod(1 + returns)) - 1, perf.max_drawdown(returns),
        _known(perf.sortino(returns, per_year)), _known(perf.calmar(returns, per_year)),
    )  # fmt: skip


def _known(value: float) -> float | None:
    return value if math.isfinite(value) else None


@dataclass(frozen=True, slots=True)
class Tradable:
    """Whether what was found survives its costs.

    Parameters
    ----------
    word : str
        ``tradable`` (the 95 % interval of the net Sharpe lies above 0), ``unproven`` (net is above 0,
        its interval is not, or there are too few bars), or ``not tradable``.
    break_even_bps, cost_bps : float or None
        See :class:`Figures`.
    reason : str
        The figures that decided it, in one sentence.
    """

    word: str
    break_even_bps: float | None
    cost_bps: float | None
    reason: str


def tradable(backtest: Backtest, found: Figures | None = None) -> Tradable:
    """Judge a strategy at its own costs.

    Parameters
    ----------
    backtest : Backtest
        At the costs to be judged at.
    found : Figures, optional
        Its figures, where they are known already.

    Returns
    -------
    Tradable
        Never ``tradable`` when a unit traded costs more than it earned.

    Examples
    --------
    >>> from augury.data.synthetic import SyntheticMarket
    >>> from augury.portfolio.backtest import Market, run_backtest
    >>> market = Market.of(SyntheticMarket(n_symbols=2, n_bars=40).bars())
    >>> tradable(run_backtest(market, np.zeros((40, 2)))).reason
    'nothing was traded'
    """
    found = found or figures(backtest)
    if found.break_even_bps is None or found.cost_bps is None or found.net.sharpe is None:
        return Tradable("not tradable", None, None, "nothing was traded")
    score = found.net.sharpe
    facts = f"breaks even at {found.break_even_bps:.1f} bps a unit traded, costs {found.cost_bps:.1f}"
    if found.break_even_bps <= found.cost_bps:
        return Tradable("not tradable", found.break_even_bps, found.cost_bps, facts)
    sure = score.low is not None and score.low > 0 and score.n_eff >= ENOUGH
    return Tradable(
        "tradable" if sure else "unproven", found.break_even_bps, found.cost_bps,
        f"{facts}; net Sharpe {score.text(2)}",
    )  # fmt: skip
