"""Verbs for backtests: ``augury backtest run|rules``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from augury.cli.screen import document, show
from augury.cli.session import SESSION
from augury.core.errors import NotFound, UsageError

if TYPE_CHECKING:
    import polars as pl

    from augury.core.typing import Json
    from augury.portfolio.backtest import Backtest, Market
    from augury.proof.selection import Deflated

app = typer.Typer(
    help="Let decisions meet the market, with every cost.",
    epilog="Example: augury backtest run --bars prices.parquet --rule reversal_5d",
    no_args_is_help=True,
    rich_markup_mode=None,
)

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="CSV on stdout.")]


@app.command(epilog="Example: augury backtest run --bars prices.parquet --rule reversal_5d")
def run(
    bars: Annotated[Path, typer.Option(help="CSV, Parquet, Arrow or feather file of bars.")],
    weights: Annotated[
        Path | None, typer.Option(help="Parquet, Arrow or CSV: symbol, ts, weight; or ts and one column a symbol.")
    ] = None,
    rule: Annotated[str | None, typer.Option(help="A rule by name; see augury backtest rules.")] = None,
    every: Annotated[int | None, typer.Option(min=1, help="Bars between decisions of a rule.")] = None,
    side: Annotated[str, typer.Option(help="Book of a rule: long_short or long.")] = "long_short",
    capital: Annotated[float, typer.Option(help="Cash on the first day.")] = 1_000_000.0,
    commission_bps: Annotated[float, typer.Option(help="Of the value traded.")] = 10.0,
    commission_min: Annotated[float, typer.Option(help="Least commission of a trade.")] = 1.0,
    slippage_bps: Annotated[float, typer.Option(help="A purchase pays more, a sale gets less.")] = 5.0,
    borrow_rate: Annotated[float, typer.Option(help="A year, on what is short; a fraction.")] = 0.02,
    impact: Annotated[float, typer.Option(help="Coefficient of the square-root law; 0 is none.")] = 0.0,
    margin: Annotated[float, typer.Option(help="Equity behind each unit of gross exposure.")] = 0.5,
    fill: Annotated[str, typer.Option(help="Fill at the next open or close.")] = "open",
    fractional: Annotated[bool, typer.Option("--fractional", help="Allow parts of shares.")] = False,
    prices: Annotated[str, typer.Option(help="close, or adj_close: dividends reinvested.")] = "close",
    timeframe: Annotated[str | None, typer.Option(help="m1 m5 m15 h1 h4 d1 w1; inferred when not given.")] = None,
    calendar: Annotated[str | None, typer.Option(help="Venue calendar, e.g. XNYS or 24/7.")] = None,
    report: Annotated[Path | None, typer.Option(help="HTML tear sheet to write.")] = None,
    trades: Annotated[Path | None, typer.Option(help="Parquet trade log to write.")] = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Decide at a close, fill at the next open, keep the ledger, print gross, net and benchmark."""
    from augury.data.canonical.normalize import normalize
    from augury.portfolio.backtest import Account, Book, Costs, Market, run_backtest

    costs = Costs(commission_bps, commission_min, slippage_bps, borrow_rate, impact)
    account = Account(capital, not fractional, margin, fill)
    if (weights is None) == (rule is None):
        raise UsageError("give either --weights FILE or --rule NAME", fix="augury backtest rules")
    market = Market.of(normalize(bars, timeframe=timeframe, calendar=calendar).bars, prices)
    name, decided, held = _decisions(market, weights, rule, every, Book(side))
    done = run_backtest(market, decided, costs=costs, account=account, name=name, held_bars=held)
    selection = _counted(done, {"rule": rule, "every": held, "side": side} if rule else {"weights": _hash(weights)})
    _told(done, selection, report, trades, as_json, as_csv)


@app.command(epilog="Example: augury backtest rules")
def rules(as_json: AsJson = False, as_csv: AsCsv = False) -> None:
    """List the rules a backtest knows by name."""
    from augury.portfolio.backtest.rules import RULES

    rows = [{"name": name, "every": one.every, "about": one.about} for name, one in RULES.items()]
    show(rows, as_json=as_json, as_csv=as_csv)


def _hash(weights: Path | None) -> str:
    from augury.core.hashing import sha256_file

    return sha256_file(weights) if weights is not None else ""


def _counted(done: Backtest, decisions: Json) -> Deflated | None:
    """Count the backtest as a trial on these bars, and deflate its Sharpe ratio by all of them."""
    from augury.runs.proving.trials import backtest_trial, deflated_trial

    trial = backtest_trial(done, decisions)
    with SESSION.workspace() as workspace:
        workspace.store.trials.record(trial)
        return deflated_trial(workspace.store.trials, trial)


def _decisions(
    market: Market, weights: Path | None, rule: str | None, every: int | None, book: Any
) -> tuple[str, Any, int]:
    from augury.portfolio.backtest.rules import rule as named

    if weights is not None:
        return weights.stem, _read(weights), 1
    found = named(rule or "")
    step = every or found.every
    return rule or "", found.decide(market, book, step), step


def _read(path: Path) -> pl.DataFrame:
    import polars as pl

    if not path.is_file():
        raise NotFound(f"{path} is not there", fix="augury backtest run --help")
    if path.suffix == ".parquet":
        return pl.read_parquet(path)
    if path.suffix in (".arrow", ".feather"):
        return pl.read_ipc(path)
    if path.suffix == ".csv":
        return pl.read_csv(path, try_parse_dates=True)
    raise UsageError(f"{path.name} is no file of weights: .parquet, .arrow, .feather or .csv")


def _told(
    done: Backtest, selection: Deflated | None, report: Path | None, trades: Path | None, as_json: bool, as_csv: bool
) -> None:
    from augury.core.atomic import replacing
    from augury.portfolio.backtest.figures import figures, tradable
    from augury.portfolio.backtest.tear_sheet import sheet_json, summary, table_rows, write_sheet

    found = figures(done)
    luck = selection.text() if selection else "no Sharpe ratio: the net returns do not move"
    if report is not None:
        write_sheet(report, done, {"Sharpe beside luck": luck})
    if trades is not None:
        with replacing(trades) as temporary:
            done.trades.write_parquet(temporary)
    if as_json:
        return document(sheet_json(done) | {"selection": selection.to_json() if selection else None})
    first, *rest = table_rows(found)
    beside = dict.fromkeys(first, "–") | {"figure": "beside luck", "net": selection.beside() if selection else "–"}
    show([first, beside, *rest], as_csv=as_csv)
    for note in done.notes:
        SESSION.say(note)
    for path in (report, trades):
        if path is not None:
            SESSION.say(str(path))
    SESSION.say(luck)
    return SESSION.say(summary(done, found, tradable(done, found)))
