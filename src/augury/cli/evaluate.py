"""``augury evaluate``: score what has matured, list what was scored, or say how its bands held."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from augury.cli.screen import document, show
from augury.cli.session import SESSION
from augury.core.errors import EXIT_TEMPORARY, UsageError

if TYPE_CHECKING:
    from collections.abc import Collection

    from augury.core.outcome import Outcome


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(epilog="Example: augury evaluate --json")(evaluate)


def evaluate(
    scored: Annotated[bool, typer.Option("--list", help="Score nothing; list what was scored before.")] = False,
    bands: Annotated[bool, typer.Option("--bands", help="Score nothing; say how the bands held.")] = False,
    by: Annotated[list[str] | None, typer.Option(help="With --bands: symbol, regime, horizon; repeatable.")] = None,
    with_replays: Annotated[bool, typer.Option("--replays", help="With --bands: count replays too.")] = False,
    symbol: Annotated[str | None, typer.Option(help="With --list, --bands: only this symbol.")] = None,
    timeframe: Annotated[str | None, typer.Option(help="With --list, --bands: only this timeframe.")] = None,
    limit: Annotated[int, typer.Option(help="Rows shown, the newest, 1..100000.", min=1, max=100_000)] = 50,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Score, and write nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV on stdout.")] = False,
) -> None:
    """Score every forecast that has matured, each once and by its own label spec.

    Exits 75 when forecasts are due and none could be scored: their bars are missing.
    """
    from augury.core.bars import check_symbol
    from augury.core.timeframe import Timeframe
    from augury.runs.forecasts.evaluation import Evaluated, mature

    wanted = (check_symbol(symbol) if symbol else None, str(Timeframe.parse(timeframe)) if timeframe else None)
    if bands:
        _bands(wanted, by or [], replays=with_replays, as_json=as_json, as_csv=as_csv)
        return
    if by or with_replays:
        raise UsageError("--by and --replays belong to --bands", fix="augury evaluate --bands --by horizon")
    found: Evaluated | None = None
    with SESSION.workspace() as workspace:
        if scored:
            rows = list(workspace.store.evaluations.list(*wanted, limit=limit))
            replays: Collection[int] = workspace.store.evaluations.replays([row.forecast_id for row in rows])
        else:
            found = mature(workspace, dry_run=dry_run)
            rows, replays = list(found.outcomes), found.replays
    facts = [row.to_json() | {"replay": row.forecast_id in replays} for row in rows]
    pending = [] if found is None else found.pending
    if as_json:
        waiting = [{"forecast_id": p.forecast_id, "cell": p.cell, "reason": p.reason} for p in pending]
        document(facts if found is None else {"outcomes": facts, "pending": waiting})
    elif as_csv:
        show(facts, as_csv=True)
    else:
        show([_brief(row, row.forecast_id in replays) for row in rows[-limit:]], empty=_nothing(scored))
    if found is not None:
        SESSION.say(f"{len(rows)} forecasts scored ({len(replays)} replays), {len(pending)} due without their bar")
        for reason in dict.fromkeys(f"{p.cell.rpartition(' ')[0]}: {p.reason}" for p in pending[:5]):
            SESSION.say(f"pending: {reason}")
        if pending and not rows:
            raise typer.Exit(EXIT_TEMPORARY)


def _bands(wanted: tuple[str | None, str | None], by: list[str], *, replays: bool, as_json: bool, as_csv: bool) -> None:
    from augury.cli.band_scores import show_bands
    from augury.runs.forecasts.band_tracking import track_bands

    with SESSION.workspace() as workspace:
        report = track_bands(workspace, by, symbol=wanted[0], timeframe=wanted[1], replays=replays)
    show_bands(report, by, as_json=as_json, as_csv=as_csv)


def _brief(row: Outcome, replay: bool) -> dict[str, Any]:
    return {
        "id": row.forecast_id,
        "cell": f"{row.symbol} {row.timeframe} {row.horizon}",
        "matured": f"{row.matures_at:%Y-%m-%d}",
        "said": "abstains" if row.abstained else row.label,
        "came": row.realised_label,
        "return": f"{row.realised_return:+.1%}",
        "80 %": "in" if row.covered80 else "out",
        "outcome": row.outcome,
        "flags": "replay" if replay else "",
    }


def _nothing(scored: bool) -> str:
    return "nothing was scored yet -> run: augury evaluate" if scored else "nothing new has matured"
