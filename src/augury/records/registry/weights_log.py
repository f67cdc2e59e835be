"""The log of weights: every refit, what it was fitted on, and whether it was kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Engine, insert, select

from augury.core.errors import NotFound
from augury.core.typing import Json
from augury.records.database import reading, transaction
from augury.records.tables import model_versions, symbols
from augury.records.tables import weights_log as table

_WEIGHTS: Final = "weights"


@dataclass(frozen=True, slots=True)
class WeightsRow:
    """One refit of a version's weights.

    Parameters
    ----------
    symbol, timeframe, horizon : str
    version : str
        The version that holds the weights; of a refit that was not kept, the one that goes on answering.
    method : str
        The rule, e.g. ``ridge``.
    weights : dict
        Member to weight, as they were found.
    fitted_on_from, fitted_on_to : datetime
        ``ts`` of the first and last bar they were fitted on.
    n : int
        Rows they were fitted on.
    facts : dict
        ``kept``, ``reason``, the weights before, the losses they were compared by.
    guard : str, optional
        ``dominance`` when the guard acted.
    alpha : float, optional
        Penalty of a ridge.
    """

    symbol: str
    timeframe: str
    horizon: str
    version: str
    method: str
    weights: dict[str, float]
    fitted_on_from: datetime
    fitted_on_to: datetime
    n: int
    facts: Json
    guard: str | None = None
    alpha: float | None = None

    @property
    def kept(self) -> bool:
        """True when the weights answer since then."""
        return bool(self.facts.get("kept"))


@dataclass(frozen=True)
class WeightsLog:
    """The refits of a store.

    Parameters
    ----------
    engine : Engine

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from augury.records.store import Store
    >>> with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder)) as store:
    ...     store.weights_log.list("SPY")
    []
    """

    engine: Engine

    def record(self, row: WeightsRow) -> bool:
        """Write a row; False when the very same one is there already.

        Raises
        ------
        NotFound
            No such version.
        """
        with transaction(self.engine) as connection:
            version_id = connection.execute(
                select(model_versions.c.id)
                .join(symbols, symbols.c.id == model_versions.c.symbol_id)
                .where(symbols.c.ticker == row.symbol, model_versions.c.timeframe == row.timeframe)
                .where(model_versions.c.horizon == row.horizon, model_versions.c.version == row.version)
            ).scalar_one_or_none()
            if version_id is None:
                raise NotFound(
                    f"no version {row.version} of {row.symbol} {row.timeframe} {row.horizon}", fix="augury models list"
                )
            values = {
                "version_id": version_id,
                "method": row.method,
                "alpha": row.alpha,
                "weights_json": {_WEIGHTS: row.weights, **row.facts},
                "guard": row.guard,
                "fitted_on_from": row.fitted_on_from,
                "fitted_on_to": row.fitted_on_to,
                "n": row.n,
            }
            same = select(table).where(*(table.c[name] == values[name] for name in ("version_id", "fitted_on_to", "n")))
            for found in connection.execute(same).mappings():
                if all(found[name] == value for name, value in values.items()):
                    return False
            connection.execute(insert(table).values(**values))
        return True

    def list(
        self, symbol: str | None = None, timeframe: str | None = None, horizon: str | None = None, limit: int = 100
    ) -> Sequence[WeightsRow]:
        """Return at most ``limit`` refits, the last written first."""
        wanted = (
            select(
                table, symbols.c.ticker, model_versions.c.timeframe, model_versions.c.horizon, model_versions.c.version
            )
            .join(model_versions, model_versions.c.id == table.c.version_id)
            .join(symbols, symbols.c.id == model_versions.c.symbol_id)
            .order_by(table.c.id.desc())
            .limit(limit)
        )
        given = (
            (symbols.c.ticker, symbol),
            (model_versions.c.timeframe, timeframe),
            (model_versions.c.horizon, horizon),
        )
        wanted = wanted.where(*(column == value for column, value in given if value is not None))
        with reading(self.engine) as connection:
            found = connection.execute(wanted).all()
        return [_read(row._mapping) for row in found]


def _read(row: Mapping[Any, Any]) -> WeightsRow:
    facts = dict(row["weights_json"])
    weights = facts.pop(_WEIGHTS)
    return WeightsRow(
        symbol=row["ticker"],
        **{name: row[name] for name in ("timeframe", "horizon", "version", "method", "alpha", "guard", "n")},
        weights=weights,
        fitted_on_from=row["fitted_on_from"],
        fitted_on_to=row["fitted_on_to"],
        facts=facts,
    )
