"""Verbs for bars: ``augury data import|check|list``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from augury.cli.screen import document, show
from augury.cli.session import SESSION
from augury.core.errors import EXIT_DATA, NotFound, UsageError

app = typer.Typer(help="Import, check and list bars.", no_args_is_help=True, rich_markup_mode=None)

Timeframe = Annotated[str | None, typer.Option(help="m15 h1 h4 d1 w1; inferred when not given.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="CSV on stdout.")]


@app.command("import", epilog="Example: augury data import prices.csv --symbol SPY --timeframe d1")
def import_(
    file: Annotated[Path | None, typer.Argument(help="CSV, Parquet, Arrow or feather file.")] = None,
    provider: Annotated[str | None, typer.Option(help="A bundled source instead of a file.")] = None,
    timeframe: Timeframe = None,
    symbol: Annotated[str | None, typer.Option(help="The symbol, when the file names none.")] = None,
    symbols: Annotated[list[str] | None, typer.Option(help="Keep only these; repeat the flag.")] = None,
    tz: Annotated[str | None, typer.Option(help="Zone of naive intraday times.")] = None,
    adjustment: Annotated[str | None, typer.Option(help="raw raw+adj split split+adj full.")] = None,
    calendar: Annotated[str, typer.Option(help="Venue calendar, e.g. XNYS or 24/7.")] = "XNYS",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and report, write nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Read bars in any known layout, check them, keep them in the lake."""
    from augury.data.lake import Lake
    from augury.data.sources import SOURCES
    from augury.runs.intake import check, import_file
    from augury.runs.workspace import lake_folder

    if (file is None) == (provider is None):
        raise UsageError("give a file or --provider, one of the two", fix="augury data import --help")
    lake = Lake(lake_folder(SESSION.settings()))
    if file is not None:
        kept = import_file(
            lake, file, timeframe=timeframe, symbol=symbol, tz=tz, adjustment=adjustment, calendar=calendar,
            symbols=symbols or (), dry_run=dry_run,
        )  # fmt: skip
        bars, mapped, checked = kept.bars, kept.mapped, kept.checked
    else:
        bars = SOURCES.load(provider or "").load(symbols or None)
        mapped, checked = (), check(bars)
        checked.raise_if_invalid(provider or "")
        if not dry_run:
            lake.write(bars)
    facts = {
        "symbols": bars.symbols,
        "timeframe": str(bars.timeframe),
        "rows": bars.frame.height,
        "first": bars.frame["ts"].min(),
        "last": bars.frame["ts"].max(),
        "data_version": bars.data_version,
        "score": checked.score,
        "warnings": len(checked.warnings),
        "written": not dry_run,
    }
    if as_json:
        return document(facts | {"mapped": list(mapped)})
    for line in mapped:
        SESSION.say(f"mapped {line}")
    for finding in checked.warnings[:10]:
        SESSION.say(f"{finding.code} {finding.symbol}: {finding.message}")
    return show([facts | {"symbols": len(bars.symbols), "data_version": bars.data_version[:12]}])


@app.command(epilog="Example: augury data check prices.csv --json")
def check(
    file: Annotated[Path, typer.Argument(help="CSV, Parquet, Arrow or feather file.")],
    calendar: Annotated[str | None, typer.Option(help="Venue calendar, e.g. XNYS or 24/7.")] = None,
    as_json: AsJson = False,
) -> None:
    """Run every check on a file; exits 3 when it is invalid."""
    from augury.data.validator import DataValidator

    result = DataValidator(calendar=calendar).validate_file(file)
    findings = [
        {"code": f.code, "severity": f.severity, "symbol": f.symbol, "rows": f.rows, "first_ts": f.first_ts,
         "message": f.message, "fix": f.fix}
        for f in result.findings
    ]  # fmt: skip
    if as_json:
        document({"is_valid": result.is_valid, "score": result.score, "findings": findings})
    else:
        show(findings, columns=["code", "severity", "symbol", "rows", "first_ts", "message"], empty="no findings")
        word = "valid" if result.is_valid else "invalid"
        SESSION.say(f"{file}: {word}, score {result.score:.0f}, {len(result.errors)} errors")
    if not result.is_valid:
        raise typer.Exit(EXIT_DATA)


@app.command("list", epilog="Example: augury data list --json")
def list_(as_json: AsJson = False, as_csv: AsCsv = False) -> None:
    """List what the lake holds and which sources are bundled."""
    from augury.core.errors import MissingExtra
    from augury.data.lake import Lake
    from augury.data.sources import SOURCES
    from augury.runs.workspace import lake_folder

    rows = [
        {"symbol": e.symbol, "timeframe": str(e.timeframe), "rows": e.rows, "first": e.first, "last": e.last,
         "provider": e.provider, "synthetic": e.synthetic, "data_version": e.data_version[:12]}
        for e in Lake(lake_folder(SESSION.settings())).entries()
    ]  # fmt: skip
    for name, source in SOURCES:
        try:
            SESSION.say(f"bundled source {name}: {', '.join(source.symbols())}")
        except (MissingExtra, NotFound) as error:
            SESSION.say(f"bundled source {name}: {error}")
    show(rows, as_json=as_json, as_csv=as_csv, empty="the lake is empty -> run: augury data import --provider arch")
