"""News: what has been written since the last look, kind by kind, each with a place to go on from.

A place is a key that only grows (rows are added by one writer at a time), kept in ``webhook_cursors``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Engine, Table, func, select
from sqlalchemy.dialects import postgresql, sqlite

from augury.core.clock import Clock, iso
from augury.core.typing import Json
from augury.records.accounts.tables import usage, webhook_cursors
from augury.records.accounts.webhooks import Webhook, tell
from augury.records.database import reading, transaction
from augury.records.ledger.flags import is_shadow
from augury.records.loop.jobs import ENDED
from augury.records.loop.tables import alerts, job_events, jobs
from augury.records.registry.aliases import CHAMPION
from augury.records.tables import alias_log, forecast_evaluations, forecasts, model_versions, symbols

CHUNK: Final = 500
OPERATIONAL: Final = frozenset({"latency_high", "errors_frequent", "forecast_stale", "worker_dead", "storage_low"})
"""Alerts on the installation, which are no news of a forecast's skill."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class News:
    """One piece of news.

    Parameters
    ----------
    subject : str
        What it is about; the same news has the same subject.
    at : datetime
        When it happened.
    data : dict
    tenant_id : str or None
        Whose it is; None when it belongs to the installation and everybody may know it.
    installation : bool
        True when only those who run the installation may know it.
    """

    subject: str
    at: datetime
    data: Json
    tenant_id: str | None = None
    installation: bool = False


Reader = Callable[[Connection, int], tuple[int, Sequence[News]]]
"""From the place of the last look to the place of this one and what lies between."""


def _rows(connection: Connection, wanted: Any, key: Any, after: int) -> Sequence[Any]:
    return connection.execute(wanted.where(key > after).order_by(key).limit(CHUNK)).all()


def _cell(columns: Any) -> Any:
    return symbols.c.ticker.label("symbol"), columns.timeframe, columns.horizon


def _created(connection: Connection, after: int) -> tuple[int, Sequence[News]]:
    said = forecasts.c
    wanted = (
        select(said.id, *_cell(said), said.made_at, said.matures_at, said.recorded_at, said.label, said.confidence,
               said.expected_return, said.verdict, model_versions.c.version, is_shadow().label("shadow"))
        .join(symbols, symbols.c.id == said.symbol_id)
        .join(model_versions, model_versions.c.id == said.version_id)
    )  # fmt: skip
    rows = _rows(connection, wanted, said.id, after)
    names = ("id", "symbol", "timeframe", "horizon", "made_at", "matures_at", "label", "confidence",
             "expected_return", "verdict", "version")  # fmt: skip
    news = [News(str(row.id), row.recorded_at, _data(row, names)) for row in rows if not row.shadow]
    return (rows[-1].id if rows else after), news


def _evaluated(connection: Connection, after: int) -> tuple[int, Sequence[News]]:
    # Rows have no growing key of their own: the place is the moment they were written, in microseconds. Rows of
    # that very moment are read again, and told once since their subject is known.
    done = forecast_evaluations.c
    since = _EPOCH + timedelta(microseconds=after)
    wanted = (
        select(done.forecast_id, done.evaluated_at, done.realised_return, done.realised_price, *_cell(forecasts.c),
               forecasts.c.label, is_shadow().label("shadow"))
        .join(forecasts, forecasts.c.id == done.forecast_id)
        .join(symbols, symbols.c.id == forecasts.c.symbol_id)
        .where(done.evaluated_at >= since).order_by(done.evaluated_at, done.forecast_id)
    )  # fmt: skip
    rows = connection.execute(wanted).all()
    names = ("forecast_id", "symbol", "timeframe", "horizon", "label", "realised_return", "realised_price")
    news = [News(str(row.forecast_id), row.evaluated_at, _data(row, names)) for row in rows if not row.shadow]
    return (_since_1970(rows[-1].evaluated_at) if rows else after), news


def _promoted(connection: Connection, after: int) -> tuple[int, Sequence[News]]:
    log = alias_log.c
    wanted = (
        select(log.id, *_cell(log), log.updated_at, log.updated_by, log.alias, model_versions.c.version)
        .join(symbols, symbols.c.id == log.symbol_id)
        .join(model_versions, model_versions.c.id == log.version_id)
    )
    rows = _rows(connection, wanted, log.id, after)
    names = ("symbol", "timeframe", "horizon", "version")
    news = [News(str(row.id), row.updated_at, _data(row, names)) for row in rows if row.alias == CHAMPION]
    return (rows[-1].id if rows else after), news


def _drifted(connection: Connection, after: int) -> tuple[int, Sequence[News]]:
    rows = _rows(connection, select(alerts), alerts.c.id, after)
    names = ("id", "rule", "subject", "severity", "state", "since", "value", "text")
    told = [row for row in rows if row.state == "alerting" and row.rule not in OPERATIONAL]
    return (rows[-1].id if rows else after), [News(str(row.id), row.updated_at, _data(row, names)) for row in told]


