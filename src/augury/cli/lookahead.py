"""``augury lookahead``: does anything know what has not happened yet?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from augury.cli.screen import document, show
from augury.cli.session import SESSION
from augury.core.errors import EXIT_GATE, InsufficientHistory, StoreError, TemporaryError, UsageError

if TYPE_CHECKING:
    from augury.core.bars import Bars
    from augury.proof.audit import AuditReport, Division, Stage
    from augury.runs.proving.kept_audits import Audited

_HOLES = 40


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(epilog="Example: augury lookahead --features my_features.py")(lookahead)


def lookahead(
    features: Annotated[
        Path | None, typer.Option(help="Python file with FAMILY, def features(bars) or def split(bars); it is run.")
    ] = None,
    model: Annotated[str | None, typer.Option(help="package.module:Class or file.py:Class; it is run.")] = None,
    bars: Annotated[Path | None, typer.Option(help="CSV, Parquet, Arrow or feather file of bars.")] = None,
    symbol: Annotated[str | None, typer.Option(help="A symbol of the lake, or of a file that names none.")] = None,
    timeframe: Annotated[str | None, typer.Option(help="m1 m5 m15 h1 h4 d1 w1.")] = None,
    feature_set: Annotated[str, typer.Option("--set", help="Augury's features: starter technical all …")] = "technical",
    cuts: Annotated[int, typer.Option(min=1, help="Moments at which history is cut.")] = 20,
    seed: Annotated[int, typer.Option(help="Draws the moments and the noise.")] = 42,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Cut history at random moments, replace the future by noise, and compare.

    Every value known at a cut must stay equal bit for bit: features, fitted transforms, labels,
    splits, graphs, weights, forecasts. Without --features and --model Augury's own path is audited;
    without bars the synthetic market is used. Exits 5 when anything looked ahead.
    """
    from augury.proof.audit import audit

    given = _bars(bars, symbol, timeframe)
    report = audit(_stages(features, model, given, feature_set), given, cuts=cuts, seed=seed, on_progress=_told)
    if as_json:
        document(report.to_json() | {"synthetic": given.synthetic})
    else:
        _print(report)
    _keep(report, given, features, model, feature_set)
    _conclude(report, given)


def _told(done: int, total: int) -> None:
    if done % 10 == 0 or done == total:
        SESSION.say(f"lookahead {done}/{total} histories")


def _bars(path: Path | None, symbol: str | None, timeframe: str | None) -> Bars:
    from augury.core.timeframe import Timeframe

    if path is not None:
        from augury.data.canonical.normalize import normalize

        return normalize(path, symbol=symbol, timeframe=timeframe).bars
    if symbol is not None:
        from augury.data.lake import Lake
        from augury.runs.intake import bars_of
        from augury.runs.workspace import lake_folder

        return bars_of(Lake(lake_folder(SESSION.settings())), symbol, Timeframe.parse(timeframe or "d1"))
    if timeframe is not None:
        raise UsageError("--timeframe goes with --symbol or --bars", fix="augury lookahead --help")
    from augury.data.synthetic import SyntheticMarket

    # Bars that are missing: what is filled from later shows there.
    return SyntheticMarket(gaps=_HOLES).bars()


def _stages(features: Path | None, model: str | None, bars: Bars, feature_set: str) -> list[Stage | Division]:
    from augury.proof.audit import Stage, own_stages
    from augury.proof.audit.own import STAGES
    from augury.proof.audit.user import stage_of_model, stages_of_file

    if features is None and model is None:
        own = own_stages(bars, feature_set)
        if absent := [name for name in STAGES if name not in {stage.name for stage in own}]:
            SESSION.say(f"left out, too few symbols or bars: {', '.join(absent)}")
        return own
    stages = stages_of_file(features) if features is not None else []
    if model is not None:
        given = next((stage.run for stage in stages if isinstance(stage, Stage)), None)
        stages.append(stage_of_model(model, bars, feature_set=feature_set, features=given))
    return stages


def _keep(report: AuditReport, bars: Bars, features: Path | None, model: str | None, feature_set: str) -> None:
    """Write the audit into the journal; where that fails the audit stands as it was printed, and so does its exit."""
    from augury.runs.proving.kept_audits import keep

    try:
        with SESSION.workspace() as workspace:
            kept = keep(workspace, report, bars, _audited(features, model, feature_set))
    except (StoreError, TemporaryError, UsageError) as error:
        SESSION.say(f"the audit was not kept: {error.message}")
    else:
        SESSION.say(f"kept as entry {kept.id} of the journal; the page Proof shows it")


def _audited(features: Path | None, model: str | None, feature_set: str) -> list[Audited]:
    from augury.core.hashing import sha256_file
    from augury.runs.proving.kept_audits import Audited

    found = [] if features is None else [Audited(features.name, sha256_file(features))]
    if model is not None:
        place, _, name = model.rpartition(":")
        file = Path(place)
        is_file = file.suffix == ".py" and file.is_file()
        found.append(Audited(f"{file.name}:{name}", sha256_file(file)) if is_file else Audited(model))
    return found or [Audited(f"set {feature_set}")]


def _print(report: AuditReport) -> None:
    rows = [
        {"stage": stage.name, "columns": stage.columns, "cuts": stage.cuts, "values": f"{stage.values:,}",
         "verdict": stage.verdict, "seconds": round(stage.seconds, 2)}
        for stage in report.stages
    ]  # fmt: skip
    show(rows)
    leaks = [
        {"stage": leak.stage, "column": leak.column, "kind": leak.kind, "symbol": leak.symbol, "first_row": leak.ts,
         "cut": leak.cut, "seen_by": " ".join(leak.probes), "value": _short(leak.value), "other": _short(leak.other)}
        for leak in report.leaks
    ]  # fmt: skip
    if leaks:
        show(leaks, title="looked ahead")


def _short(value: float | int | str | None) -> str | None:
    return f"{value:.6g}" if isinstance(value, float) else None if value is None else str(value)


def _conclude(report: AuditReport, bars: Bars) -> None:
    where = f"{len(report.cuts)} cuts of {bars.frame.height:,} bars" + (" (synthetic market)" if bars.synthetic else "")
    if report.leaks:
        count = len(report.leaks)
        first = report.leaks[0]
        SESSION.say(
            f"{count} column{'s' if count > 1 else ''} looked ahead, first '{first.column}' of {first.stage} "
            f"({first.kind}); {where}, {report.seconds:.1f} s"
        )
        raise typer.Exit(EXIT_GATE)
    if silent := [stage.name for stage in report.stages if stage.verdict == "not compared"]:
        raise InsufficientHistory(
            f"nothing of {', '.join(silent)} could be compared at {where}: no value was known, or it could not be run",
            fix="augury lookahead --cuts 100",
        )
    SESSION.say(f"clean: {report.values:,} values are equal bit for bit at {where}, {report.seconds:.1f} s")
