"""Verbs for features: ``augury features list|compute|lint|check``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from augury.cli.screen import document, show
from augury.cli.session import SESSION
from augury.core.errors import EXIT_GATE

if TYPE_CHECKING:
    import polars as pl

    from augury.core.bars import Bars

app = typer.Typer(
    help="List, compute, lint and check features.",
    epilog="Example: augury features list --set technical",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Set = Annotated[str, typer.Option("--set", help="starter technical sentiment platform relative all.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="CSV on stdout.")]


@app.command("list", epilog="Example: augury features list --set technical --csv")
def list_(feature_set: Set = "platform", as_json: AsJson = False, as_csv: AsCsv = False) -> None:
    """Print the catalogue: every feature with its lookback, unit, inputs and source."""
    from augury.features.feature_sets import describe

    rows = [
        {"number": number, "name": spec.name, "family": spec.family, "bars": spec.lookback_bars, "unit": spec.unit,
         "inputs": " ".join(spec.inputs), "scale_free": spec.scale_free, "version": spec.version, "source": spec.source}
        for number, spec in enumerate(describe(feature_set), start=1)
    ]  # fmt: skip
    show(rows, as_json=as_json, as_csv=as_csv, columns=["number", "name", "bars", "unit", "source"])
    SESSION.say(f"{len(rows)} features in set '{feature_set}'")


@app.command(epilog="Example: augury features compute --bars prices.parquet --out features.arrow")
def compute(
    bars: Annotated[Path, typer.Option(help="CSV, Parquet, Arrow or feather file of bars.")],
    out: Annotated[Path, typer.Option(help="Arrow file to write.")],
    feature_set: Set = "technical",
    timeframe: Annotated[str | None, typer.Option(help="m1 m5 m15 h1 h4 d1 w1; inferred when not given.")] = None,
    calendar: Annotated[str, typer.Option(help="Venue calendar, e.g. XNYS or 24/7.")] = "XNYS",
    news: Annotated[Path | None, typer.Option(help="Parquet with symbol, published_at, headline.")] = None,
    chunk_rows: Annotated[int, typer.Option(min=1, help="Rows in memory at a time.")] = 250_000,
    as_json: AsJson = False,
) -> None:
    """Compute features for every bar of a file, a chunk of symbols at a time.

    With --news and --set platform the sentiment family is computed too, unless news are too sparse.
    """
    from augury.features.compute import compute_file

    def told(done: int, total: int, rows: int) -> None:
        SESSION.say(f"compute {done}/{total} {rows:,} rows")

    done = compute_file(
        bars, out, feature_set=feature_set, timeframe=timeframe, calendar=calendar, chunk_rows=chunk_rows,
        beside=_news(news) if news is not None else None, on_chunk=told,
    )  # fmt: skip
    facts = {
        "out": str(done.path), "rows": done.rows, "symbols": done.symbols, "features": len(done.manifest.names),
        "manifest": done.manifest.hash,
    }  # fmt: skip
    return document(facts) if as_json else show([facts | {"manifest": done.manifest.hash[:12]}])


def _news(path: Path) -> Callable[[Bars], pl.DataFrame]:
    """Read headlines, and say how much of the bars they cover."""
    from augury.features.news_columns import news_columns, read_news

    headlines = read_news(path)

    def beside(bars: Bars) -> pl.DataFrame:
        frame, verdict = news_columns(headlines, bars)
        SESSION.say(str(verdict))
        return frame

    return beside


@app.command(epilog="Example: augury features lint --bars prices.parquet")
def lint(
    bars: Annotated[Path, typer.Option(help="CSV, Parquet, Arrow or feather file of bars.")],
    feature_set: Set = "technical",
    symbol: Annotated[str | None, typer.Option(help="The symbol, when the file names none.")] = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Name the features that are dead, constant, copies of others or in price units on these bars."""
    from augury.data.canonical.normalize import normalize
    from augury.features.engine import build
    from augury.features.lint import lint as linted

    table = build(normalize(bars, symbol=symbol).bars, feature_set)
    rows = [finding.to_json() for finding in linted(table.frame, table.manifest)]
    show(rows, as_json=as_json, as_csv=as_csv, empty=f"all {len(table.manifest.names)} features are of use")


@app.command(epilog="Example: augury features check my_family.py")
def check(
    file: Annotated[Path, typer.Argument(help="Python file with FAMILY = Family(...).")],
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Try what every feature must keep on the family of a file; exits 5 when a promise is broken.

    Causal under cuts and noise, resumable bar by bar, scale-free, finite, alive. The file is run.
    """
    from augury.features.contract import breaches, load_family

    family = load_family(file)
    found = breaches(family)
    rows = [breach.to_json() for breach in found]
    kept = f"{len(family.features)} features: {family.name} keeps every promise"
    show(rows, as_json=as_json, as_csv=as_csv, empty=kept)
    if found:
        raise typer.Exit(EXIT_GATE)
