"""``augury simulate``: the loop lives through a quarter on an invented market, in minutes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from augury.cli.screen import document
from augury.cli.session import SESSION
from augury.core.errors import EXIT_GATE
from augury.core.seeds import DEFAULT_SEED

if TYPE_CHECKING:
    from augury.runs.simulated.simulation import Session


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(epilog="Example: augury simulate --sessions 63 --drift label_flip@40")(simulate)


def simulate(
    sessions: Annotated[int, typer.Option(min=5, max=250, help="Days of 24 hourly bars.")] = 63,
    drift: Annotated[str, typer.Option(help="none, or label_flip@N: turned over after N sessions.")] = "label_flip@40",
    bad_retrain: Annotated[bool, typer.Option("--bad-retrain", help="The first retrain reads spoiled bars.")] = False,
    seed: Annotated[int, typer.Option(help="Another seed is another market.")] = DEFAULT_SEED,
    symbols: Annotated[int, typer.Option(min=1, max=8, help="Each takes as long as the first.")] = 1,
    keep: Annotated[bool, typer.Option("--keep", help="Into --data-dir, which must be empty, and keep it.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Forecast, score, watch, retrain, prove and promote through a simulated clock.

    The market is synthetic and its relation may be turned over. Exits 5 when the loop did not do its work: no
    alert after a flip, no recovery within ten sessions of it, or more than one false alarm.
    """
    from augury.runs.simulated.market import Plan
    from augury.runs.simulated.simulation import simulate

    def show(session: Session) -> None:
        if as_json:
            SESSION.say(session.text())
        else:
            typer.echo(session.text())

    plan = Plan.of(drift, sessions=sessions, bad_retrain=bad_retrain, seed=seed, symbols=symbols)
    folder = SESSION.settings().data_dir if keep else None
    quarter = simulate(plan, folder, on_session=show)
    if as_json:
        document(quarter.to_json())
    else:
        typer.echo(quarter.text())
    if not quarter.ok:
        raise typer.Exit(EXIT_GATE)
