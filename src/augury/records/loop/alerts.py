"""Alerts: the rules, what state each is in, and who was told; read, decided and written in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, delete, func, insert, or_, select, update

from augury.core.clock import Clock
from augury.core.errors import NotFound, UsageError
from augury.core.typing import Json
from augury.records.database import reading, transaction
from augury.records.loop.journal import add_entry
from augury.records.loop.tables import alert_rules, alerts, deliveries

STATES: Final = ("normal", "pending", "alerting", "no_data", "error")
FIRE: Final = "fire"
RESOLVE: Final = "resolve"
CLAIM_ENDS: Final = timedelta(minutes=10)
"""A sender that took a delivery and said nothing for so long is dead."""


@dataclass(frozen=True, slots=True)
class RuleRow:
    """One rule as it is kept; ``settings`` holds ``channels`` and ``hold_checks``."""

    name: str
    condition: str
    severity: str
    settings: Json
    enabled: bool
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AlertRow:
    """One stretch of time in which a rule had one state for one subject.

    Parameters
    ----------
    id : int
    rule, subject, severity : str
    state : str
        One of ``STATES``.
    since, updated_at : datetime
        When the state began; when it was last found to be so.
    acknowledged_by : str or None
    value : float or None
        Of the first metric of the condition, when it was last measured.
    text : str
        What people are told.
    data : dict
        ``rows`` the text was computed from, and what the state needs to remember.
    """

    id: int
    rule: str
    subject: str
    severity: str
    state: str
    since: datetime
    updated_at: datetime
    acknowledged_by: str | None
    value: float | None
    text: str
    data: Json

    def to_json(self) -> Json:
        """Write as a JSON object; moments stay datetimes."""
        return {name: getattr(self, name) for name in AlertRow.__dataclass_fields__}


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a rule and a subject before it is decided again.

    Parameters
    ----------
    row : AlertRow or None
        The present state; None before anything happened.
    open : AlertRow or None
        The alert that has begun and was not resolved.
    told : bool
        People were told of the open one.
    told_at : datetime or None
        When they were last told of any.
    resolved_at : tuple of datetime
        The latest resolutions, newest first.
    """

    row: AlertRow | None = None
    open: AlertRow | None = None
    told: bool = False
    told_at: datetime | None = None
    resolved_at: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True)
