"""``augury forecast`` and ``augury forecasts list|verify``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from augury.cli.screen import document, show
from augury.cli.session import SESSION
from augury.cli.wording import as_row, brief
from augury.core.errors import NotTrained, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from augury.core.errors import AuguryError
    from augury.runs.cells import Cell
    from augury.runs.workspace import Workspace

group = typer.Typer(help="Read the ledger.", no_args_is_help=True, rich_markup_mode=None)

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="CSV on stdout.")]


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(epilog="Example: augury forecast --symbol ^GSPC --json")(forecast)


def forecast(
    symbol: Annotated[
        list[str] | None, typer.Option("--symbol", "--symbols", help="A symbol; repeat the flag for more.")
    ] = None,
    timeframe: Annotated[list[str] | None, typer.Option(help="Default: every timeframe with a champion.")] = None,
    horizon: Annotated[list[str] | None, typer.Option(help="Default: every horizon with a champion.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Every champion.")] = False,
    allow_stale: Annotated[bool, typer.Option("--allow-stale", help="Use versions past their age limit.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing to the ledger.")] = False,
    report: Annotated[bool, typer.Option("--report", help="Then say on stderr how many rows each day has.")] = False,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Forecast from the champions and append the rows to the ledger.

    Exits 4 and names the training command when nothing is trained.
    """
    from augury.runs.forecasting import forecast as run

    if not symbol and not everything:
        raise UsageError("name a symbol, or --all for every champion", fix="augury forecast --symbol ^GSPC")
    with SESSION.workspace() as workspace:
        cells = _cells(workspace, symbol or [], timeframe or [], horizon or [])
        bundles = run(workspace, cells, allow_stale=allow_stale, dry_run=dry_run)
        days = workspace.store.ledger.per_day() if report else {}
    made = [row for bundle in bundles for row in bundle.forecasts]
    failed = [(cell, error) for bundle in bundles for cell, error in bundle.errors]
    if as_json:
        document([as_row(row) for row in made])
    elif as_csv:
        show([as_row(row) for row in made], as_csv=True)
    elif made:
        show([brief(row) for row in made])
    for message in _complaints(failed):
        SESSION.say(f"augury: {message}")
    new = sum(row.new for bundle in bundles for row in bundle.rows)
    if not dry_run and made:
        SESSION.say(f"{len(made)} forecasts: {new} written to the ledger, {len(made) - new} already there")
    for day, rows in days.items():
        SESSION.say(f"ledger {day}: {rows} rows")
    if not made and failed:
        raise typer.Exit(max(error.exit_code for _, error in failed))


def _complaints(failed: Sequence[tuple[Cell, AuguryError]]) -> list[str]:
    """Say each reason once; horizons nobody was trained for are counted, not listed."""
    untrained: dict[tuple[str, str, str], list[Cell]] = {}
    messages = []
    for cell, error in failed:
        if isinstance(error, NotTrained):
            untrained.setdefault((cell.symbol, cell.timeframe, error.fix), []).append(cell)
        else:
            messages.append(str(error))
    for (symbol, timeframe, fix), cells in untrained.items():
        what = f"{symbol} {timeframe}, {len(cells)} horizons skipped" if len(cells) > 1 else str(cells[0])
        messages.append(str(NotTrained(f"ensemble not trained for {what}", fix=fix)))
    return list(dict.fromkeys(messages))


def _cells(workspace: Workspace, symbols: list[str], timeframes: list[str], horizons: list[str]) -> list[Cell]:
    """Every champion that fits the request; a symbol without any stays in, so that it can say why."""
    from augury.core.timeframe import Horizon, Timeframe
    from augury.runs.cells import Cell, plan_cells

    frames = [str(Timeframe.parse(text)) for text in timeframes]
    spans = [str(Horizon.parse(text)) for text in horizons]
    champions = [
        Cell(row.symbol, row.timeframe, row.horizon)
        for row in workspace.store.versions.list()
        if row.champion
        and (not symbols or row.symbol in symbols)
        and (not frames or row.timeframe in frames)
        and (not spans or row.horizon in spans)
    ]
    untrained = [symbol for symbol in symbols if symbol not in {cell.symbol for cell in champions}]
    return sorted(set(champions)) + plan_cells(untrained, frames or ["d1"], spans)


@group.command("list", epilog="Example: augury forecasts list --symbol ^GSPC --json")
def list_(
    symbol: Annotated[str | None, typer.Option(help="Only this symbol.")] = None,
    timeframe: Annotated[str | None, typer.Option(help="Only this timeframe.")] = None,
    limit: Annotated[int, typer.Option(help="Newest rows, 1..100000.", min=1, max=100_000)] = 50,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """List what was forecast, newest first."""
    from augury.core.bars import check_symbol
    from augury.core.timeframe import Timeframe

    wanted = check_symbol(symbol) if symbol else None
    frame = str(Timeframe.parse(timeframe)) if timeframe else None
    with SESSION.workspace() as workspace:
        rows = workspace.store.ledger.list(wanted, frame, limit=limit)
    if as_json or as_csv:
        facts = [
            {**as_row(row.forecast), "id": row.id, "recorded_at": row.recorded_at, "row_hash": row.row_hash}
            for row in rows
        ]
    else:
        facts = [{"id": row.id, "made_at": f"{row.forecast.made_at:%Y-%m-%d}"} | brief(row.forecast) for row in rows]
    show(facts, as_json=as_json, as_csv=as_csv, empty="the ledger is empty -> run: augury demo")


@group.command(epilog="Example: augury forecasts verify")
def verify(as_json: AsJson = False) -> None:
    """Recompute every hash of the ledger; exits 1 when a row was changed or is missing."""
    with SESSION.workspace() as workspace:
        result = workspace.store.ledger.verify()
    breaks = [f"{found.cell} row {found.seq}: {found.reason}" for found in result.breaks]
    show([{"rows": result.rows, "cells": result.cells, "ok": result.ok, "breaks": breaks}], as_json=as_json)
    if not result.ok:
        raise typer.Exit(1)
