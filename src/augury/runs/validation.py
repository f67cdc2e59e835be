"""Judge stored versions again: same files, same bars, same scores, or say what differs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from augury.core.bars import check_symbol
from augury.core.errors import DataError, NotFound
from augury.core.score import Verdict
from augury.core.timeframe import Timeframe
from augury.core.version import VersionManifest
from augury.labels.splits import time_ordered
from augury.records.loader import EnsembleLoader, not_trained
from augury.runs.cells import Cell
from augury.runs.intake import bars_of
from augury.runs.jobs.train import judge_split, label_cell
from augury.runs.null_runs import null_gates_of
from augury.runs.registry import acquitted, release_of
from augury.runs.sealed import guard_of, unsealed
from augury.runs.workspace import Workspace


@dataclass(frozen=True)
class Revalidation:
    """One version judged again; ``reproduced`` when every score equals the stored one.

    ``manifest`` is the version's with today's scores and gates in place of the stored ones.
    """

    cell: str
    version: str
    verdict: Verdict
    reproduced: bool
    manifest: VersionManifest


def revalidate(
    workspace: Workspace, *, symbols: Sequence[str], timeframe: str | None, version: str = "", null: bool = False
) -> Iterator[Revalidation]:
    """Judge champions again, or one version, champion or not.

    Parameters
    ----------
    workspace : Workspace
    symbols : sequence of str
        Empty means all.
    timeframe : str or None
    version : str
        A version's name; empty means champions.
    null : bool
        Fit the same members on null data too (:mod:`augury.proof.null_gates`) and add those gates.

    Raises
    ------
    NotTrained
        A symbol has no champion.
    NotFound
        There is no such version.
    DataError
        The lake's bars are no longer those the version was judged on.
    """
    loader = EnsembleLoader(workspace.store)
    wanted = str(Timeframe.parse(timeframe)) if timeframe else None
    asked = [row for row in workspace.store.versions.list() if row.version == version or (not version and row.champion)]
    if version and not asked:
        raise NotFound(f"no version {version}", fix="augury models list")
    champions = [row for row in asked if wanted in (None, row.timeframe)]
    for symbol in symbols:
        if check_symbol(symbol) not in {row.symbol for row in champions}:
            raise not_trained(symbol, wanted or "d1")
    for row in champions:
        if symbols and row.symbol not in symbols:
            continue
        loaded = loader.load(row.symbol, row.timeframe, row.horizon, version=row.version)
        manifest = loaded.manifest
        guard = guard_of(workspace.store, row.symbol, Timeframe.parse(row.timeframe))
        bars = unsealed(bars_of(workspace.lake, row.symbol, Timeframe.parse(row.timeframe)), guard)
        if bars.data_version != manifest.data_version:
            raise DataError(
                f"{manifest.cell} {row.version} was judged on data {manifest.data_version[:12]}, the lake holds"
                f" {bars.data_version[:12]} (rule: a score belongs to its data version)",
                fix=f"augury train --symbol {row.symbol} --timeframe {row.timeframe}",
            )
        labelled = label_cell(bars, Cell(row.symbol, row.timeframe, row.horizon), manifest.recipe)
        split = time_ordered(labelled.known(), manifest.recipe.train_fraction)
        select = tuple(score for score in manifest.scores if score.slice == "select")
        scores, verdict = judge_split(loaded.ensemble, split, select)
        if (evidence := release_of(manifest)) is not None and scores == manifest.scores:
            verdict = acquitted(verdict, evidence)
        if null:
            nulls = null_gates_of(bars, Cell(row.symbol, row.timeframe, row.horizon), manifest.recipe)
            verdict = Verdict.of((*verdict.gates, *nulls))
        judged = replace(manifest, scores=scores, verdict=verdict)
        yield Revalidation(manifest.cell, row.version, verdict, scores == manifest.scores, judged)
