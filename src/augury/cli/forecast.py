"""``augury forecast`` and ``augury forecasts list|verify``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from augury.cli.screen import document, show
from augury.cli.session import SESSION
from augury.cli.wording import as_row, brief
from augury.core.errors import NotTrained, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from augury.core.errors import AuguryError
    from augury.core.forecast import Forecast
    from augury.runs.cells import Cell
    from augury.runs.forecasts.positions import Position
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
    fusion: Annotated[
        str | None, typer.Option(help="Add fused positions: classifier, regressor, hybrid, weighted, gbm_only …")
    ] = None,
    fusion_setting: Annotated[
        list[str] | None,
        typer.Option(help="name=value: buy_at, sell_at, scale, max_short, regressor_at; repeat."),
    ] = None,
    signals: Annotated[
        Path | None, typer.Option(help="Folder of trained signals, the classifier of the fusion.")
    ] = None,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Forecast from the champions and append the rows to the ledger.

    A fused position is a share of capital; it is 0 while the forecast abstains.
    Exits 4 and names the training command when nothing is trained.
    """
    from augury.runs.forecasts.all_cells import champion_cells, forecast_all
    from augury.runs.registry.controls import refuse_paused

    if not symbol and not everything:
        raise UsageError("name a symbol, or --all for every champion", fix="augury forecast --symbol ^GSPC")
    fuse = _fusion(fusion, fusion_setting or [], signals)
    with SESSION.workspace() as workspace:
        if not dry_run:
            refuse_paused(workspace, "forecast")
        cells = champion_cells(workspace, symbol or [], timeframe or [], horizon or [])
        run = forecast_all(workspace, cells, allow_stale=allow_stale, dry_run=dry_run)
        days = _days(workspace) if report else {}
        fused = fuse(workspace, run.made) if fuse and run.made else []
    made = run.made
    beside = [one.to_json() for one in fused] or [{} for _ in made]
    if as_json:
        document([as_row(row) | more for row, more in zip(made, beside, strict=True)])
    elif as_csv:
        show([as_row(row) | more for row, more in zip(made, beside, strict=True)], as_csv=True)
    elif made:
        show([brief(row) | _held(more) for row, more in zip(made, beside, strict=True)])
    for message in _complaints(run.dropped):
        SESSION.say(f"augury: {message}")
    for message in dict.fromkeys(f"{fusion or 'hybrid'}: {one.fallback}" for one in fused if one.fallback):
        SESSION.say(f"augury: {message}")
    if not dry_run and made:
        SESSION.say(f"{len(made)} forecasts: {run.new} written to the ledger, {len(made) - run.new} already there")
    if run.consensus:
        new = sum(row.new for row in run.consensus)
        SESSION.say(f"{len(run.consensus)} consensus rows: {new} written, {len(run.consensus) - new} already there")
    if report:
        SESSION.say(
            f"report: {len(cells)} cells asked for, {len(made)} forecast, {len(run.dropped)} dropped (named above)"
        )
    for day, (rows, agreed) in days.items():
        SESSION.say(f"ledger {day}: {rows} rows, {agreed} consensus rows")
    if not made and run.dropped:
        raise typer.Exit(max(error.exit_code for _, error in run.dropped))


def _fusion(
    mode: str | None, said: list[str], signals: Path | None
) -> Callable[[Workspace, Sequence[Forecast]], list[Position]] | None:
    """How forecasts become positions, or None where nobody asked; signals without a mode are fused as ``hybrid``."""
    if mode is None and signals is None:
        if said:
            raise UsageError("--fusion-setting is of --fusion", fix="augury forecast --all --fusion hybrid")
        return None
    from augury.cli.network import settings
    from augury.models.signals.model import SignalModel
    from augury.runs.forecasts.positions import fusion_settings, positions

    chosen = fusion_settings(mode or "hybrid", settings(said))
    learnt = SignalModel.load(signals) if signals else None
    return lambda workspace, made: positions(workspace, made, chosen, learnt)


def _held(fused: dict[str, Any]) -> dict[str, str]:
    return {"position": f"{fused['position']:+.2f}", "fused": f"{fused['fused_position']:+.2f}"} if fused else {}


def _days(workspace: Workspace) -> dict[date, tuple[int, int]]:
    """Rows and consensus rows written on each day, the newest first."""
    rows, agreed = workspace.store.ledger.per_day(), workspace.store.consensus.per_day()
    return {day: (rows.get(day, 0), agreed.get(day, 0)) for day in sorted({*rows, *agreed}, reverse=True)}


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
    """Recompute every hash of the ledger and of the consensus; exits 1 when a row was changed or is missing."""
    with SESSION.workspace() as workspace:
        ledger, agreed = workspace.store.ledger.verify(), workspace.store.consensus.verify()
    breaks = [f"{found.cell} row {found.seq}: {found.reason}" for found in (*ledger.breaks, *agreed.breaks)]
    facts = {"rows": ledger.rows, "cells": ledger.cells, "consensus_rows": agreed.rows, "ok": not breaks}
    show([facts | {"breaks": breaks}], as_json=as_json)
    if breaks:
        raise typer.Exit(1)