def _finished(connection: Connection, after: int) -> tuple[int, Sequence[News]]:
    rows = _rows(connection, select(job_events.c.id, job_events.c.job_id), job_events.c.id, after)
    if not rows:
        return after, ()
    named = {row.job_id for row in rows}
    ended = select(jobs).where(jobs.c.id.in_(named), jobs.c.state.in_(ENDED)).order_by(jobs.c.ended_at, jobs.c.id)
    names = ("id", "kind", "state", "submitted_by", "submitted_at", "started_at", "ended_at")
    news = [
        News(f"{row.id} {iso(row.ended_at)}", row.ended_at, _data(row, names), row.tenant_id, row.tenant_id is None)
        for row in connection.execute(ended)
    ]
    return rows[-1].id, news


READERS: Final[dict[str, tuple[Reader, Table]]] = {
    "forecast.created": (_created, forecasts),
    "forecast.evaluated": (_evaluated, forecast_evaluations),
    "drift.alert": (_drifted, alerts),
    "model.promoted": (_promoted, alias_log),
    "job.finished": (_finished, job_events),
}
"""Kind of news to how it is read and the table it is read from."""


@dataclass(frozen=True)
class NewsDesk:
    """Reads news and writes it down for the webhooks that want it.

    Parameters
    ----------
    engine : Engine
    clock : Clock
    home : str
        The tenant that may know what belongs to the installation.
    """

    engine: Engine
    clock: Clock
    home: str

    def begin(self) -> None:
        """Stand at the end of everything: an address that asks today is not told of last year."""
        with transaction(self.engine) as connection:
            for event in READERS:
                _stand(connection, event, _end(connection, event))

    def gather(self, webhooks: Sequence[Webhook]) -> int:
        """Write down what is new for each webhook and go on; returns how many messages that made.

        Reading and going on are one transaction, so that two who gather at once tell nothing twice.
        """
        if not webhooks or not self._anything():
            return 0
        now, told = self.clock.now(), 0
        with transaction(self.engine) as connection:
            for event, (read, _) in READERS.items():
                place = _place(connection, event)
                if place is None:
                    _stand(connection, event, _end(connection, event))
                    continue
                reached, found = read(connection, place)
                for one in found:
                    told += tell(connection, self._for(webhooks, event, one), event, one.subject,
                                 envelope(event, one.at, one.data), now)  # fmt: skip
                if reached != place:
                    _stand(connection, event, reached)
        return told

    def tell(self, webhooks: Sequence[Webhook], event: str, news: News) -> int:
        """Write down one piece of news that no table holds."""
        with transaction(self.engine) as connection:
            return tell(connection, self._for(webhooks, event, news), event, news.subject,
                        envelope(event, news.at, news.data), self.clock.now())  # fmt: skip

    def units_since(self, tenant_ids: Sequence[str], since: datetime) -> Mapping[str, int]:
        """Count the calls of some tenants since a moment."""
        wanted = (
            select(usage.c.tenant_id, func.count()).where(usage.c.tenant_id.in_(tenant_ids), usage.c.at >= since)
            .group_by(usage.c.tenant_id)
        )  # fmt: skip
        with reading(self.engine) as connection:
            return {row[0]: int(row[1]) for row in connection.execute(wanted)}

    def _anything(self) -> bool:
        with reading(self.engine) as connection:
            return any(_place(connection, event) != _end(connection, event) for event in READERS)

    def _for(self, webhooks: Sequence[Webhook], event: str, news: News) -> list[Webhook]:
        return [
            one for one in webhooks
            if event in one.events and (news.tenant_id is None or one.tenant_id == news.tenant_id)
            and (not news.installation or one.tenant_id == self.home)
        ]  # fmt: skip


def envelope(event: str, at: datetime, data: Json) -> Json:
    """Write the body of a message."""
    return {"type": event, "timestamp": iso(at), "data": data}


def _place(connection: Connection, event: str) -> int | None:
    wanted = select(webhook_cursors.c.position).where(webhook_cursors.c.event == event)
    found = connection.execute(wanted).scalar_one_or_none()
    return None if found is None else int(found)


def _stand(connection: Connection, event: str, place: int) -> None:
    dialect = sqlite if connection.dialect.name == "sqlite" else postgresql
    adding = dialect.insert(webhook_cursors).values(event=event, position=str(place))
    connection.execute(adding.on_conflict_do_update(index_elements=["event"], set_={"position": str(place)}))


def _end(connection: Connection, event: str) -> int:
    table = READERS[event][1]
    if table is forecast_evaluations:
        newest = connection.execute(select(func.max(table.c.evaluated_at))).scalar_one()
        return 0 if newest is None else _since_1970(newest)
    return int(connection.execute(select(func.max(table.c.id))).scalar_one() or 0)


def _since_1970(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _data(row: Any, names: Sequence[str]) -> Json:
    return {name: iso(value) if isinstance(value := getattr(row, name), datetime) else value for name in names}
