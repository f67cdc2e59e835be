"""The consensus ledger: what the timeframes said together, chained and never rewritten, like the ledger itself."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, Select, and_, func, insert, not_, select, update

from augury.core.errors import AuguryError, NotFound
from augury.core.hashing import canonical_json, sha256_bytes
from augury.core.typing import Json
from augury.models.consensus.voices import Consensus, Source
from augury.records.database import reading, transaction
from augury.records.ledger.chain import GENESIS, read_row
from augury.records.ledger.flags import is_shadow
from augury.records.ledger.ledger import ledger_rows
from augury.records.ledger.verification import Break, LedgerCheck
from augury.records.loop.tables import consensus as _table
from augury.records.loop.tables import consensus_heads
from augury.records.tables import forecast_heads, forecasts, symbols

_MOMENTS: Final = ("made_at", "data_until", "matures_at")
_COLUMNS: Final = (*_MOMENTS, "label", "confidence", "agreement", "n_eff", "expected_return")
_CHAINED: Final = "consensus"
"""What stands for the timeframe in the name of a chain."""


@dataclass(frozen=True, slots=True)
class ConsensusRow:
    """One consensus as it stands in the store.

    Parameters
    ----------
    consensus : Consensus
    id, seq : int
        Key in this database; place in the chain of its symbol and horizon, from 1 without gaps.
    recorded_at : datetime
    prev_hash, row_hash : str
        64 hex.
    new : bool
        False when ``append`` found the very same consensus at the end of its chain.
    """

    consensus: Consensus
    id: int
    seq: int
    recorded_at: datetime
    prev_hash: str
    row_hash: str
    new: bool = True


@dataclass(frozen=True)
class ConsensusLedger:
    """The consensus rows of a store.

    Parameters
    ----------
    engine : Engine
    """

    engine: Engine

    def append(self, said: Sequence[Consensus], recorded_at: datetime) -> Sequence[ConsensusRow]:
        """Write consensus rows in one transaction and return them, one each, in the given order.

        One that is word for word the newest of its chain is not written twice.

        Raises
        ------
        NotFound
            A symbol the store does not know.
        """
        if not said:
            return []
        with transaction(self.engine) as connection:
            keys = {row.ticker: row.id for row in connection.execute(select(symbols.c.ticker, symbols.c.id))}
            ends = {(row.symbol_id, row.horizon): row for row in connection.execute(_newest())}
            rows: list[Json] = []
            written: list[tuple[Consensus, str, bool]] = []
            last = {key: (row.seq, row.row_hash, row.content_json) for key, row in ends.items()}
            for one in said:
                if one.symbol not in keys:
                    raise NotFound(f"no symbol {one.symbol} in the store", fix="augury models list")
                key, content = (keys[one.symbol], one.horizon), _plain(one)
                seq, prev_hash, before = last.get(key, (0, GENESIS, None))
                if before == content:
                    written.append((one, prev_hash, False))
                    continue
                row_hash = _hash(prev_hash, content, seq + 1, recorded_at)
                last[key] = (seq + 1, row_hash, content)
                rows.append(_columns(one) | _chained(key, seq + 1, recorded_at, content, prev_hash, row_hash))
                written.append((one, row_hash, True))
            if rows:
                connection.execute(insert(_table), rows)
                _move_heads(connection, {key: end[:2] for key, end in last.items()}, set(ends))
            wanted = _rows().where(_table.c.symbol_id.in_({keys[one.symbol] for one in said}))
            found = {row.row_hash: row for row in connection.execute(wanted)}
        return [_read(found[row_hash], new=new) for _, row_hash, new in written]

    def list(
        self, symbol: str | None = None, horizon: str | None = None, *, until: datetime | None = None, limit: int = 100
    ) -> Sequence[ConsensusRow]:
        """Return at most ``limit`` rows, the last written first; ``until`` keeps those made at or before it."""
        wanted = _rows()
        given = ((symbols.c.ticker, symbol), (_table.c.horizon, horizon))
        wanted = wanted.where(*(column == value for column, value in given if value is not None))
        if until is not None:
            wanted = wanted.where(_table.c.made_at <= until)
        with reading(self.engine) as connection:
            return [_read(row) for row in connection.execute(wanted.order_by(_table.c.id.desc()).limit(limit))]

    def latest(self, symbol: str) -> Sequence[ConsensusRow]:
        """Return the newest row of each horizon of a symbol."""
        with reading(self.engine) as connection:
            return [_read(row) for row in connection.execute(_newest().where(symbols.c.ticker == symbol))]

    def per_day(self) -> dict[date, int]:
        """Count the rows written on each UTC day, newest day first."""
        with reading(self.engine) as connection:
            days = Counter(moment.date() for moment in connection.execute(select(_table.c.recorded_at)).scalars())
        return dict(sorted(days.items(), reverse=True))

    def sources(self, wanted: Sequence[str]) -> dict[str, Sequence[Source]]:
        """Return the newest served forecast of every cell of some symbols, as the sources of a consensus."""
        said = forecasts.alias("said")
        cell = (said.c[name] == forecast_heads.c[name] for name in ("symbol_id", "timeframe", "horizon"))
        served = select(said.c.id).where(*cell, not_(is_shadow(said))).order_by(said.c.seq.desc()).limit(1)
        last = served.correlate(forecast_heads).scalar_subquery()
        newest = ledger_rows().join(forecast_heads, forecasts.c.id == last)
        with reading(self.engine) as connection:
            found = connection.execute(newest.where(symbols.c.ticker.in_(wanted)).order_by(forecasts.c.id)).all()
        rows = [read_row(row) for row in found]
        return {
            symbol: [Source(row.forecast, row.row_hash) for row in rows if row.forecast.symbol == symbol]
            for symbol in wanted
        }

    def scores(self, wanted: Sequence[str], since: datetime) -> dict[str, dict[tuple[str, str], dict[date, float]]]:
        """Return symbol to (timeframe, horizon) to day to signed score: the last one said of each day's data.

        Parameters
        ----------
        wanted : sequence of str
            Symbols.
        since : datetime
            Only of data since then.
        """
        query = (
            select(symbols.c.ticker, *(forecasts.c[name] for name in ("timeframe", "horizon", "data_until")))
            .add_columns(forecasts.c.p_bullish - forecasts.c.p_bearish)
            .join(symbols, symbols.c.id == forecasts.c.symbol_id)
            .where(symbols.c.ticker.in_(wanted), forecasts.c.data_until >= since, not_(is_shadow()))
            .order_by(forecasts.c.data_until, forecasts.c.id)
        )
        found: dict[str, dict[tuple[str, str], dict[date, float]]] = {symbol: {} for symbol in wanted}
        with reading(self.engine) as connection:
            for symbol, timeframe, horizon, moment, score in connection.execute(query):
                found[symbol].setdefault((timeframe, horizon), {})[moment.date()] = float(score)
        return found

    def verify(self) -> LedgerCheck:
        """Recompute every hash, look for gaps and a missing tail, and look up the forecasts named as sources."""
        chains: dict[str, tuple[int, str]] = {}
        broken: dict[str, Break] = {}
        with reading(self.engine) as connection:
            known = set(connection.execute(select(forecasts.c.row_hash)).scalars())
            rows, ends = 0, _recorded_ends(connection)
            for row in connection.execute(_rows().order_by(_table.c.symbol_id, _table.c.horizon, _table.c.seq)):
                cell = f"{row.symbol or f'symbol {row.symbol_id}'} {_CHAINED} {row.horizon}"
                seq, prev_hash = chains.get(cell, (0, GENESIS))
                if cell not in broken and (reason := _broken(row, seq + 1, prev_hash, known)):
                    broken[cell] = Break(cell, seq + 1, reason)
                chains[cell] = (row.seq, row.row_hash)
                rows += 1
        for cell, end in ends.items():
            if cell not in broken and chains.get(cell) != end:
                broken[cell] = Break(cell, chains.get(cell, (0, GENESIS))[0] + 1, "the end of the chain is missing")
        return LedgerCheck(rows, len(chains), tuple(broken[cell] for cell in sorted(broken)))


def _move_heads(
    connection: Connection, ends: dict[tuple[int, str], tuple[int, str]], known: set[tuple[int, str]]
) -> None:
    """Record the ends of the chains that grew."""
    table = consensus_heads.c
    for (symbol, horizon), (seq, row_hash) in ends.items():
        values = {"seq": seq, "row_hash": row_hash}
        if (symbol, horizon) in known:
            here = and_(table.symbol_id == symbol, table.horizon == horizon)
            connection.execute(update(consensus_heads).where(here).values(**values))
        else:
            connection.execute(insert(consensus_heads).values(symbol_id=symbol, horizon=horizon, **values))


def _recorded_ends(connection: Connection) -> dict[str, tuple[int, str]]:
    wanted = select(consensus_heads, symbols.c.ticker).outerjoin(symbols, symbols.c.id == consensus_heads.c.symbol_id)
    return {
        f"{row.ticker or f'symbol {row.symbol_id}'} {_CHAINED} {row.horizon}": (row.seq, row.row_hash)
        for row in connection.execute(wanted)
    }


def _broken(row: Row[Any], seq: int, prev_hash: str, known: set[str]) -> str:
    """Why a row does not follow the one before it; empty when it does."""
    if row.seq != seq:
        return "the row is missing"
    if row.prev_hash != prev_hash:
        return "prev_hash is not the hash of the row before"
    try:
        content: Json = row.content_json
        if row.row_hash != _hash(prev_hash, content, seq, row.recorded_at) or any(
            _moment(content[name]) != row._mapping[name] if name in _MOMENTS else content[name] != row._mapping[name]
            for name in _COLUMNS
        ):
            return "row_hash is not the hash of its content: the row was edited"
        if not {voice["row_hash"] for voice in content["voices"]} <= known:
            return "a forecast that it names as its source is not in the ledger"
    except (ValueError, TypeError, KeyError, AuguryError) as error:
        return f"the row cannot be read ({error})"
    return ""


def _rows() -> Select[Any]:
    return select(_table, symbols.c.ticker.label("symbol")).outerjoin(symbols, symbols.c.id == _table.c.symbol_id)


def _newest() -> Select[Any]:
    ends = select(func.max(_table.c.id)).group_by(_table.c.symbol_id, _table.c.horizon)
    return _rows().where(_table.c.id.in_(ends)).order_by(_table.c.id)


def _hash(prev_hash: str, content: Json, seq: int, recorded_at: datetime) -> str:
    row = content | {"seq": seq, "recorded_at": recorded_at}
    return sha256_bytes((prev_hash + canonical_json(row)).encode())


def _plain(one: Consensus) -> Json:
    """Return the content as the database gives it back: moments as text."""
    found: Json = json.loads(canonical_json(one.to_json()))
    return found


def _columns(one: Consensus) -> Json:
    return {name: getattr(one, name) for name in _COLUMNS}


def _chained(
    key: tuple[int, str], seq: int, recorded_at: datetime, content: Json, prev_hash: str, row_hash: str
) -> Json:
    chain = {"seq": seq, "recorded_at": recorded_at, "prev_hash": prev_hash, "row_hash": row_hash}
    return chain | {"symbol_id": key[0], "horizon": key[1], "content_json": content}


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _read(row: Row[Any], *, new: bool = True) -> ConsensusRow:
    content = row.content_json | {name: row._mapping[name] for name in _MOMENTS}
    return ConsensusRow(
        Consensus.from_json(content), row.id, row.seq, row.recorded_at, row.prev_hash, row.row_hash, new
    )
