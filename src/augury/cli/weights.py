"""Verbs for ensemble weights: ``augury weights refresh|show``."""

from __future__ import annotations

from typing import Annotated

import typer

from augury.cli.screen import document, show
from augury.cli.session import SESSION
from augury.core.errors import NotTrained

app = typer.Typer(
    help="Refit the weights of ensembles, and see what they were.",
    epilog="Example: augury weights refresh",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Symbol = Annotated[str | None, typer.Option(help="Only this symbol.")]
FrameName = Annotated[str | None, typer.Option(help="Only this timeframe.")]
HorizonName = Annotated[str | None, typer.Option(help="Only this horizon.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="CSV on stdout.")]


@app.command(epilog="Example: augury weights refresh --symbol ^GSPC --timeframe d1")
def refresh(
    symbol: Symbol = None,
    timeframe: FrameName = None,
    horizon: HorizonName = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Refit and compare; register nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Refit weights on forecasts of the last 90 days that have matured; members stay byte for byte.

    New weights are kept as a new version when they are not worse on the newest fifth of the rows.
    A cell with fewer than 60 matured forecasts keeps its weights. Exits 4 when no champion has weights.
    """
    from augury.runs.weights_refresh import champions
    from augury.runs.weights_refresh import refresh as refit

    symbol, timeframe, horizon = _asked(symbol, timeframe, horizon)
    rows = []
    with SESSION.workspace() as workspace:
        found = champions(workspace, symbol, timeframe, horizon)
        if not found:
            raise NotTrained("no champion that fits has weights", fix="augury models list")
        for one in refit(workspace, found, dry_run=dry_run):
            told = one.told
            rows.append(
                {"cell": str(one.cell), "of": one.of, "version": one.version or None,
                 "kept": bool(told.get("kept")), "reason": one.reason, "method": told.get("method"),
                 "n": told.get("n"), "n_judged": told.get("n_judged"), "brier": told.get("brier"),
                 "brier_before": told.get("brier_before"), "weights": told.get("weights")}
            )  # fmt: skip
    if as_json:
        return document(rows)
    shown = ["cell", "kept", "n", "brier", "brier_before", "version"]
    show(rows, columns=shown, title="weights, refitted" + (" (dry run: nothing was written)" if dry_run else ""))
    for row in rows:
        if row["reason"]:
            SESSION.say(f"{row['cell']}: weights stay: {row['reason']}")
    return None


@app.command("show", epilog="Example: augury weights show --symbol ^GSPC")
def show_(
    symbol: Symbol = None,
    timeframe: FrameName = None,
    horizon: HorizonName = None,
    history: Annotated[bool, typer.Option("--history", help="Every refit instead of the weights that answer.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="Rows of the history at most.")] = 20,
    as_json: AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    """Show the weights that answer now, or with --history every refit, newest first."""
    from augury.runs.weights_refresh import champions

    symbol, timeframe, horizon = _asked(symbol, timeframe, horizon)
    with SESSION.workspace() as workspace:
        if history:
            refits = workspace.store.weights_log.list(symbol, timeframe, horizon, limit)
            rows = [
                {"symbol": one.symbol, "timeframe": one.timeframe, "horizon": one.horizon, "version": one.version,
                 "method": one.method, "kept": one.kept, "n": one.n, "until": one.fitted_on_to,
                 "weights": _written(one.weights, as_json)}
                for one in refits
            ]  # fmt: skip
        else:
            rows = [
                {"symbol": one.symbol, "timeframe": one.timeframe, "horizon": one.horizon, "version": one.version,
                 "method": one.manifest.recipe.weights, "weights": _written(one.manifest.weights, as_json)}
                for one in champions(workspace, symbol, timeframe, horizon)
            ]  # fmt: skip
    show(
        rows,
        as_json=as_json,
        as_csv=as_csv,
        empty="no refits yet -> run: augury weights refresh"
        if history
        else "no weights yet -> run: augury train --all",
    )


def _asked(symbol: str | None, timeframe: str | None, horizon: str | None) -> tuple[str | None, str | None, str | None]:
    """Check what was asked for and spell it as it is stored."""
    from augury.core.bars import check_symbol
    from augury.core.timeframe import Horizon, Timeframe

    return (
        check_symbol(symbol) if symbol else None,
        str(Timeframe.parse(timeframe)) if timeframe else None,
        str(Horizon.parse(horizon)) if horizon else None,
    )


def _written(weights: dict[str, float], as_json: bool) -> object:
    return dict(weights) if as_json else " ".join(f"{name} {weight:.3f}" for name, weight in weights.items())