class Move:
    """What was decided: the state from now on and what people are told.

    Parameters
    ----------
    state : str
    severity : str
    value : float or None
    text : str
    data : dict
    message : str
        ``fire``, ``resolve`` or empty.
    channels : tuple of str
        Who is told; a message goes to one at least, or nobody would know it was sent.
    """

    state: str
    severity: str
    value: float | None
    text: str
    data: Json = field(default_factory=dict)
    message: str = ""
    channels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.state not in STATES or (self.message and not self.channels):
            raise UsageError(f"an alert cannot be '{self.state}' with '{self.message}' to {self.channels or 'nobody'}")


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to one channel: ``due``, ``sending``, ``sent`` or ``failed``."""

    id: int
    alert: AlertRow
    channel: str
    kind: str
    state: str
    attempts: int
    at: datetime
    error: str | None


Decide = Callable[[Standing], Move | None]


@dataclass(frozen=True)
class Alerts:
    """The alerts of a store.

    Parameters
    ----------
    engine : Engine
    clock : Clock
        Says when something changed.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from augury.records.store import Store
    >>> with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder)) as store:
    ...     fired = Move("alerting", "warning", 0.3, "drift score 0.3", message="fire", channels=("file",))
    ...     _ = store.alerts.move([("drift", "SPY d1", lambda standing: fired)])
    ...     [(row.state, row.value) for row in store.alerts.list()], len(store.alerts.due())
    ([('alerting', 0.3)], 1)
    """

    engine: Engine
    clock: Clock

    def put_rule(self, rule: RuleRow) -> bool:
        """Write a rule in place of the one of its name; True when there was none."""
        row = {
            "condition": rule.condition, "severity": rule.severity, "channels_json": rule.settings,
            "enabled": rule.enabled, "updated_at": self.clock.now(),
        }  # fmt: skip
        with transaction(self.engine) as connection:
            known = connection.execute(select(alert_rules.c.id).where(alert_rules.c.name == rule.name)).first()
            if known is None:
                connection.execute(insert(alert_rules).values(name=rule.name, **row))
            else:
                connection.execute(update(alert_rules).where(alert_rules.c.name == rule.name).values(**row))
        return known is None

    def remove_rule(self, name: str) -> bool:
        """Forget a rule; what it raised stays. False when there was none."""
        with transaction(self.engine) as connection:
            return bool(connection.execute(delete(alert_rules).where(alert_rules.c.name == name)).rowcount)

    def rules(self) -> Sequence[RuleRow]:
        """Return the rules by name."""
        with reading(self.engine) as connection:
            found = connection.execute(select(alert_rules).order_by(alert_rules.c.name)).all()
        return [
            RuleRow(row.name, row.condition, row.severity, row.channels_json, row.enabled, row.updated_at)
            for row in found
        ]

    def standing(self, rule: str, subject: str) -> Standing:
        """Return what is known of a rule and a subject."""
        with reading(self.engine) as connection:
            return _standing(connection, rule, subject)

    def move(self, steps: Sequence[tuple[str, str, Decide]]) -> Sequence[tuple[AlertRow, str]]:
        """Decide rules and subjects anew, as the only writer, and return (row, message) of what people are told.

        Two processes that check at the same moment tell people once: the second one decides on
        what the first one wrote.

        Parameters
        ----------
        steps : sequence of (rule, subject, callable)
            The callable is given the standing and returns the move; None leaves all as it is.
        """
        told = []
        with transaction(self.engine) as connection:
            for rule, subject, decide in steps:
                standing = _standing(connection, rule, subject)
                if (made := decide(standing)) is not None:
                    row = self._write(connection, rule, subject, standing, made)
                    if made.message:
                        told.append((row, made.message))
        return told

    def list(
        self, *, open_only: bool = False, rule: str | None = None, history: bool = False, before: int | None = None,
        limit: int = 100,
    ) -> Sequence[AlertRow]:  # fmt: skip
        """Return the present states, the last changed first; with ``history`` the past ones too.

        ``before`` keeps those whose number is smaller: where a page that follows begins.
        """
        newest = select(func.max(alerts.c.id)).group_by(alerts.c.rule, alerts.c.subject)
        wanted = select(alerts) if history else select(alerts).where(alerts.c.id.in_(newest))
        if rule is not None:
            wanted = wanted.where(alerts.c.rule == rule)
        if before is not None:
            wanted = wanted.where(alerts.c.id < before)
        if open_only:
            wanted = wanted.where(alerts.c.state.in_(("alerting", "pending", "error")))
        with reading(self.engine) as connection:
            return [_alert(row) for row in connection.execute(wanted.order_by(alerts.c.id.desc()).limit(limit))]

    def acknowledge(self, alert_id: int, *, by: str) -> AlertRow:
        """Note who looks after an alert; it stays as it is until it resolves.

        Raises
        ------
        NotFound
            No alert has that number.
        UsageError
            It is not alerting.
        """
        with transaction(self.engine) as connection:
            found = connection.execute(select(alerts).where(alerts.c.id == alert_id)).one_or_none()
            if found is None:
                raise NotFound(f"no alert {alert_id}", fix="augury alerts list --all")
            if found.state != "alerting":
                raise UsageError(f"alert {alert_id} is {found.state}: only one that is alerting is acknowledged")
            connection.execute(update(alerts).where(alerts.c.id == alert_id).values(acknowledged_by=by))
            add_entry(connection, self.clock.now(), "alert", _subject(found), "info", f"acknowledged by {by}")
            return _alert(connection.execute(select(alerts).where(alerts.c.id == alert_id)).one())

    def due(self) -> Sequence[Delivery]:
        """Return the messages that are to be sent, the oldest first; those of dead senders among them."""
        wanted = _deliveries().where(_claimable(self.clock.now())).order_by(deliveries.c.id)
        return self._delivered(wanted)

    def deliveries(self, alert_id: int | None = None, limit: int = 100) -> Sequence[Delivery]:
        """Return at most ``limit`` messages, the newest first."""
        wanted = _deliveries().order_by(deliveries.c.id.desc()).limit(limit)
        return self._delivered(wanted if alert_id is None else wanted.where(deliveries.c.alert_id == alert_id))

    def claim(self, delivery_id: int) -> bool:
        """Take a message to send it; False when another process has taken it."""
        now = self.clock.now()
        taken = update(deliveries).where(deliveries.c.id == delivery_id, _claimable(now))
        with transaction(self.engine) as connection:
            return bool(connection.execute(taken.values(state="sending", at=now)).rowcount)

    def tried(self, delivery_id: int, state: str, attempts: int, error: str | None = None) -> None:
        """Note how sending went: ``sent``, ``failed``, or ``due`` for another try later."""
        row = {"state": state, "attempts": attempts, "error": error, "at": self.clock.now()}
        with transaction(self.engine) as connection:
            connection.execute(update(deliveries).where(deliveries.c.id == delivery_id).values(**row))

    def _delivered(self, wanted: Any) -> Sequence[Delivery]:
        with reading(self.engine) as connection:
            return [_delivery(row) for row in connection.execute(wanted)]

    def _write(self, connection: Connection, rule: str, subject: str, standing: Standing, made: Move) -> AlertRow:
        now, before = self.clock.now(), standing.row
        said = {"severity": made.severity, "value": made.value, "text": made.text, "rows_json": made.data}
        if before is not None and before.state == made.state:
            row_id = before.id
            connection.execute(update(alerts).where(alerts.c.id == row_id).values(updated_at=now, **said))
        else:
            known = standing.open.acknowledged_by if standing.open and made.state != "normal" else None
            added = insert(alerts).values(
                rule=rule, subject=subject, state=made.state, since=now, updated_at=now, acknowledged_by=known, **said
            )
            row_id = int(connection.execute(added.returning(alerts.c.id)).scalar_one())
        if made.message:
            self._tell(connection, row_id, rule, subject, standing, made)
        return _alert(connection.execute(select(alerts).where(alerts.c.id == row_id)).one())

    def _tell(
        self, connection: Connection, row_id: int, rule: str, subject: str, standing: Standing, made: Move
    ) -> None:
        now = self.clock.now()
        # Both kinds hang on the row that began the alert or ended it; the state says which is open.
        target = standing.open.id if made.message == FIRE and standing.open else row_id
        for channel in made.channels:
            row = {"alert_id": target, "channel": channel, "kind": made.message, "state": "due", "attempts": 0}
            connection.execute(insert(deliveries).values(at=now, **row))
        level = made.severity if made.message == FIRE else "info"
        add_entry(connection, now, "alert", f"{rule} {subject}".strip(), level, made.text, {"alert": target})


def _standing(connection: Connection, rule: str, subject: str) -> Standing:
    here = (alerts.c.rule == rule, alerts.c.subject == subject)
    newest = select(alerts).where(*here).order_by(alerts.c.id.desc()).limit(20)
    rows = [_alert(row) for row in connection.execute(newest)]
    if not rows:
        return Standing()
    ended = next((row.id for row in rows if row.state == "normal"), 0)
    began = select(alerts).where(*here, alerts.c.id > ended, alerts.c.state == "alerting").order_by(alerts.c.id)
    first = connection.execute(began.limit(1)).one_or_none()
    told = select(func.max(deliveries.c.at), func.max(deliveries.c.alert_id)).join(alerts).where(
        *here, deliveries.c.kind == FIRE
    )  # fmt: skip
    told_at, told_of = connection.execute(told).one()
    opened = None if first is None else _alert(first)
    return Standing(
        rows[0],
        opened,
        opened is not None and told_of is not None and told_of >= opened.id,
        told_at,
        tuple(row.since for row in rows if row.state == "normal"),
    )


def _claimable(now: datetime) -> Any:
    stuck = (deliveries.c.state == "sending") & (deliveries.c.at < now - CLAIM_ENDS)
    return or_(deliveries.c.state == "due", stuck)


def _deliveries() -> Any:
    own = [column.label(f"delivery_{column.name}") for column in deliveries.columns]
    return select(alerts, *own).join(deliveries, deliveries.c.alert_id == alerts.c.id)


def _delivery(row: Row[Any]) -> Delivery:
    names = ("channel", "kind", "state", "attempts", "at", "error")
    found = {name: row._mapping[f"delivery_{name}"] for name in names}
    return Delivery(id=row._mapping["delivery_id"], alert=_alert(row), **found)


def _subject(row: Row[Any]) -> str:
    return f"{row.rule} {row.subject}".strip()


def _alert(row: Row[Any]) -> AlertRow:
    found = row._mapping
    plain = {name: found[name] for name in AlertRow.__dataclass_fields__ if name != "data"}
    return AlertRow(**plain, data=found["rows_json"] or {})
