"""The weekly refresh: champions get new weights from forecasts that have matured, and keep their members."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from augury.core.errors import AuguryError
from augury.core.timeframe import Timeframe
from augury.core.typing import Json
from augury.core.version import VersionManifest
from augury.records.registry.aliases import CHAMPION
from augury.records.registry.version_rows import VersionRow
from augury.records.registry.weights_log import WeightsRow
from augury.runs.cells import Cell
from augury.runs.executors._protocol import error_of
from augury.runs.proving.sealed import guard_of
from augury.runs.training import default_executor
from augury.runs.workspace import Workspace, lake_folder

DAYS: Final = 90
"""How far back forecasts are used."""


@dataclass(frozen=True)
class Refreshed:
    """What became of one cell's weights.

    Parameters
    ----------
    cell : Cell
    of : str
        The champion whose weights were refitted.
    told : dict
        Of the job ``weights``; empty when it could not be asked.
    version : str
        The new version; empty when the old one goes on answering.
    error : AuguryError, optional
        Why nothing could be refitted.
    """

    cell: Cell
    of: str
    told: Json
    version: str = ""
    error: AuguryError | None = None

    @property
    def reason(self) -> str:
        """Why the weights stay as they are; empty when they do not."""
        return self.error.message if self.error is not None else str(self.told["reason"])


def champions(
    workspace: Workspace, symbol: str | None = None, timeframe: str | None = None, horizon: str | None = None
) -> list[VersionRow]:
    """List the versions that answer and have weights: band-only ones have none."""
    rows = [row for row in workspace.store.versions.list(symbol, timeframe, alias=CHAMPION) if row.manifest.weights]
    return [row for row in rows if horizon in (None, row.horizon)]


def refresh(workspace: Workspace, rows: Sequence[VersionRow], *, dry_run: bool = False) -> Iterator[Refreshed]:
    """Refit the weights of champions and register what is better as new versions.

    Parameters
    ----------
    workspace : Workspace
    rows : sequence of VersionRow
        Of :func:`champions`.
    dry_run : bool
        Refit and compare, register and log nothing.

    Yields
    ------
    Refreshed
        One a row, in order; a cell that cannot be refitted carries its reason.
    """
    executor, artifacts = default_executor(workspace, len(rows)), workspace.store.artifacts
    artifacts.sweep()
    staged = [artifacts.stage() for _ in rows]
    now = workspace.clock.now()
    tasks = [("weights", arguments_of(workspace, row, staged[at], now)) for at, row in enumerate(rows)]
    try:
        for at, told in executor.run(tasks):
            yield outcome_of(workspace, rows[at], told, dry_run=dry_run)
    finally:
        for folder in staged:
            artifacts.staging.discard(folder)


def arguments_of(workspace: Workspace, row: VersionRow, staged: Path, moment: datetime) -> Json:
    """Write what the job ``weights`` needs to know; forecasts that were replayed are left out.

    Parameters
    ----------
    workspace : Workspace
    row : VersionRow
    staged : Path
        Folder it may fill.
    moment : datetime
        Of the refresh: forecasts that matured in the 90 days before it are used, and it names the version.
    """
    folder, manifest = workspace.store.artifacts.open(row.symbol, row.timeframe, row.horizon, row.version)
    matured = workspace.store.evaluations.list(
        row.symbol, row.timeframe, row.horizon, since=moment - timedelta(days=DAYS), until=moment, replay=False
    )
    return {
        "lake": str(lake_folder(workspace.settings)),
        "symbol": row.symbol,
        "timeframe": row.timeframe,
        "folder": str(folder),
        "manifest": manifest.to_json(),
        "trained_at": row.trained_at.isoformat(),
        "forecasts": [
            {
                "data_until": one.data_until.isoformat(),
                "version": one.version,
                "confidence": one.confidence,
                "expected_return": one.expected_return,
            }
            for one in matured
        ],
        "staged": str(staged),
        "moment": moment.isoformat(),
        "holdout": guard_of(workspace.store, row.symbol, Timeframe.parse(row.timeframe)).to_json(),
    }


def outcome_of(
    workspace: Workspace, row: VersionRow, told: Json, *, by: str = "weights refresh", dry_run: bool = False
) -> Refreshed:
    """Publish and register what the job ``weights`` kept, and log every refit; done again it changes nothing.

    Parameters
    ----------
    workspace : Workspace
    row : VersionRow
        The champion that was refitted.
    told : dict
        What the job answered.
    by : str
        Who asked, for the alias log.
    dry_run : bool
        Register and log nothing.
    """
    cell = Cell(row.symbol, row.timeframe, row.horizon)
    if (error := error_of(told)) is not None:
        return Refreshed(cell, row.version, {}, error=error)
    version = ""
    if told["kept"] and not dry_run:
        manifest = VersionManifest.from_json(told["manifest"])
        if Path(told["staged"]).is_dir():
            workspace.store.artifacts.publish(Path(told["staged"]), manifest)
        workspace.store.artifacts.open(cell.symbol, cell.timeframe, cell.horizon, manifest.version)
        workspace.store.versions.register(manifest, promote=True, by=by)
        version = manifest.version
    if not dry_run:
        workspace.store.weights_log.record(_logged(cell, row.version, version, told))
    return Refreshed(cell, row.version, {key: value for key, value in told.items() if key != "manifest"}, version)


def _logged(cell: Cell, of: str, version: str, told: Json) -> WeightsRow:
    facts = {name: told[name] for name in ("kept", "reason", "before", "brier", "brier_before", "n_judged", "left_out")}
    return WeightsRow(
        cell.symbol,
        cell.timeframe,
        cell.horizon,
        version or of,
        told["method"],
        told["weights"],
        datetime.fromisoformat(told["first"]),
        datetime.fromisoformat(told["last"]),
        told["n"],
        facts | {"of": of},
        told["guard"],
        told["alpha"],
    )
