"""Fetch the bars that have closed since the last stored one, each symbol from the vendor it came from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from augury.core.bars import Bars
from augury.core.clock import iso
from augury.core.errors import ValidationError
from augury.core.timeframe import Timeframe
from augury.core.typing import Json
from augury.data.calendar import market_calendar
from augury.data.calendar.openings import opening_times
from augury.data.lake.files import LakeEntry
from augury.data.sources import SOURCES
from augury.runs.durable.kind import Bench, Kind
from augury.runs.intake import import_source


def plan(bench: Bench) -> Sequence[Json]:
    """One part a series that lacks a bar which has closed; those that nobody can update are named first.

    Only markets that had a session since are asked about, so that an hourly job costs nothing at night.
    """
    wanted = bench.job.settings["symbols"]
    parts: list[Json] = []
    left: dict[str, list[str]] = {}
    for entry in bench.workspace.lake.entries():
        if wanted and entry.symbol not in wanted:
            continue
        where = f"{entry.symbol} {entry.timeframe}"
        if (why := _no_vendor(entry)) is not None:
            left.setdefault(why, []).append(where)
        elif _next_close(entry) <= bench.moment:
            parts.append({"name": where, "series": [entry.symbol, str(entry.timeframe), entry.provider]})
    for why, names in left.items():
        bench.say(f"not updated, {why}: {', '.join(names)}")
    return [*({"name": why, "skipped": names} for why, names in sorted(left.items())), *parts]


def _no_vendor(entry: LakeEntry) -> str | None:
    """Why a series has nobody to be asked; None when it has."""
    if entry.provider not in SOURCES.names():
        return f"imported from a {entry.provider}" if entry.provider == "file" else f"no source {entry.provider}"
    source = SOURCES.load(entry.provider)
    if source.historical:
        return f"bundled history of {entry.provider}"
    return None if entry.timeframe in source.timeframes else f"{entry.provider} has no {entry.timeframe} bars"


def _next_close(entry: LakeEntry) -> datetime:
    """When the bar behind the last stored one closes."""
    calendar = market_calendar(entry.calendar)
    (opened,) = opening_times(entry.timeframe, entry.calendar, entry.last + timedelta(microseconds=1), 1)
    return entry.timeframe.closes_at(opened, calendar)


def make(bench: Bench, part: Json) -> Json:
    """Fetch from the last stored bar on and add what is new; fetched again, it changes nothing.

    The last stored bar is fetched once more: a vendor that tells it differently now (prices are adjusted
    again after every dividend) has revised its history. Daily bars are then fetched whole, when that
    loses none; no bar is ever added to a past that its vendor no longer tells.

    Raises
    ------
    TemporaryError
        The vendor does not answer.
    ValidationError
        The new bars fail their checks, or a past was revised that cannot be fetched whole.
    """
    if "skipped" in part:
        return {"text": f"not updated: {', '.join(part['skipped'])}", "skipped": part["skipped"]}
    bench.check()
    symbol, name, provider = part["series"]
    before = _stored(bench, symbol, Timeframe.parse(name))
    revised = False
    try:
        _fetched(bench, before, start=before.last)
    except ValidationError as error:
        if error.facts.get("code") != "CONFLICT" or not _reaches_back(bench, before):
            error.fix = f"augury data import --provider {provider} --symbols {symbol} --timeframe {name}"
            raise
        _fetched(bench, before)
        revised = True
    after = _stored(bench, symbol, before.timeframe)
    added = after.rows - before.rows
    told = f"{added} bars, up to {iso(after.last)}" + (f", {provider} revised its history" if revised else "")
    return {"text": told, "added": added, "revised": [part["name"]] if revised else []}


def _fetched(bench: Bench, entry: LakeEntry, *, start: datetime | None = None, dry_run: bool = False) -> Bars:
    """Import a series from its vendor: all of it, or from a bar on."""
    workspace = bench.workspace
    kept = import_source(
        workspace.lake,
        entry.provider,
        symbols=[entry.symbol],
        timeframe=str(entry.timeframe),
        start=start,
        dry_run=dry_run,
        clock=workspace.clock,
        lineage=workspace.store.lineage,
    )
    return kept.bars


def _reaches_back(bench: Bench, entry: LakeEntry) -> bool:
    """Whether the vendor's whole history holds at least the bars that are stored."""
    if entry.timeframe is not Timeframe.D1:
        return False  # vendors forget shorter bars
    bars = _fetched(bench, entry, dry_run=True).frame
    return bool(bars["ts"][0] <= entry.first) and bars.height >= entry.rows


def _stored(bench: Bench, symbol: str, timeframe: Timeframe) -> LakeEntry:
    return next(
        entry for entry in bench.workspace.lake.entries() if (entry.symbol, entry.timeframe) == (symbol, timeframe)
    )


def finish(bench: Bench, results: Sequence[Json]) -> Json:
    """Count what came; name what was revised, and what nobody could be asked about."""
    return {
        "added": sum(said.get("added", 0) for said in results),
        "revised": [name for said in results for name in said.get("revised", [])],
        "skipped": [name for said in results for name in said.get("skipped", [])],
    }


KIND = Kind(
    title="Fetch bars that have closed",
    plan=plan,
    make=make,
    finish=finish,
    settings={"symbols": []},
    time_limit_s=3000.0,
)
