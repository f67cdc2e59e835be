"""Opening the sealed holdout: the champions are scored on it, and that it happened is counted."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from augury.core.bars import Bars
from augury.core.errors import InsufficientHistory, NotFound
from augury.core.score import Score
from augury.core.tables import LabelledTable, Split
from augury.core.timeframe import Timeframe
from augury.core.version import VersionManifest
from augury.proof.holdout import Guard, unseen
from augury.records.registry.loader import EnsembleLoader, LoadedEnsemble, not_trained
from augury.records.store import Store
from augury.records.trials.holdout import Seal
from augury.runs.cells import Cell
from augury.runs.intake import bars_of
from augury.runs.jobs.train import judge_split, label_cell
from augury.runs.proving.sealed import guard_of
from augury.runs.proving.trials import dataset_of, deflated_of
from augury.runs.workspace import Workspace


@dataclass(frozen=True)
class HoldoutScore:
    """What a champion showed on rows nobody had looked at; ``deflated`` is the line that may be printed."""

    manifest: VersionManifest
    scores: tuple[Score, ...]
    deflated: str | None


def open_holdout(
    workspace: Workspace, symbol: str, timeframe: Timeframe, reason: str, *, by: str
) -> tuple[Seal, list[HoldoutScore]]:
    """Count an opening and score every champion of a symbol and timeframe on the sealed rows.

    What would make the opening worthless is found before it is counted: no champion, no labelled
    row, or a champion that has seen sealed rows.

    Raises
    ------
    NotFound
        Nothing is sealed.
    NotTrained
        There is no champion.
    LeakError
        A champion was trained on rows of the holdout.
    InsufficientHistory
        No sealed row has its outcome yet.
    """
    store, dataset = workspace.store, dataset_of(symbol, str(timeframe))
    guard = guard_of(store, symbol, timeframe)
    if guard.sealed_from is None:
        raise NotFound(f"nothing of {dataset} is sealed", fix=f"augury holdout seal {dataset} --from YYYY-MM-DD")
    bars = bars_of(workspace.lake, symbol, timeframe)
    loaded = [
        EnsembleLoader(store).load(symbol, str(timeframe), horizon, version=version)
        for horizon, version in sorted(_champions(store, symbol, timeframe).items())
    ]
    if not loaded:
        raise not_trained(symbol, str(timeframe))
    tables = [_table(bars, one, guard) for one in loaded]
    opened, seal = store.holdout.open(dataset, reason, by=by)
    view = replace(guard, opened=opened.opened)
    return seal, [_score(store, one, table, view) for one, table in zip(loaded, tables, strict=True)]


def _champions(store: Store, symbol: str, timeframe: Timeframe) -> dict[str, str]:
    rows = store.versions.list(symbol, str(timeframe))
    return {row.horizon: row.version for row in rows if row.champion}


def _table(bars: Bars, loaded: LoadedEnsemble, guard: Guard) -> LabelledTable:
    manifest = loaded.manifest
    table = label_cell(bars, Cell(manifest.symbol, manifest.timeframe, manifest.horizon), manifest.recipe).known()
    # Only the moments are looked at: nothing is opened before the opening is counted.
    moments = replace(guard, opened=True).inside(table.frame.select("ts"))
    if moments.is_empty():
        raise InsufficientHistory(f"no sealed row of {manifest.cell} has its outcome yet", fix="augury holdout status")
    unseen(f"{manifest.cell} {manifest.version}", datetime.fromisoformat(manifest.data_last), moments)
    return table


def _score(store: Store, loaded: LoadedEnsemble, table: LabelledTable, guard: Guard) -> HoldoutScore:
    manifest = loaded.manifest
    split = Split(table.with_frame(guard.before(table.frame)), table.with_frame(guard.inside(table.frame)))
    scores, _ = judge_split(loaded.ensemble, split, ())
    judged = replace(manifest, scores=scores)
    deflated = deflated_of(store.trials, judged)
    return HoldoutScore(manifest, scores, None if deflated is None else deflated.text())
