"""Verbs for bars: ``augury data import|check|list|health|lineage``."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from augury.cli.screen import document, show
from augury.cli.session import SESSION
from augury.core.errors import EXIT_DATA, NotFound, UsageError

if TYPE_CHECKING:
    from augury.data.validation.validator import ValidationResult

_SUFFIXES = (".csv", ".txt", ".parquet", ".arrow", ".feather", ".ipc", ".gz", ".zip", ".bz2", ".xz", ".tsv")

app = typer.Typer(help="Import, check and list bars.", no_args_is_help=True, rich_markup_mode=None)

Timeframe = Annotated[str | None, typer.Option(help="m1 m5 m15 h1 h4 d1 w1; inferred when not given.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="CSV on stdout.")]


@app.command("import", epilog="Example: augury data import prices.csv --symbol SPY --timeframe d1")
def import_(
    file: Annotated[Path | None, typer.Argument(help="CSV, Parquet, Arrow or feather file.")] = None,
    provider: Annotated[str | None, typer.Option(help="A source instead of a file, e.g. arch or yahoo.")] = None,
    timeframe: Timeframe = None,
    symbol: Annotated[str | None, typer.Option(help="The symbol, when the file names none.")] = None,
    symbols: Annotated[list[str] | None, typer.Option(help="Keep only these; repeat the flag.")] = None,
    tz: Annotated[str | None, typer.Option(help="Zone of naive intraday times.")] = None,
    adjustment: Annotated[str | None, typer.Option(help="raw raw+adj split split+adj full.")] = None,
    calendar: Annotated[str | None, typer.Option(help="Venue calendar, e.g. XNYS or 24/7.")] = None,
    start: Annotated[str | None, typer.Option(help="With --provider: first day, e.g. 2024-01-31.")] = None,
    end: Annotated[str | None, typer.Option(help="With --provider: last day, included.")] = None,
    quarantine: Annotated[bool, typer.Option("--quarantine", help="Set bad bars aside, keep the good ones.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and report, write nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Read bars in any known layout, check them, keep them in the lake."""
    from augury.data.lake import Lake
    from augury.runs.intake import import_file, import_source
    from augury.runs.workspace import lake_folder

    if (file is None) == (provider is None):
        raise UsageError("give a file or --provider, one of the two", fix="augury data import --help")
    first, last = _day(start), _day(end, last=True)
    if file is not None and (first or last):
        raise UsageError(
            "--start and --end go with --provider: a file is imported whole", fix="augury data import --help"
        )
    lake = Lake(lake_folder(SESSION.settings()))
    with ExitStack() as opened:
        lineage = None if dry_run else opened.enter_context(SESSION.workspace()).store.lineage
        if file is not None:
            kept = import_file(
                lake, file, timeframe=timeframe, symbol=symbol, tz=tz, adjustment=adjustment, calendar=calendar,
                symbols=symbols or (), dry_run=dry_run, lineage=lineage,
                quarantine=SESSION.settings().data_dir / "quarantine" if quarantine else None,
            )  # fmt: skip
        else:
            kept = import_source(
                lake, provider or "", symbols=symbols or (), timeframe=timeframe, start=first, end=last,
                dry_run=dry_run, lineage=lineage,
            )  # fmt: skip
    bars, mapped, checked = kept.bars, kept.mapped, kept.checked
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
    } | ({"set_aside": str(kept.set_aside)} if kept.set_aside is not None else {})
    if as_json:
        return document(facts | {"mapped": list(mapped)})
    for line in mapped:
        SESSION.say(f"mapped {line}")
    for finding in checked.warnings[:10]:
        SESSION.say(f"{finding.code} {finding.symbol}: {finding.message}")
    return show([facts | {"symbols": len(bars.symbols), "data_version": bars.data_version[:12]}])


def _day(text: str | None, *, last: bool = False) -> datetime | None:
    """Read a day as its first moment in UTC, or its last."""
    if text is None:
        return None
    try:
        day = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError as error:
        raise UsageError(f"'{text}' is not a day: write it like 2024-01-31", fix="augury data import --help") from error
    return day + timedelta(days=1, microseconds=-1) if last else day


