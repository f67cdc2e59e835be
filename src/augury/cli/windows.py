"""Verbs for windows of bars: ``augury windows extract | publish``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from augury.cli.screen import document, show
from augury.cli.session import SESSION
from augury.core.errors import UsageError

if TYPE_CHECKING:
    from augury.core.bars import Bars

app = typer.Typer(
    help="Cut windows of 105 bars; publish a model of them.",
    epilog="Example: augury windows extract --symbol SPY --timeframe d1 --out spy.parquet",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.callback()
def windows() -> None:
    """Cut windows of 105 bars."""


@app.command(epilog="Example: augury windows extract --bars prices.csv --out windows.parquet")
def extract(
    out: Annotated[Path, typer.Option(help="Window file to write: .parquet, .arrow or .feather.")],
    bars: Annotated[Path | None, typer.Option(help="CSV, Parquet, Arrow or feather file of bars.")] = None,
    symbol: Annotated[
        list[str] | None, typer.Option(help="A symbol of the file or of the lake; repeat for more.")
    ] = None,
    timeframe: Annotated[str | None, typer.Option(help="m1 m5 m15 h1 h4 d1 w1; inferred for a file.")] = None,
    stride: Annotated[int, typer.Option(help="Bars from one window to the next.")] = 52,
    max_offset: Annotated[int, typer.Option(help="Move each window by 0 to so many bars at random.")] = 0,
    blacklist: Annotated[Path | None, typer.Option(help="JSON or CSV of rejected ranges.")] = None,
    calendar: Annotated[str | None, typer.Option(help="Venue calendar of a file, e.g. XNYS or 24/7.")] = None,
    tz: Annotated[str | None, typer.Option(help="Zone of naive intraday times of a file.")] = None,
    seed: Annotated[int, typer.Option(help="Of the random offsets.")] = 42,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Cut windows from continuous bars into a window file; none spans a gap."""
    from augury.labels.windows import extract_windows
    from augury.labels.windows.blacklist import Blacklist
    from augury.labels.windows.check import overlap
    from augury.labels.windows.files import write_windows

    if bars is None and not symbol:
        raise UsageError("give --bars FILE, or --symbol of the lake", fix="augury windows extract --help")
    names = symbol or []
    source = _of_lake(names, timeframe or "d1") if bars is None else _of_file(bars, names, timeframe, tz, calendar)
    known = bars is None or calendar is not None
    found = extract_windows(
        source if known else source.frame, stride=stride, max_offset=max_offset, seed=seed,
        blacklist=Blacklist.read(blacklist) if blacklist else None, timeframe=source.timeframe,
    )  # fmt: skip
    write_windows(found, out)
    twice = overlap(found)
    rows = twice.select("symbol", "windows", "bars", "share_twice").rows(named=True)
    facts = {"file": str(out), "windows": len(found), "max_offset": max_offset, "data_version": source.data_version}
    if as_json:
        return document(facts | {"symbols": rows, "notes": list(found.notes)})
    for note in found.notes:
        SESSION.say(note)
    show(rows, empty="no window was cut")
    return SESSION.say(f"{out}: {len(found)} windows of 105 bars")


@app.command(epilog="Example: augury windows publish train-20261121T105800Z-1a2b3c")
def publish(
    experiment: Annotated[str, typer.Argument(help="Name of the trained network, as augury train printed it.")],
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
) -> None:
    """Let a trained network of windows answer POST /predict from now on."""
    from dataclasses import asdict

    from augury.records.registry.served_windows import publish as let_answer

    with SESSION.workspace() as workspace:
        served = let_answer(workspace.settings.data_dir, experiment, workspace.clock)
    if as_json:
        return document(asdict(served))
    return SESSION.say(f"{served.version} ({served.mode}; {', '.join(served.classes)}) answers POST /predict")


def _of_file(path: Path, names: list[str], timeframe: str | None, tz: str | None, calendar: str | None) -> Bars:
    from augury.data.canonical.normalize import normalize

    named = names[0] if len(names) == 1 else None
    bars = normalize(path, timeframe=timeframe, tz=tz, symbol=named, calendar=calendar).bars
    if missing := set(names) - set(bars.symbols):
        raise UsageError(
            f"{path} has no bars of {', '.join(sorted(missing))} (there are: {', '.join(bars.symbols[:12])})"
        )
    return bars.with_frame(bars.frame.filter(bars.frame["symbol"].is_in(names))) if names else bars


def _of_lake(symbols: list[str], timeframe: str) -> Bars:
    from augury.core.timeframe import Timeframe
    from augury.data.lake import Lake
    from augury.runs.workspace import lake_folder

    return Lake(lake_folder(SESSION.settings())).read(symbols, Timeframe.parse(timeframe))
