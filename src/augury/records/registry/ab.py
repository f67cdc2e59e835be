"""A/B tests: which version answers which key, remembered, and how a test ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Engine, Row, func, insert, select, update

from augury.core.clock import Clock
from augury.core.errors import NotFound, UsageError
from augury.core.hashing import sha256_bytes
from augury.core.typing import Json
from augury.records.database import reading, transaction
from augury.records.loop.tables import ab_assignments, ab_tests

BUCKETS: Final = 10_000
RUNNING: Final = "running"
CONCLUDED: Final = "concluded"


@dataclass(frozen=True, slots=True)
class AbTest:
    """A test between two versions.

    Parameters
    ----------
    id : int
    name : str
    arms : dict
        ``A`` and ``B``, each with its versions and its ``share`` of the keys.
    settings : dict
        Cells, metrics, effect, error, power, required number.
    state : str
        ``running`` or ``concluded``.
    verdict : dict or None
    created_by : str
    created_at, ended_at : datetime
    """

    id: int
    name: str
    arms: Json
    settings: Json
    state: str
    verdict: Json | None
    created_by: str
    created_at: datetime
    ended_at: datetime | None

    def arm(self, key: str) -> str:
        """Return ``A`` or ``B`` for a key, always the same one."""
        return "B" if bucket(self.name, key) < round(self.arms["B"]["share"] * BUCKETS) else "A"


def key_hash(test: str, key: str) -> str:
    """Hash a key for one test (64 hex): the same key falls elsewhere in another test."""
    return sha256_bytes(f"{test}\x00{key}".encode())


def bucket(test: str, key: str) -> int:
    """Return which of 10,000 buckets of a test a key falls into.

    Examples
    --------
    >>> bucket("first", "ann"), bucket("first", "ann"), bucket("second", "ann") == bucket("first", "ann")
    (8424, 8424, False)
    """
    return int(key_hash(test, key), 16) % BUCKETS


@dataclass(frozen=True)
class AbTests:
    """The A/B tests of a store.

    Parameters
    ----------
    engine : Engine
    clock : Clock
    """

    engine: Engine
    clock: Clock

    def start(self, name: str, arms: Json, settings: Json, *, by: str) -> AbTest:
        """Begin a test.

        Raises
        ------
        UsageError
            The name is taken: a test is never begun again with other settings.
        """
        row = {"name": name, "arms_json": arms, "settings_json": settings, "state": RUNNING, "created_by": by}
        with transaction(self.engine) as connection:
            if connection.execute(select(ab_tests.c.id).where(ab_tests.c.name == name)).first() is not None:
                raise UsageError(f"there is a test '{name}' already; choose another name", fix="augury ab status")
            connection.execute(insert(ab_tests).values(**row, created_at=self.clock.now()))
        return self.get(name)

    def get(self, name: str) -> AbTest:
        """Return a test.

        Raises
        ------
        NotFound
            There is none of that name.
        """
        with reading(self.engine) as connection:
            found = connection.execute(select(ab_tests).where(ab_tests.c.name == name)).one_or_none()
        if found is None:
            raise NotFound(f"no test '{name}'", fix="augury ab status")
        return _test(found)

    def list(self, state: str | None = None) -> Sequence[AbTest]:
        """Return every test, or those of one state, the oldest first."""
        wanted = select(ab_tests).order_by(ab_tests.c.id)
        if state is not None:
            wanted = wanted.where(ab_tests.c.state == state)
        with reading(self.engine) as connection:
            return [_test(row) for row in connection.execute(wanted)]

    def assign(self, name: str, key: str) -> str:
        """Return the arm of a key and remember it; the first answer stands for good.

        Raises
        ------
        NotFound, UsageError
            There is no such test, or it has ended.
        """
        test = self.get(name)
        row = {"test_id": test.id, "key_hash": key_hash(name, key)}
        here = (ab_assignments.c.test_id == test.id, ab_assignments.c.key_hash == row["key_hash"])
        with reading(self.engine) as connection:
            known = connection.execute(select(ab_assignments.c.arm).where(*here)).scalar_one_or_none()
        if known is not None:
            return str(known)
        if test.state != RUNNING:
            raise UsageError(f"test '{name}' has ended: no key is assigned any more", fix=f"augury ab status {name}")
        with transaction(self.engine) as connection:
            known = connection.execute(select(ab_assignments.c.arm).where(*here)).scalar_one_or_none()
            if known is None:
                known = test.arm(key)
                connection.execute(insert(ab_assignments).values(**row, arm=known, assigned_at=self.clock.now()))
        return str(known)

    def counts(self, name: str) -> dict[str, int]:
        """Count the keys that were assigned to each arm."""
        wanted = select(ab_assignments.c.arm, func.count()).where(ab_assignments.c.test_id == self.get(name).id)
        with reading(self.engine) as connection:
            found = {row[0]: int(row[1]) for row in connection.execute(wanted.group_by(ab_assignments.c.arm))}
        return {arm: found.get(arm, 0) for arm in ("A", "B")}

    def conclude(self, name: str, verdict: Json) -> AbTest:
        """Write how a test ended.

        Raises
        ------
        UsageError
            It has ended before: a verdict is written once.
        """
        ended = {"state": CONCLUDED, "verdict_json": verdict, "ended_at": self.clock.now()}
        with transaction(self.engine) as connection:
            running = (ab_tests.c.name == name, ab_tests.c.state == RUNNING)
            if not connection.execute(update(ab_tests).where(*running).values(**ended)).rowcount:
                raise UsageError(f"test '{name}' is not running", fix=f"augury ab status {name}")
        return self.get(name)


def _test(row: Row[Any]) -> AbTest:
    return AbTest(
        row.id,
        row.name,
        row.arms_json,
        row.settings_json,
        row.state,
        row.verdict_json,
        row.created_by,
        row.created_at,
        row.ended_at,
    )