@app.command(epilog="Example: augury data check prices.csv --report findings.html")
def check(
    path: Annotated[Path, typer.Argument(metavar="FILE", help="CSV, Parquet, Arrow … file, or a folder of them.")],
    calendar: Annotated[str | None, typer.Option(help="Venue calendar, e.g. XNYS or 24/7.")] = None,
    tz: Annotated[str | None, typer.Option(help="Zone of naive intraday times.")] = None,
    report: Annotated[Path | None, typer.Option(help="Write a report: a name in .html or .json.")] = None,
    as_json: AsJson = False,
) -> None:
    """Run every check on a file, or on each file of a folder; exits 3 when one is invalid."""
    from augury.data.validation.check_report import write_report
    from augury.data.validation.validator import DataValidator

    if path.is_dir() and report is not None:
        raise UsageError("a report is about one file, not a folder", fix=f"augury data check {path} --json")
    validator = DataValidator(calendar=calendar, tz=tz)
    files = data_files(path) if path.is_dir() else [path]
    results = [(file, validator.validate_file(file)) for file in files]
    if report is not None:
        write_report(results[0][1], str(path), report)
        SESSION.say(f"report written to {report}")
    if as_json:
        documents = [result.to_json() | {"file": str(file)} for file, result in results]
        document(documents if path.is_dir() else documents[0])
    else:
        _show_findings(results)
    if not all(result.is_valid for _, result in results):
        raise typer.Exit(EXIT_DATA)


def data_files(folder: Path) -> list[Path]:
    """Every file of a folder that may hold bars, by name.

    Raises
    ------
    NotFound
        There is none.
    """
    found = sorted(file for file in folder.rglob("*") if file.is_file() and file.suffix in _SUFFIXES)
    if not found:
        raise NotFound(f"no data file in {folder} ({' '.join(_SUFFIXES)})", fix="augury data check FILE")
    return found


def _show_findings(results: list[tuple[Path, ValidationResult]]) -> None:
    for file, result in results:
        findings = [
            {"code": f.code, "severity": f.severity, "symbol": f.symbol, "rows": f.rows, "first_ts": f.first_ts,
             "message": f.message}
            for f in result.findings
        ]  # fmt: skip
        show(findings, empty="no findings", title=str(file) if len(results) > 1 else "")
        word = "valid" if result.is_valid else "invalid"
        SESSION.say(f"{file}: {word}, score {result.score:.0f}, {len(result.errors)} errors")


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
        if not source.historical:
            SESSION.say(f"network source {name}: {source.title}")
            continue
        try:
            SESSION.say(f"bundled source {name}: {', '.join(source.symbols())}")
        except (MissingExtra, NotFound) as error:
            SESSION.say(f"bundled source {name}: {error}")
    show(rows, as_json=as_json, as_csv=as_csv, empty="the lake is empty -> run: augury data import --provider arch")


@app.command(epilog="Example: augury data health --json")
def health(
    grace_minutes: Annotated[int, typer.Option(min=0, help="Patience after a close, in minutes.")] = 0,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Say which series are behind, stuck or full of holes; exits 5 when one is stale or stuck."""
    from dataclasses import asdict

    from augury.core.clock import SystemClock
    from augury.core.errors import EXIT_GATE
    from augury.data.lake import Lake
    from augury.data.lake.health import health as judge
    from augury.runs.workspace import lake_folder

    found = judge(Lake(lake_folder(SESSION.settings())), SystemClock().now(), grace_minutes=grace_minutes)
    empty = "the lake is empty -> run: augury data import --provider arch"
    show([asdict(row) for row in found], as_json=as_json, as_csv=as_csv, empty=empty)
    alarming = [row for row in found if row.alarming]
    if alarming:
        SESSION.say(f"{len(alarming)} of {len(found)} series are stale or stuck")
        raise typer.Exit(EXIT_GATE)


@app.command(epilog="Example: augury data lineage 3f2a9c")
def lineage(
    hash_: Annotated[str, typer.Argument(metavar="HASH", help="A data version, or its first characters.")],
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Print how data were made, step by step, back to the files they came from."""
    from augury.core.hashing import canonical_json

    with SESSION.workspace() as workspace:
        found = workspace.store.lineage.ancestors(hash_)
    if not (as_json or as_csv):
        return show([
            {"step": "  " * step.depth + made.kind, "hash": made.child_hash[:12], "rows": made.rows,
             "version": made.version,
             "what": made.parameters.get("path") or made.parameters.get("source") or made.dataset}
            for step in found for made in [step.derivation]
        ])  # fmt: skip
    rows = [{"depth": step.depth, "kind": made.kind, "hash": made.child_hash, "parents": list(made.parents),
             "rows": made.rows, "dataset": made.dataset, "version": made.version, "change": made.change,
             "made_at": made.made_at, "software": made.software, "parameters": made.parameters}
            for step in found for made in [step.derivation]]  # fmt: skip
    if as_json:
        return document(rows)
    return show(
        [row | {"parents": " ".join(made.parents), "parameters": canonical_json(made.parameters)}
         for row, made in zip(rows, (step.derivation for step in found), strict=True)],
        as_csv=True,
    )  # fmt: skip
