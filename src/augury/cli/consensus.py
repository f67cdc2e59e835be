"""``augury consensus SYMBOL``: what the timeframes say together, and the cascade between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from augury.cli.screen import document, show
from augury.cli.session import SESSION
from augury.core.errors import NotFound

if TYPE_CHECKING:
    from augury.models.consensus import Consensus, Quality
    from augury.records.ledger.consensus import ConsensusRow


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(epilog="Example: augury consensus ^GSPC --json")(consensus)


def consensus(
    symbol: Annotated[str, typer.Argument(help="A symbol.")],
    horizon: Annotated[str | None, typer.Option(help="Only this horizon.")] = None,
    cascade: Annotated[bool, typer.Option("--cascade", help="Also show each timeframe and its hand-off.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV on stdout.")] = False,
) -> None:
    """Show the newest consensus of each horizon of a symbol.

    Agreement is empty where fewer than 1.2 independent sources speak.
    """
    from augury.core.bars import check_symbol
    from augury.core.timeframe import Horizon
    from augury.runs.forecasts.consensus import latest, quality_of

    wanted = None if horizon is None else str(Horizon.parse(horizon))
    with SESSION.workspace() as workspace:
        rows = [row for row in latest(workspace, check_symbol(symbol)) if wanted in (None, row.consensus.horizon)]
        judged = [quality_of(row.consensus, workspace) for row in rows]
    if not rows:
        raise NotFound(f"no consensus for {symbol}", fix=f"augury forecast --symbol {symbol}")
    if as_json:
        document([_fact(row, found) for row, found in zip(rows, judged, strict=True)])
    else:
        pairs = zip(rows, judged, strict=True)
        show([_brief(row.consensus, found) for row, found in pairs], as_csv=as_csv)
    if cascade and not (as_json or as_csv):
        show([line for row in rows for line in _cascade(row.consensus)], title="cascade")


def _fact(row: ConsensusRow, judged: Quality) -> dict[str, Any]:
    facts = row.consensus.to_json() | {"timeframe": "consensus", "recorded_at": row.recorded_at}
    return facts | {"quality": judged.value, "issues": list(judged.issues), "row_hash": row.row_hash}


def _brief(one: Consensus, judged: Quality) -> dict[str, Any]:
    low, high = one.quantiles["q10"], one.quantiles["q90"]
    return {
        "horizon": one.horizon,
        "label": "abstains" if "abstain" in one.flags else one.label,
        "confidence": one.confidence,
        "agreement": one.agreement,
        "n_eff": one.n_eff,
        "median": f"{one.quantiles['q50']:+.1%}",
        "80 % band": f"{low:+.1%} .. {high:+.1%}",
        "sources": " ".join(voice.timeframe for voice in one.voices),
        "until": f"{one.matures_at:%Y-%m-%d}",
        "quality": judged.value,
        "issues": " ".join(judged.issues),
    }


def _cascade(one: Consensus) -> list[dict[str, Any]]:
    return [
        {
            "horizon": one.horizon,
            "timeframe": voice.timeframe,
            "said": "abstains" if voice.abstained else voice.label,
            "confidence": voice.confidence,
            "target": voice.target,
            "hand-off": voice.handoff,
            "weight": voice.weight,
        }
        for voice in one.voices
    ]
