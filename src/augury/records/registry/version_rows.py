"""One registered version as it stands in the store, and how it is read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, Select, and_, select

from augury.core.errors import NotFound
from augury.core.version import VersionManifest
from augury.records.registry.aliases import CHALLENGER, CHAMPION
from augury.records.tables import aliases, model_versions, symbols

REFRESHED: Final = "weights_refreshed"
"""Event of a version whose weights were refitted and whose members are those of its parent."""


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One registered version.

    Parameters
    ----------
    symbol, timeframe, horizon, version : str
    status : str
        ``candidate`` (registered, not serving), ``shadow``, ``promoted`` (serving), ``retired``
        (served once) or ``rejected`` (refused by the gates).
    verdict : str
        The gates' word.
    sha256 : str
        Content hash of the manifest (64 hex).
    created_at : datetime
    champion : bool
        True for the one that answers now.
    manifest : VersionManifest
    removed_at : datetime or None
        When its files were removed, because it never served; None while they are there.
    key : int
        Of the registry.
    """

    symbol: str
    timeframe: str
    horizon: str
    version: str
    status: str
    verdict: str
    sha256: str
    created_at: datetime
    champion: bool
    challenger: bool
    manifest: VersionManifest
    removed_at: datetime | None = None
    key: int = 0

    @property
    def trained_at(self) -> datetime:
        """When its members were fitted: refreshed weights make them no younger."""
        refreshed = [event for event in self.manifest.events if event.get("event") == REFRESHED]
        return datetime.fromisoformat(refreshed[-1]["trained_at"]) if refreshed else self.created_at


def refuse_removed(symbol: str, timeframe: str, version: str, removed_at: datetime | None) -> None:
    """Refuse a version whose files are gone.

    Raises
    ------
    NotFound
        They were removed by :class:`augury.records.registry.retention.Retention`.
    """
    if removed_at is not None:
        raise NotFound(
            f"the files of {symbol} {timeframe} {version} were removed on {removed_at:%Y-%m-%d}: it never served",
            fix=f"augury train --symbol {symbol} --timeframe {timeframe}",
        )


def version_rows(symbol: str | None = None, timeframe: str | None = None) -> Select[Any]:
    """Versions with their symbol; ``champion_id`` and ``challenger_id`` are null for all but these."""
    champion, challenger = aliases.alias("at_champion"), aliases.alias("at_challenger")
    wanted = (
        select(
            model_versions,
            symbols.c.ticker,
            champion.c.version_id.label("champion_id"),
            challenger.c.version_id.label("challenger_id"),
        )
        .join(symbols, symbols.c.id == model_versions.c.symbol_id)
        .outerjoin(champion, and_(champion.c.version_id == model_versions.c.id, champion.c.alias == CHAMPION))
        .outerjoin(challenger, and_(challenger.c.version_id == model_versions.c.id, challenger.c.alias == CHALLENGER))
    )
    if symbol is not None:
        wanted = wanted.where(symbols.c.ticker == str(symbol))
    return wanted if timeframe is None else wanted.where(model_versions.c.timeframe == str(timeframe))


def read_version(row: Row[Any]) -> VersionRow:
    """Read a row of :func:`version_rows`."""
    return VersionRow(
        symbol=row.ticker,
        timeframe=row.timeframe,
        horizon=row.horizon,
        version=row.version,
        status=row.status,
        verdict=row.verdict,
        sha256=row.sha256,
        created_at=row.created_at,
        champion=row.champion_id is not None,
        challenger=row.challenger_id is not None,
        manifest=VersionManifest.from_json(row.manifest_json),
        removed_at=row.files_removed_at,
        key=row.id,
    )
