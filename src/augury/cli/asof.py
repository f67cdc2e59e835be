"""``augury asof SYMBOL DATE``: what was forecast on a day and for it, rebuilt and compared."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer

from augury.cli.screen import document, show
from augury.cli.session import SESSION
from augury.core.errors import EXIT_GATE, NotFound, UsageError

if TYPE_CHECKING:
    from augury.runs.proving.time_machine import Remembered


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(epilog="Example: augury asof ^GSPC 2018-12-31 --timeframe d1")(asof)


def asof(
    symbol: Annotated[str, typer.Argument(help="A symbol.")],
    day: Annotated[str, typer.Argument(metavar="DATE", help="A day in UTC, e.g. 2026-03-02.")],
    timeframe: Annotated[str | None, typer.Option(help="Only this timeframe.")] = None,
    rebuild: Annotated[bool, typer.Option(help="Ask each version again and compare the hashes.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV on stdout.")] = False,
) -> None:
    """Tell what was forecast on a day or for it, by which version and from which data.

    Exits 5 when a rebuilt row is not the one in the ledger, and says why.
    """
    from augury.core.bars import check_symbol
    from augury.runs.proving.time_machine import as_of

    try:
        wanted = date.fromisoformat(day)
    except ValueError as error:
        raise UsageError(
            f"'{day}' is not a date: write it as 2026-03-02", fix=f"augury asof {symbol} 2026-03-02"
        ) from error
    with SESSION.workspace() as workspace:
        found = as_of(workspace, check_symbol(symbol), wanted, timeframe=timeframe, rebuild=rebuild)
    if not found:
        raise NotFound(
            f"nothing was forecast for {symbol} on or for {wanted}", fix=f"augury forecasts list --symbol {symbol}"
        )
    if as_json:
        document([_fact(one) for one in found])
    else:
        show([_fact(one) for one in found] if as_csv else [_brief(one, wanted) for one in found], as_csv=as_csv)
    different = [one for one in found if not one.equal]
    if rebuild:
        SESSION.say(f"{len(found)} rows, {len(found) - len(different)} rebuilt word for word")
        for reason in dict.fromkeys(one.reason for one in different):
            SESSION.say(f"not the same: {reason}")
        if different:
            raise typer.Exit(EXIT_GATE)


def _fact(one: Remembered) -> dict[str, Any]:
    outcome = None if one.outcome is None else one.outcome.to_json()
    stored = {"id": one.row.id, "recorded_at": one.row.recorded_at, "row_hash": one.row.row_hash}
    hashes = {"content_hash": one.row.forecast.content_hash, "rebuilt_hash": one.rebuilt, "reason": one.reason}
    return one.row.forecast.to_json() | stored | hashes | {"outcome": outcome}


def _brief(one: Remembered, day: date) -> dict[str, Any]:
    said = one.row.forecast
    return {
        "id": one.row.id,
        "cell": f"{said.timeframe} {said.horizon}",
        "data until": said.data_until,
        "matures": said.matures_at,
        "which": "on the day" if said.data_until.date() == day else "for the day",
        "said": "abstains" if "abstain" in said.flags else said.label,
        "version": said.version,
        "came": "-" if one.outcome is None else one.outcome.outcome,
        "content": said.content_hash[:12],
        "rebuilt": "same" if one.equal else (one.rebuilt or "-")[:12],
    }
