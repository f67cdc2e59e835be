"""Judge stored versions again: same files, same bars, same scores, or say what differs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from augury.core.bars import check_symbol
from augury.core.errors import GateRefused, NotFound
from augury.core.score import Score, Verdict
from augury.core.timeframe import Timeframe
from augury.core.version import VersionManifest
from augury.records.registry.aliases import CHAMPION
from augury.records.registry.loader import EnsembleLoader, not_trained
from augury.records.registry.version_rows import VersionRow
from augury.runs.cells import Cell
from augury.runs.jobs.train import judge_split
from augury.runs.jobs.weights import split_as_judged
from augury.runs.proving.null_runs import null_gates_of
from augury.runs.proving.recomputing import Recomputing
from augury.runs.proving.reproduction import trained_on
from augury.runs.proving.sealed import guard_of
from augury.runs.registry.registration import acquitted, release_of
from augury.runs.workspace import Workspace


@dataclass(frozen=True)
class Revalidation:
    """One version judged again; ``reproduced`` when every score equals the stored one.

    ``manifest`` is the version's with today's scores and gates in place of the stored ones; ``stored`` are those.
    """

    cell: str
    version: str
    verdict: Verdict
    reproduced: bool
    manifest: VersionManifest
    stored: tuple[Score, ...] = ()

    @property
    def refusal(self) -> GateRefused | None:
        """The error that says why the version should not serve; None when nothing is wrong with it."""
        fix = f"augury validate {self.version}"
        if self.verdict.word == "refused":
            why = "; ".join(gate.message for gate in self.verdict.failed if gate.effect == "refuse")
            return GateRefused(f"{self.cell} {self.version} is refused: {why}", fix=fix)
        if self.reproduced:
            return None
        pairs = zip(self.manifest.scores, self.stored, strict=False)
        differ = next((f"{now.name} was {was.value:.6f}, is {now.value:.6f}" for now, was in pairs if now != was), "")
        what = differ or f"{len(self.stored)} scores were stored, there are {len(self.manifest.scores)}"
        return GateRefused(f"{self.cell} {self.version} does not score as it did: {what}", fix=fix)


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
    DataError, HoldoutSealed
        As :func:`revalidated`.
    """
    wanted = str(Timeframe.parse(timeframe)) if timeframe else None
    versions = workspace.store.versions
    asked = [row for row in versions.list() if row.version == version] if version else versions.list(alias=CHAMPION)
    if version and not asked:
        raise NotFound(f"no version {version}", fix="augury models list")
    champions = [row for row in asked if wanted in (None, row.timeframe)]
    for symbol in symbols:
        if check_symbol(symbol) not in {row.symbol for row in champions}:
            raise not_trained(symbol, wanted or "d1")
    for row in champions:
        if not symbols or row.symbol in symbols:
            yield revalidated(workspace, row, null=null)


def revalidated(workspace: Workspace, row: VersionRow, *, null: bool = False) -> Revalidation:
    """Judge one version again on the rows it was judged on, cut from a lake that may have grown since.

    Parameters
    ----------
    workspace : Workspace
    row : VersionRow
    null : bool
        Fit the same members on null data too.

    Raises
    ------
    DataError
        The bars it was trained on were revised.
    HoldoutSealed
        They were sealed since.
    """
    loaded = EnsembleLoader(workspace.store).load(row.symbol, row.timeframe, row.horizon, version=row.version)
    manifest = loaded.manifest
    bars = trained_on(workspace, manifest)
    split = split_as_judged(Recomputing(bars).table(loaded), manifest)
    guard = guard_of(workspace.store, row.symbol, Timeframe.parse(row.timeframe))
    guard.allow("fit", split.train.frame)
    guard.allow("report", split.valid.frame)
    select = tuple(score for score in manifest.scores if score.slice == "select")
    scores, verdict = judge_split(loaded.ensemble, split, select)
    if (evidence := release_of(manifest)) is not None and scores == manifest.scores:
        verdict = acquitted(verdict, evidence)
    if null:
        nulls = null_gates_of(bars, Cell(row.symbol, row.timeframe, row.horizon), manifest.recipe)
        verdict = Verdict.of((*verdict.gates, *nulls))
    judged = replace(manifest, scores=scores, verdict=verdict)
    return Revalidation(manifest.cell, row.version, verdict, scores == manifest.scores, judged, manifest.scores)
