"""The sealed holdout: which rows of a dataset nobody may look at, and how often somebody did."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Engine, func, insert, select

from augury.core.clock import Clock
from augury.core.errors import NotFound, UsageError
from augury.proof.holdout import Guard
from augury.records.database import reading, transaction
from augury.records.trials.tables import holdout_opens, holdout_seals

FRESH: Final = "never opened"


@dataclass(frozen=True, slots=True)
class Seal:
    """What is sealed of a dataset.

    Parameters
    ----------
    dataset : str
    sealed_from : datetime
        First sealed moment in UTC.
    sealed_at : datetime
        When it was sealed first.
    openings : int
        Times somebody looked.
    last_opened_at, last_reason : datetime or None, str or None
        Of the newest opening.
    """

    dataset: str
    sealed_from: datetime
    sealed_at: datetime
    openings: int
    last_opened_at: datetime | None = None
    last_reason: str | None = None

    @property
    def text(self) -> str:
        """How much of it is used up.

        Examples
        --------
        >>> from datetime import UTC
        >>> moment = datetime(2018, 1, 1, tzinfo=UTC)
        >>> [Seal("d1/SPY", moment, moment, n).text for n in (0, 1, 2)]
        ['never opened', 'opened 1x', 'burned 2x']
        """
        if not self.openings:
            return FRESH
        return f"{'opened' if self.openings == 1 else 'burned'} {self.openings}x"


@dataclass(frozen=True)
class Holdout:
    """The seals of a store.

    Parameters
    ----------
    engine : Engine
    clock : Clock
        Says when something is sealed or opened.
    """

    engine: Engine
    clock: Clock

    def seal(self, dataset: str, sealed_from: datetime, *, by: str) -> Seal:
        """Seal a dataset's rows from a moment on; sealing more is allowed, less never.

        Parameters
        ----------
        dataset : str
            Name that stays when bars are added, e.g. ``d1/SPY``.
        sealed_from : datetime
            UTC.
        by : str
            Who.

        Raises
        ------
        UsageError
            It is sealed from an earlier moment: moving it would let rows out.
        """
        if not dataset:
            raise UsageError("name the dataset to seal, e.g. d1/SPY", fix="augury data list")
        with transaction(self.engine) as connection:
            before = _sealed_from(connection, dataset)
            if before is not None and sealed_from > before:
                raise UsageError(
                    f"{dataset} is sealed from {before:%Y-%m-%d}; from {sealed_from:%Y-%m-%d} on would let rows out"
                    " (rule: a seal only grows)",
                    fix="augury holdout status",
                )
            if before != sealed_from:
                connection.execute(
                    insert(holdout_seals).values(
                        dataset=dataset, sealed_from=sealed_from, sealed_by=by, sealed_at=self.clock.now()
                    )
                )
            return _seal(connection, dataset)

    def guard(self, *datasets: str) -> Guard:
        """Return the guard of a dataset; of several names for the same rows the earliest seal holds."""
        with reading(self.engine) as connection:
            found = [moment for name in datasets if (moment := _sealed_from(connection, name)) is not None]
        return Guard(datasets[0], min(found, default=None))

    def open(self, dataset: str, reason: str, *, by: str) -> tuple[Guard, Seal]:
        """Count an opening, then return a guard that lets a report read the sealed rows, this once.

        Raises
        ------
        NotFound
            Nothing of the dataset is sealed.
        UsageError
            No reason.
        """
        if not reason.strip():
            raise UsageError("an opening needs a reason", fix=f"augury holdout open {dataset} --reason '...'")
        with transaction(self.engine) as connection:
            sealed_from = _sealed_from(connection, dataset)
            if sealed_from is None:
                raise NotFound(
                    f"nothing of {dataset} is sealed", fix=f"augury holdout seal {dataset} --from YYYY-MM-DD"
                )
            connection.execute(
                insert(holdout_opens).values(
                    dataset=dataset,
                    sealed_from=sealed_from,
                    opened_by=by,
                    opened_at=self.clock.now(),
                    reason=reason.strip(),
                )
            )
            return Guard(dataset, sealed_from, opened=True), _seal(connection, dataset)

    def status(self) -> list[Seal]:
        """Return every sealed dataset, by name."""
        with reading(self.engine) as connection:
            names = connection.execute(select(holdout_seals.c.dataset).distinct().order_by(holdout_seals.c.dataset))
            return [_seal(connection, name) for name in names.scalars().all()]


def _sealed_from(connection: Connection, dataset: str) -> datetime | None:
    rows = connection.execute(select(holdout_seals.c.sealed_from).where(holdout_seals.c.dataset == dataset))
    return min(rows.scalars().all(), default=None)


def _seal(connection: Connection, dataset: str) -> Seal:
    first = connection.execute(
        select(holdout_seals.c.sealed_at).where(holdout_seals.c.dataset == dataset).order_by(holdout_seals.c.id)
    ).scalars()
    of = holdout_opens.c.dataset == dataset
    openings = connection.execute(select(func.count()).select_from(holdout_opens).where(of)).scalar_one()
    newest = connection.execute(select(holdout_opens).where(of).order_by(holdout_opens.c.id.desc()).limit(1)).first()
    sealed_from, sealed_at = _sealed_from(connection, dataset), first.first()
    assert sealed_from is not None
    assert sealed_at is not None
    return Seal(
        dataset,
        sealed_from,
        sealed_at,
        int(openings),
        None if newest is None else newest.opened_at,
        None if newest is None else newest.reason,
    )
