"""The tear sheet: one self-contained HTML page, and the same facts as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import numpy as np

from augury.core.atomic import write_text
from augury.core.typing import Floats, Json
from augury.portfolio.backtest.figures import Figures, Tradable, capacity, figures, tradable
from augury.portfolio.backtest.result import Backtest

FORMAT: Final = 1
_WIDTH, _HEIGHT, _POINTS = 720, 240, 360


def sheet_json(backtest: Backtest) -> Json:
    """Write settings, totals, figures, capacity and verdict as a JSON object; undefined is null.

    Examples
    --------
    >>> from augury.data.synthetic import SyntheticMarket
    >>> from augury.portfolio.backtest import Market, run_backtest
    >>> market = Market.of(SyntheticMarket(n_symbols=2, n_bars=40).bars())
    >>> sheet = sheet_json(run_backtest(market, np.full((40, 2), 0.5)))
    >>> sheet["figures"]["bars_per_year"], sheet["verdict"]["word"] in ("tradable", "unproven", "not tradable")
    (252.0, True)
    """
    found = figures(backtest)
    return {"format": FORMAT} | backtest.to_json() | {
        "figures": found.to_json(),
        "capacity": asdict(capacity(backtest)),
        "verdict": asdict(tradable(backtest, found)),
    }  # fmt: skip


def write_sheet(path: Path, backtest: Backtest, facts: Mapping[str, str] | None = None) -> Path:
    """Write one HTML file that needs nothing else: no script, no font, no foreign request.

    Parameters
    ----------
    path : Path
        Replaced as a whole or not at all.
    backtest : Backtest
    facts : mapping, optional
        Further facts shown first, such as what the Sharpe ratio is worth beside the number of trials.

    Raises
    ------
    InsufficientHistory
        Nothing was decided, so nothing can be scored.
    StorageFull
        The file cannot be written.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("augury.portfolio.backtest"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    found = figures(backtest)
    verdict = tradable(backtest, found)
    context: dict[str, Any] = {
        "backtest": backtest, "verdict": verdict, "summary": summary(backtest, found, verdict),
        "rows": table_rows(found), "facts": dict(facts or {}) | _facts(backtest, found),
        "costs": backtest.costs_by_kind, "lines": _lines(backtest), "width": _WIDTH, "height": _HEIGHT,
    }  # fmt: skip
    write_text(path, environment.get_template("tear_sheet.html.j2").render(context))
    return path


def summary(backtest: Backtest, found: Figures, verdict: Tradable) -> str:
    """Say in two sentences what the table below says."""
    net, held = found.net.total_return, found.benchmark.total_return
    return (
        f"{backtest.name}: {verdict.word}, {verdict.reason}. Net {net:+.1%} over {found.bars:,} bars, "
        f"buy and hold {held:+.1%}, cash {0:+.1%}."
    )


def table_rows(found: Figures) -> list[dict[str, str]]:
    """One row a figure, one column a series."""
    columns = {"net": found.net, "gross": found.gross, "buy_and_hold": found.benchmark}

    def row(name: str, write: Any) -> dict[str, str]:
        return {"figure": name} | {key: write(one) for key, one in columns.items()}

    return [
        row("Sharpe a year", lambda one: one.sharpe.text(2) if one.sharpe else "–"),
        row("return a year", lambda one: f"{one.annual_return:+.2%}"),
        row("volatility a year", lambda one: f"{one.annual_volatility:.2%}"),
        row("deepest drawdown", lambda one: f"{one.max_drawdown:.2%}"),
        row("Sortino", lambda one: _text(one.sortino)),
        row("Calmar", lambda one: _text(one.calmar)),
    ]


def _facts(backtest: Backtest, found: Figures) -> dict[str, str]:
    room = capacity(backtest)
    return {
        "annualised by": f"{found.bars_per_year:g} bars a year, {backtest.market.timeframe} bars",
        "turnover a year": f"{found.turnover_per_year:.1f} x equity, both sides",
        "exposure": f"gross {found.exposure_gross:.2f}, net {found.exposure_net:+.2f} of equity",
        "break-even cost": _text(found.break_even_bps, " bps a unit traded"),
        "cost paid": _text(found.cost_bps, " bps a unit traded"),
        "information ratio": _text(found.information_ratio),
        "beta": _text(found.beta),
        "alpha a year": "–" if found.alpha is None else f"{found.alpha:+.2%}",
        "capacity": "volume not known"
        if room.capital is None
        else f"{room.capital:,.0f}; there 95 % of trades stay within 1 % of a day's value",
        "trades": f"{len(backtest.ledger.trade_row):,}",
        "data": f"{len(backtest.market.symbols)} symbols, {backtest.market.ts[0]:%Y-%m-%d} to "
        f"{backtest.market.ts[-1]:%Y-%m-%d}, {backtest.market.data_version[:12]}",
    }  # fmt: skip


def _lines(backtest: Backtest) -> list[tuple[str, str]]:
    """SVG points of equity and benchmark, both from 1, on a common logarithmic scale."""
    paths = [("net", backtest.net), ("benchmark", backtest.benchmark_returns)]
    grown = {name: np.maximum(np.concatenate([[1.0], np.cumprod(1 + change)]), 1e-6) for name, change in paths}
    low = min(float(values.min()) for values in grown.values())
    high = max(float(values.max()) for values in grown.values())
    span = np.log(high / low) or 1.0
    return [(name, _polyline(np.log(values / low) / span)) for name, values in grown.items()]


def _polyline(heights: Floats) -> str:
    at = np.unique(np.linspace(0, len(heights) - 1, min(len(heights), _POINTS)).astype(int))
    x = at / max(len(heights) - 1, 1) * _WIDTH
    return " ".join(f"{a:.1f},{_HEIGHT * (1 - b):.1f}" for a, b in zip(x, heights[at], strict=True))


def _text(value: float | None, unit: str = "") -> str:
    return "–" if value is None else f"{value:.2f}{unit}"
