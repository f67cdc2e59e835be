"""The store: database and artifacts of one data folder behind one door."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from sqlalchemy import Engine

from augury.core.atomic import make_folder, storage_errors
from augury.core.clock import Clock, SystemClock
from augury.core.errors import UsageError
from augury.records import migrate
from augury.records.accounts.api_keys import ApiKeys
from augury.records.accounts.audit_trail import AuditTrail
from augury.records.accounts.erasure import Erasure
from augury.records.accounts.idempotency import Idempotency
from augury.records.accounts.people import People
from augury.records.accounts.positions import Positions
from augury.records.accounts.sessions import Sessions
from augury.records.accounts.usage import Usage
from augury.records.accounts.watchlist import Watchlist
from augury.records.accounts.webhooks import Webhooks
from augury.records.database import open_engine
from augury.records.ledger.consensus import ConsensusLedger
from augury.records.ledger.evaluations import Evaluations
from augury.records.ledger.ledger import Ledger
from augury.records.ledger.matured_bands import MaturedBands
from augury.records.lineage import Lineage
from augury.records.loop.alerts import Alerts
from augury.records.loop.controls import Controls
from augury.records.loop.drift import Drift
from augury.records.loop.firings import Firings
from augury.records.loop.heartbeats import Heartbeats
from augury.records.loop.jobs import Jobs
from augury.records.loop.journal import Journal
from augury.records.registry.ab import AbTests
from augury.records.registry.artifacts import ArtifactStore
from augury.records.registry.retention import Retention
from augury.records.registry.training_runs import TrainingRuns
from augury.records.registry.versions import Versions
from augury.records.registry.weights_log import WeightsLog
from augury.records.trials.backtests import Backtests
from augury.records.trials.holdout import Holdout
from augury.records.trials.trials import Trials

DATABASE_NAME = "augury.sqlite"


@dataclass(frozen=True)
class Store:
    """What is remembered.

    Parameters
    ----------
    engine : Engine
        SQLite inside the data folder, or the PostgreSQL that was asked for.
    artifacts : ArtifactStore
    clock : Clock

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder)) as store:
    ...     store.versions.champions("^GSPC", "d1"), store.ledger.verify().rows
    ({}, 0)
    """

    engine: Engine
    artifacts: ArtifactStore
    clock: Clock

    @classmethod
    def open(cls, data_dir: Path, database_url: str = "", *, clock: Clock | None = None) -> Store:
        """Open the store of a data folder; what is missing is made, an older schema is upgraded.

        Parameters
        ----------
        data_dir : Path
            Holds ``augury.sqlite`` and ``artifacts/``.
        database_url : str
            Empty means SQLite inside ``data_dir``; else ``postgresql+psycopg://…``.
        clock : Clock, optional
            Defaults to the machine's.

        Raises
        ------
        StorageFull
            No space, or the folder may not be written.
        CorruptStore
            The database is damaged or is no database.
        StoreBusy, TemporaryError
            Another process holds it; the server cannot be reached.
        UsageError
            The place is no folder, a newer Augury wrote it, or the URL is not understood.
        """
        root = data_dir / "artifacts"
        try:
            with storage_errors(data_dir):
                make_folder(root)
        except (NotADirectoryError, FileExistsError) as error:
            raise UsageError(f"the data folder {data_dir} is not a folder", fix="augury show-config") from error
        engine = open_engine(database_url or f"sqlite:///{(data_dir / DATABASE_NAME).resolve()}")
        with ExitStack() as unless_opened:
            unless_opened.callback(engine.dispose)
            migrate.upgrade(engine)
            unless_opened.pop_all()
        return cls(engine, ArtifactStore(root), clock or SystemClock())

    @property
    def versions(self) -> Versions:
        """Registered versions and the alias ``@champion``."""
        return Versions(self.engine, self.clock)

    @property
    def retention(self) -> Retention:
        """Files of versions that never served, and their removal."""
        return Retention(self.engine, self.clock, self.artifacts)

    @property
    def ledger(self) -> Ledger:
        """Every forecast ever made."""
        return Ledger(self.engine)

    @property
    def evaluations(self) -> Evaluations:
        """What became of the forecasts."""
        return Evaluations(self.engine)

    @property
    def matured_bands(self) -> MaturedBands:
        """Bands that were said, beside what came."""
        return MaturedBands(self.engine)

    @property
    def drift(self) -> Drift:
        """What the daily checks found."""
        return Drift(self.engine)

    @property
    def jobs(self) -> Jobs:
        """What was asked to be done, and how far it is."""
        return Jobs(self.engine, self.clock)

    @property
    def alerts(self) -> Alerts:
        """Rules, what state each is in, and who was told."""
        return Alerts(self.engine, self.clock)

    @property
    def ab(self) -> AbTests:
        """Tests between versions, and who was drawn for which."""
        return AbTests(self.engine, self.clock)

    @property
    def controls(self) -> Controls:
        """Switches that people set: pauses and pins."""
        return Controls(self.engine, self.clock)

    @property
    def firings(self) -> Firings:
        """Due times of the schedule that were acted on."""
        return Firings(self.engine, self.clock)

    @property
    def journal(self) -> Journal:
        """What the loop did and why."""
        return Journal(self.engine, self.clock)

    @property
    def consensus(self) -> ConsensusLedger:
        """What the timeframes said together."""
        return ConsensusLedger(self.engine)

    @property
    def people(self) -> People:
        """Tenants and the users in them."""
        return People(self.engine, self.clock)

    @property
    def erasure(self) -> Erasure:
        """Takes people out who leave."""
        return Erasure(self.engine, self.clock)

    @property
    def sessions(self) -> Sessions:
        """Who is signed in on a screen."""
        return Sessions(self.engine, self.clock)

    @property
    def api_keys(self) -> ApiKeys:
        """The keys of programs."""
        return ApiKeys(self.engine, self.clock)

    @property
    def usage(self) -> Usage:
        """Every call of somebody known."""
        return Usage(self.engine, self.clock)

    @property
    def audit_trail(self) -> AuditTrail:
        """Who did what."""
        return AuditTrail(self.engine, self.clock)

    @property
    def idempotency(self) -> Idempotency:
        """Answers to requests that may be sent twice."""
        return Idempotency(self.engine, self.clock)

    @property
    def webhooks(self) -> Webhooks:
        """Who is told of news, and what was told."""
        return Webhooks(self.engine, self.clock)

    @property
    def backtests(self) -> Backtests:
        """Backtests that were kept."""
        return Backtests(self.engine, self.clock)

    @property
    def watchlist(self) -> Watchlist:
        """What people watch."""
        return Watchlist(self.engine, self.clock)

    @property
    def positions(self) -> Positions:
        """What people hold on paper."""
        return Positions(self.engine, self.clock)

    @property
    def heartbeats(self) -> Heartbeats:
        """Which workers are alive."""
        return Heartbeats(self.engine, self.clock)

    @property
    def lineage(self) -> Lineage:
        """Where data came from."""
        return Lineage(self.engine, self.clock)

    @property
    def trials(self) -> Trials:
        """Every configuration ever scored on a dataset."""
        return Trials(self.engine, self.clock)

    @property
    def holdout(self) -> Holdout:
        """What is sealed, and every opening."""
        return Holdout(self.engine, self.clock)

    @property
    def weights_log(self) -> WeightsLog:
        """Every refit of weights."""
        return WeightsLog(self.engine)

    @property
    def training_runs(self) -> TrainingRuns:
        """Every attempt to train."""
        return TrainingRuns(self.engine)

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
