"""The ledger: every forecast ever made, in the order it was made, never rewritten."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

from sqlalchemy import (
    Connection,
    Engine,
    Select,
    and_,
    func,
    insert,
    not_,
    select,
    update,
)  # fmt: skip

from augury.core.errors import CorruptArtifact, NotFound
from augury.core.forecast import QUANTILES, Forecast
from augury.core.typing import Json
from augury.records.database import reading, transaction
from augury.records.ledger.chain import GENESIS, LedgerRow, hash_row, plain, read_row
from augury.records.ledger.flags import has_flag, is_shadow, was_served
from augury.records.ledger.verification import LedgerCheck, verify_ledger
from augury.records.tables import forecast_heads, forecasts, label_specs, model_versions, symbols

_DIRECT: Final = (
    *("timeframe", "horizon", "made_at", "data_until", "matures_at", "artifact_hash", "data_hash", "feature_hash"),
    *("label", "p_bearish", "p_neutral", "p_bullish", "confidence", "agreement", "current_price"),
    *("expected_return", "verdict"),
)
_CHUNK: Final = 5000


_T = TypeVar("_T")
_Cell: TypeAlias = tuple[int, str, str]
_Identity: TypeAlias = tuple[str, str, str, datetime, str, str]


class _Keys(NamedTuple):
    symbol_id: int
    version_id: int
    label_spec_id: int


@dataclass(frozen=True)
class Ledger:
    """The append-only, hash-chained forecasts of a store.

    Parameters
    ----------
    engine : Engine
    """

    engine: Engine

    def append(self, forecasts: Sequence[Forecast], recorded_at: datetime) -> Sequence[LedgerRow]:
        """Write forecasts in one transaction and return their rows, one each, in the given order.

        A forecast that is already there word for word (cell, ``made_at``, version, content) is not
        written twice: its row is returned with ``new=False``. A recomputation that differs in
        anything is a new row; nothing is ever replaced.

        Parameters
        ----------
        forecasts : sequence of Forecast
            Of registered versions.
        recorded_at : datetime
            Wall clock.

        Raises
        ------
        NotFound
            A version that is not registered.
        CorruptArtifact
            A version whose registered content is not the one the forecast names.
        StoreBusy, StorageFull
            Nothing was written.
        """
        return _append(self.engine, [plain(forecast) for forecast in forecasts], recorded_at)

    def list(
        self,
        symbol: str | None = None,
        timeframe: str | None = None,
        horizon: str | None = None,
        limit: int = 100,
        *,
        shadow: bool = False,
    ) -> Sequence[LedgerRow]:
        """Return at most ``limit`` rows, the last written first.

        Parameters
        ----------
        symbol, timeframe, horizon : str, optional
            Only these.
        limit : int
        shadow : bool
            What challengers said beside the champions instead of what was served.
        """
        wanted = ledger_rows(symbol, timeframe, horizon).where(is_shadow() if shadow else not_(is_shadow()))
        return self._read(wanted.order_by(forecasts.c.id.desc()).limit(limit))

    def get(self, forecast_id: int) -> LedgerRow:
        """Return one row that was served.

        Raises
        ------
        NotFound
            There is none of that id, or a challenger said it in the shadow and to nobody.
        """
        found = self._read(ledger_rows().where(forecasts.c.id == forecast_id, was_served()))
        if not found:
            raise NotFound(f"no forecast {forecast_id} in the ledger", fix="augury forecasts list")
        return found[0]

    def first_live(self, symbol: str, timeframe: str) -> datetime | None:
        """Return when a symbol and timeframe were first forecast before the outcome was known; None before."""
        replay = has_flag("replay")
        wanted = select(func.min(forecasts.c.made_at)).join(symbols, symbols.c.id == forecasts.c.symbol_id)
        with reading(self.engine) as connection:
            here = (symbols.c.ticker == symbol, forecasts.c.timeframe == timeframe)
            return connection.execute(wanted.where(*here, not_(replay), not_(is_shadow()))).scalar_one_or_none()

    def per_day(self) -> dict[date, int]:
        """Count the rows written on each UTC day, newest day first; replays count on the day they were written."""
        with reading(self.engine) as connection:
            days = Counter(moment.date() for moment in connection.execute(select(forecasts.c.recorded_at)).scalars())
        return dict(sorted(days.items(), reverse=True))

    def cells_on(self, day: date) -> dict[tuple[str, str, str], int]:
        """Count what was said on a UTC day by (symbol, timeframe, horizon); replays and challengers left out."""
        first = datetime.combine(day, time(), UTC)
        replay = has_flag("replay")
        here = (forecasts.c.recorded_at >= first, forecasts.c.recorded_at < first + timedelta(days=1))
        cell = (symbols.c.ticker, forecasts.c.timeframe, forecasts.c.horizon)
        wanted = (
            select(*cell, func.count()).join(symbols, symbols.c.id == forecasts.c.symbol_id)
            .where(*here, not_(replay), not_(is_shadow())).group_by(*cell)
        )  # fmt: skip
        with reading(self.engine) as connection:
            rows = connection.execute(wanted).all()
        return {(ticker, timeframe, horizon): int(count) for ticker, timeframe, horizon, count in rows}

    def verify(self) -> LedgerCheck:
        """Recompute every hash, look for gaps, and hold each chain against its recorded end.

        An edited row, a removed row and a removed tail are found; the first one is named.
        """
        with reading(self.engine) as connection:
            return verify_ledger(connection, ledger_rows())

    def _read(self, wanted: Select[Any]) -> Sequence[LedgerRow]:
        with reading(self.engine) as connection:
            return [read_row(row) for row in connection.execute(wanted)]


def ledger_rows(symbol: str | None = None, timeframe: str | None = None, horizon: str | None = None) -> Select[Any]:
    """Select forecasts with the names behind their keys; a name that is gone is null."""
    wanted = (
        select(
            forecasts,
            symbols.c.ticker.label("symbol"),
            model_versions.c.version.label("version"),
            label_specs.c.hash.label("label_spec_hash"),
            forecasts.c.weights_json.label("weights"),
            forecasts.c.flags_json.label("flags"),
        )
        .outerjoin(symbols, symbols.c.id == forecasts.c.symbol_id)
        .outerjoin(model_versions, model_versions.c.id == forecasts.c.version_id)
        .outerjoin(label_specs, label_specs.c.id == forecasts.c.label_spec_id)
    )
    given = ((symbols.c.ticker, symbol), (forecasts.c.timeframe, timeframe), (forecasts.c.horizon, horizon))
    return wanted.where(*(column == str(value) for column, value in given if value is not None))


def _append(engine: Engine, said: Sequence[Forecast], recorded_at: datetime) -> Sequence[LedgerRow]:
    if not said:
        return []
    hashes = [forecast.content_hash for forecast in said]
    identities = [_identity(forecast, content) for forecast, content in zip(said, hashes, strict=True)]
    with transaction(engine) as connection:
        keys = _keys(connection, said)
        heads = _heads(connection, {key.symbol_id for key in keys})
        known = set(_written(connection, hashes))
        fresh, is_new = [], []
        ends: dict[_Cell, tuple[int, str]] = {}
        for forecast, key, content, identity in zip(said, keys, hashes, identities, strict=True):
            is_new.append(identity not in known)
            if identity not in known:
                known.add(identity)
                cell = (key.symbol_id, forecast.timeframe, forecast.horizon)
                seq, prev_hash = ends.get(cell, heads.get(cell, (0, GENESIS)))
                row_hash = hash_row(prev_hash, forecast.to_json(), seq + 1, recorded_at, content)
                ends[cell] = (seq + 1, row_hash)
                chained = {"seq": seq + 1, "prev_hash": prev_hash, "row_hash": row_hash, "content_hash": content}
                fresh.append(_columns(forecast) | key._asdict() | chained | {"recorded_at": recorded_at})
        if fresh:
            connection.execute(insert(forecasts), fresh)
        _move_heads(connection, heads, ends)
        rows = _written(connection, hashes)
    return [replace(rows[identity], new=new) for identity, new in zip(identities, is_new, strict=True)]


def _identity(forecast: Forecast, content_hash: str) -> _Identity:
    return (
        *(forecast.symbol, forecast.timeframe, forecast.horizon),
        *(forecast.made_at, forecast.version, content_hash),
    )


def _keys(connection: Connection, said: Sequence[Forecast]) -> list[_Keys]:
    """Find the keys of what the forecasts name, and refuse what is not registered."""
    table = model_versions.c
    names = sorted({forecast.version for forecast in said})
    found = {
        (row.ticker, row.timeframe, row.horizon, row.version): row
        for part in _parts(names)
        for row in connection.execute(
            select(table.id, table.symbol_id, table.timeframe, table.horizon, table.version, table.sha256)
            .add_columns(symbols.c.ticker)
            .join(symbols, symbols.c.id == table.symbol_id)
            .where(table.version.in_(part))
        )
    }
    specs = {row.hash: row.id for row in connection.execute(select(label_specs.c.hash, label_specs.c.id))}
    keys = []
    for forecast in said:
        where = f"{forecast.symbol} {forecast.timeframe} {forecast.horizon} {forecast.version}"
        version = found.get((forecast.symbol, forecast.timeframe, forecast.horizon, forecast.version))
        if version is None or forecast.label_spec_hash not in specs:
            raise NotFound(f"version {where} or its label spec is not registered", fix="augury models list")
        if version.sha256 != forecast.artifact_hash:
            raise CorruptArtifact(
                f"version {where} is registered with content {version.sha256[:12]},"
                f" the forecast was made with {forecast.artifact_hash[:12]}",
                fix=f"augury train --symbol {forecast.symbol} --timeframe {forecast.timeframe}",
            )
        keys.append(_Keys(version.symbol_id, version.id, specs[forecast.label_spec_hash]))
    return keys


def _written(connection: Connection, hashes: Sequence[str]) -> dict[_Identity, LedgerRow]:
    return {
        _identity(row.forecast, content): row
        for part in _parts(sorted(set(hashes)))
        for found in connection.execute(ledger_rows().where(forecasts.c.content_hash.in_(part)))
        for row, content in [(read_row(found), found.content_hash)]
    }


def _heads(connection: Connection, symbol_ids: set[int]) -> dict[_Cell, tuple[int, str]]:
    table = forecast_heads.c
    return {
        (row.symbol_id, row.timeframe, row.horizon): (row.seq, row.row_hash)
        for part in _parts(sorted(symbol_ids))
        for row in connection.execute(select(forecast_heads).where(table.symbol_id.in_(part)))
    }


def _move_heads(
    connection: Connection, heads: dict[_Cell, tuple[int, str]], ends: dict[_Cell, tuple[int, str]]
) -> None:
    table = forecast_heads.c
    for cell, (seq, row_hash) in ends.items():
        here = dict(zip(("symbol_id", "timeframe", "horizon"), cell, strict=True))
        if cell in heads:
            at = and_(*(table[name] == value for name, value in here.items()))
            connection.execute(update(forecast_heads).where(at).values(seq=seq, row_hash=row_hash))
        else:
            connection.execute(insert(forecast_heads).values(**here, seq=seq, row_hash=row_hash))


def _columns(forecast: Forecast) -> Json:
    row = forecast.to_json()
    columns = {name: row[name] for name in (*_DIRECT, *QUANTILES)}
    return columns | {"weights_json": forecast.weights, "flags_json": list(forecast.flags)}


def _parts(values: Sequence[_T]) -> Iterator[Sequence[_T]]:
    """Cut a list so that each part fits the bound parameters of one statement."""
    for start in range(0, len(values), _CHUNK):
        yield values[start : start + _CHUNK]
