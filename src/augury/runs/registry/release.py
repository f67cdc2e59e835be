"""A version stopped as too good to be true is let go only by an audit of that very version.

Releasing makes a new version: the files are the same byte for byte, the manifest says what the audit looked
at, and the refused version is its parent and stays refused. What was sealed is never changed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from shutil import copytree, ignore_patterns

import polars as pl

from augury.core.atomic import storage_errors
from augury.core.bars import Bars
from augury.core.clock import iso
from augury.core.errors import DataError, GateRefused, SuspectLeak, UsageError
from augury.core.recipe import Recipe
from augury.core.tables import VOLATILITY, LabelledTable
from augury.core.typing import Json
from augury.core.version import VersionManifest
from augury.labels.splits import time_ordered
from augury.proof.audit import AuditReport, audit, name_suspects, version_stages
from augury.proof.audit.probing import CUTS, OnProgress
from augury.records.registry.artifacts import MANIFEST
from augury.records.registry.loader import EnsembleLoader, LoadedEnsemble
from augury.records.registry.version_rows import VersionRow
from augury.runs.cells import Cell
from augury.runs.intake import check
from augury.runs.jobs.train import judge_split, label_cell
from augury.runs.proving.reproduction import trained_on
from augury.runs.registry.registration import RELEASED, SUSPECT, acquitted, register, release_of
from augury.runs.workspace import Workspace


@dataclass(frozen=True)
class Release:
    """A version that was let go.

    Parameters
    ----------
    of : str
        The refused version.
    manifest : VersionManifest
        The new one; its events hold the evidence.
    report : AuditReport
    """

    of: str
    manifest: VersionManifest
    report: AuditReport

    @property
    def evidence(self) -> Json:
        """What was looked at, as it is sealed in the manifest."""
        found = release_of(self.manifest)
        assert found is not None
        return found


def release(
    workspace: Workspace,
    row: VersionRow,
    *,
    by: str,
    cuts: int = CUTS,
    on_progress: OnProgress | None = None,
    serve: bool = True,
) -> Release:
    """Audit a version that SUSPECT_LEAK stopped, and let it serve when nothing looked ahead.

    Its own bars are cut and replaced by noise, and its own features, labels, splits, weights and forecasts,
    with its own members, must stay as they were. Before that its stored scores must come out again: an audit
    of today's features says nothing about a version that saw others.

    Parameters
    ----------
    workspace : Workspace
    row : VersionRow
    by : str
        Who asked, for the alias log.
    cuts : int
        Moments to try, at least 1.
    on_progress : callable, optional
        Receives (histories done, histories in all).
    serve : bool
        False leaves the champion where it is: the released version waits as a candidate.

    Raises
    ------
    UsageError
        It was not stopped, or was released before.
    DataError
        The lake's bars are not those it was trained on, or break a check.
    GateRefused
        Another gate refused it as well, its scores are not reproduced, or too little could be compared.
    SuspectLeak
        The audit found a leak; the message names column, stage and first row.
    """
    evidence, report = examine(workspace, row, cuts=cuts, on_progress=on_progress)
    return Release(row.version, let_go(workspace, row, evidence, by=by, serve=serve), report)


def examine(
    workspace: Workspace, row: VersionRow, *, cuts: int = CUTS, on_progress: OnProgress | None = None
) -> tuple[Json, AuditReport]:
    """Audit a version that SUSPECT_LEAK stopped and return what was looked at; nothing is written.

    Raises
    ------
    UsageError, DataError, GateRefused, SuspectLeak
        As :func:`release`.
    """
    check_stopped(workspace, row)
    loaded = EnsembleLoader(workspace.store).load(row.symbol, row.timeframe, row.horizon, row.version)
    bars = trained_on(workspace, loaded.manifest)
    check(bars).raise_if_invalid(f"{row.symbol} {row.timeframe}")
    path = _path(loaded.manifest)
    table = path(bars)
    report = _audited(loaded.manifest, path, bars, cuts, on_progress)
    _reproduced(loaded, table)
    return _evidence(loaded.manifest, report, table), report


def let_go(workspace: Workspace, row: VersionRow, evidence: Json, *, by: str, serve: bool = True) -> VersionManifest:
    """Register a version that was examined as one of its own; asked again, it is the same one.

    Parameters
    ----------
    workspace : Workspace
    row : VersionRow
        The refused version.
    evidence : dict
        Of :func:`examine`.
    by : str
    serve : bool
        As in :func:`release`.
    """
    before = _released(workspace, row)
    return before or _registered(workspace, row, row.manifest, evidence, by, serve)


def _released(workspace: Workspace, row: VersionRow) -> VersionManifest | None:
    for other in workspace.store.versions.list(row.symbol, row.timeframe):
        before = release_of(other.manifest)
        if before is not None and before["of"] == row.version and other.horizon == row.horizon:
            return other.manifest
    return None


def check_stopped(workspace: Workspace, row: VersionRow) -> None:
    """Refuse what needs no release, and what a release cannot help; nothing is audited yet.

    Raises
    ------
    UsageError
        It was not stopped as too good to be true, or was released before.
    GateRefused
        Another gate refused it as well.
    """
    where = f"{row.manifest.cell} {row.version}"
    failed = [gate.code for gate in row.manifest.verdict.failed if gate.effect == "refuse"]
    if SUSPECT not in failed:
        raise UsageError(
            f"{where} was not stopped as too good to be true: it is {row.verdict}", fix="augury models list"
        )
    if others := [code for code in failed if code != SUSPECT]:
        raise GateRefused(f"{where} cannot be released: {', '.join(others)} refused it as well", gates=others)
    if (before := _released(workspace, row)) is not None:
        raise UsageError(
            f"{where} was released as {before.version}",
            fix=f"augury models info {row.symbol} {row.timeframe} {row.horizon} --version {before.version}",
        )


def _path(manifest: VersionManifest) -> Callable[[Bars], LabelledTable]:
    """Bars to the table the version was trained on, whatever the number of bars: every row, its own columns."""
    cell = Cell(manifest.symbol, manifest.timeframe, manifest.horizon)

    def labelled(bars: Bars) -> LabelledTable:
        recipe: Recipe = manifest.recipe.replace(max_bars=max(manifest.recipe.max_bars, bars.frame.height))
        return label_cell(bars, cell, recipe).restricted(manifest.features)

    return labelled


def _audited(
    manifest: VersionManifest,
    path: Callable[[Bars], LabelledTable],
    bars: Bars,
    cuts: int,
    on_progress: OnProgress | None,
) -> AuditReport:
    first: datetime = datetime.fromisoformat(manifest.slices["valid"].first).astimezone(UTC)
    border = bars.frame.filter(pl.col("ts") < first)["ts"].max()
    assert isinstance(border, datetime)
    stages = version_stages(
        path, border=border, symbol=manifest.symbol, recipe=manifest.recipe, learns=bool(manifest.weights)
    )
    report = audit(stages, _window(manifest, bars), cuts=cuts, on_progress=on_progress)
    where = f"{manifest.cell} {manifest.version}"
    if report.leaks:
        leak = report.leaks[0]
        more = f" and {len(report.leaks) - 1} more" if len(report.leaks) > 1 else ""
        raise SuspectLeak(
            f"{where} is not released: '{leak.column}' of {leak.stage} looked ahead ({leak.kind}),"
            f" first at {iso(leak.ts)[:10]}{more}",
            fix=f"augury train --symbol {manifest.symbol} --timeframe {manifest.timeframe}",
            columns=[one.column for one in report.leaks],
        )
    if silent := [stage.name for stage in report.stages if stage.verdict != "clean"]:
        raise GateRefused(f"{where} is not released: nothing of {', '.join(silent)} could be compared at {cuts} cuts")
    return report


def _window(manifest: VersionManifest, bars: Bars) -> Bars:
    """The bars whose rows were learned from and judged, and those their features look back on.

    Of a long history a short window would hardly be cut anywhere.
    """
    return bars.with_frame(bars.frame.tail(manifest.recipe.max_bars + manifest.features.lookback_bars))


def _reproduced(loaded: LoadedEnsemble, table: LabelledTable) -> None:
    """The stored scores must be those that the audited features give."""
    manifest = loaded.manifest
    newest = table.with_frame(table.frame.tail(manifest.recipe.max_bars).drop_nulls(VOLATILITY))
    select = tuple(score for score in manifest.scores if score.slice == "select")
    scores, _ = judge_split(loaded.ensemble, time_ordered(newest.known(), manifest.recipe.train_fraction), select)
    stored = {score.name: score for score in manifest.scores if score.slice == "report"}
    for score in scores:
        if score.slice == "report" and score != (before := stored.get(score.name)):
            was = "none" if before is None else f"{before.value:.4f}"
            raise DataError(
                f"{manifest.cell} {manifest.version} is not released: its {score.name} was {was} and is"
                f" {score.value:.4f} on the features that were audited (rule: the audit of that same version)",
                fix=f"augury train --symbol {manifest.symbol} --timeframe {manifest.timeframe}",
            )


def _evidence(manifest: VersionManifest, report: AuditReport, table: LabelledTable) -> Json:
    """What is sealed with the released version, small enough to be read."""
    told = report.to_json()
    return {
        "event": RELEASED,
        "of": manifest.version,
        "content_hash": manifest.content_hash,
        **{name: told[name] for name in ("verdict", "values", "cuts", "probes", "seed", "data_version")},
        "stages": [{name: stage[name] for name in ("stage", "columns", "cuts", "values")} for stage in told["stages"]],
        "suspects": [suspect.to_json() for suspect in name_suspects(table.known())],
    }


def _registered(
    workspace: Workspace, row: VersionRow, manifest: VersionManifest, evidence: Json, by: str, serve: bool
) -> VersionManifest:
    """Copy the files into a version of their own, whose parent is the refused one."""
    folder, _ = workspace.store.artifacts.open(row.symbol, row.timeframe, row.horizon, row.version)
    staged = workspace.store.artifacts.stage()
    with storage_errors(staged):
        copytree(folder, staged, ignore=ignore_patterns(MANIFEST), dirs_exist_ok=True)
    verdict = acquitted(manifest.verdict, evidence)
    released = replace(manifest, verdict=verdict, events=(*manifest.events, evidence), files={}, version="")
    return register(workspace, staged, released, by=by, parent=row.version, serve=serve)
