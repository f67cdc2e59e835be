"""Forecasts while somebody waits: bars and features are kept, a new bar adds one row; the numbers are the same.

What a forecast reads is the last closed bar. Its features are computed by going on from where the bar before
left off (``features.incremental``, equal bit for bit), and bars that were checked are not checked again.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Final, TypeAlias

import polars as pl

from augury.core.bars import Bars
from augury.core.errors import InsufficientHistory
from augury.core.labelspec import LabelSpec
from augury.core.manifest import FeatureManifest
from augury.core.tables import FeatureTable, LabelledTable
from augury.core.timeframe import Timeframe
from augury.core.version import VersionManifest
from augury.data.calendar import market_calendar
from augury.data.calendar.availability import closed
from augury.data.lake.files import file_of
from augury.features.engine import leaf_frame, refuse_infinite
from augury.features.incremental import Memory, advance, plan_for
from augury.runs.forecasts.view import BARS_MIN, View
from augury.runs.intake import bars_of, check
from augury.runs.workspace import Workspace

_CONTEXT_BARS: Final = 256
"""Bars before a new one that its checks look at."""
Stamp: TypeAlias = tuple[tuple[int, int, int], ...] | None


@dataclass(frozen=True)
class LiveView(View):
    """What is known at one moment; features of the last bar only.

    Parameters
    ----------
    memories : dict
        Hash of a manifest to where its features stood after how many bars, and the last row.
    rows : dict
        Hash of a manifest, and a label, to the last row; of these bars only.
    """

    memories: dict[str, tuple[int, Memory, pl.DataFrame]] = field(default_factory=dict)
    rows: dict[tuple[str, LabelSpec], LabelledTable] = field(default_factory=dict)

    def labelled(self, manifest: VersionManifest) -> LabelledTable:
        """The last row of a version's features, with what stands beside it; put together once a bar."""
        key = (manifest.features.hash, manifest.label_spec)
        if key not in self.rows:
            self.rows[key] = super().labelled(manifest)
        return self.rows[key]

    def table(self, manifest: FeatureManifest) -> FeatureTable:
        """Features of the last closed bar, exactly the columns of a version's manifest."""
        count, memory, row = self.memories.get(manifest.hash, (0, None, None))
        height = self.bars.frame.height
        if row is None or count != height:
            plan = plan_for(manifest)
            fresh = self.bars if memory is None else self.bars.with_frame(self.bars.frame.slice(count))
            columns = leaf_frame(fresh, manifest)
            given = pl.DataFrame({name: columns[name] for name in plan.columns}).to_numpy().copy(order="C")
            (memory,), rows, infinite = advance(plan, [memory], [given])
            refuse_infinite(infinite, manifest, fresh.frame)
            values = [pl.Series(name, rows[-1:, i], nan_to_null=True) for i, name in enumerate(manifest.names)]
            row = self.bars.frame.tail(1).select("symbol", "ts").hstack(values)
            self.memories[manifest.hash] = (height, memory, row)
        return FeatureTable(row, manifest, self.bars.data_version)


@dataclass(frozen=True)
class Watched:
    """One symbol and timeframe as it was seen last.

    Parameters
    ----------
    stamp : Stamp
        Of its files in the lake; None where the lake is no folder.
    whole : Bars
        Everything the lake holds, bars that have not closed yet among them.
    view : LiveView
    until : datetime or None
        When the next bar of ``whole`` closes.
    """

    stamp: Stamp
    whole: Bars
    view: LiveView
    until: datetime | None


def watch(workspace: Workspace, symbol: str, timeframe: Timeframe, before: Watched | None = None) -> Watched:
    """Look at a symbol now; what was seen before is gone on from where it is still true.

    Parameters
    ----------
    workspace : Workspace
    symbol : str
    timeframe : Timeframe
    before : Watched, optional
        What this function returned last.

    Raises
    ------
    ValidationError
        Its bars are refused by the checks.
    InsufficientHistory
        Fewer than ``BARS_MIN`` closed bars.
    NotFound
        No bars.
    """
    now, stamp = workspace.clock.now(), _stamp(workspace, symbol, timeframe)
    if before is not None and stamp is not None and stamp == before.stamp:
        if before.until is None or now < before.until:
            return replace(before, view=replace(before.view, now=now, scored={}))
        whole = before.whole
    else:
        whole = bars_of(workspace.lake, symbol, timeframe)
        stamp = _stamp(workspace, symbol, timeframe) if stamp is None or not any(stamp) else stamp
    known = closed(whole, now)
    memories = _checked(known, before, f"{symbol} {timeframe}")
    calendar = market_calendar(known.calendar)
    until = timeframe.closes_at(known.frame["ts"][-1], calendar)
    ahead = whole.frame.height > known.frame.height
    then = timeframe.closes_at(whole.frame["ts"][known.frame.height], calendar) if ahead else None
    view = LiveView(known, now, until, {}, workspace.store.matured_bands, memories=memories)
    return Watched(stamp, whole, view, then)


def _checked(bars: Bars, before: Watched | None, where: str) -> dict[str, tuple[int, Memory, pl.DataFrame]]:
    """Check the bars that are new, and return the features' memories that are still true."""
    n = 0 if before is None else before.view.bars.frame.height
    grown = before is not None and bars.frame.height >= n and bars.frame.head(n).equals(before.view.bars.frame)
    part = bars.with_frame(bars.frame.slice(max(0, n - _CONTEXT_BARS))) if grown else bars
    check(part).raise_if_invalid(where)
    if bars.frame.height < BARS_MIN:
        raise InsufficientHistory(
            f"{where} has {bars.frame.height} closed bars, needs {BARS_MIN} (insufficient_history)",
            fix="augury data import FILE",
        )
    return dict(before.view.memories) if grown and before is not None else {}


def _stamp(workspace: Workspace, symbol: str, timeframe: Timeframe) -> Stamp:
    """Size, time and inode of the newest file of a symbol: every write replaces it."""
    if not isinstance(workspace.lake.root, Path):
        return None
    frames = (timeframe, Timeframe.D1) if timeframe is Timeframe.W1 else (timeframe,)
    found = []
    for frame in frames:
        path = workspace.lake.root / file_of(symbol, frame)
        facts = path.stat() if path.is_file() else None
        found.append((facts.st_size, facts.st_mtime_ns, facts.st_ino) if facts else (0, 0, 0))
    return tuple(found)
