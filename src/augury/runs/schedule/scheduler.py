"""The scheduler: looks what is due and submits it, once however many schedulers look.

A due time is written down as a firing in one transaction; then the job is submitted under the key
``entry@time``, which the store knows once. A scheduler that is killed between the two leaves a firing
without a job, and the next one submits it under the same key. What was missed while none ran is made
up for by one job.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from augury.core.clock import iso
from augury.core.errors import TemporaryError, UnknownName
from augury.core.suggestion import did_you_mean
from augury.core.typing import Json
from augury.records.loop.firings import Firing
from augury.runs.schedule import ENTRIES
from augury.runs.schedule.entry import Cron, Entry, due
from augury.runs.workspace import Workspace

BEGAN: Final = "schedule:began"
"""The switch that holds when the first scheduler of a store looked: nothing earlier is made up for."""
SINCE: Final = "schedule:since "
"""Prefix of the switches that hold when an entry was resumed: nothing earlier is made up for."""
PAUSED: Final = "schedule:paused "
AHEAD: Final = (timedelta(days=2), timedelta(days=100))
"""How far ahead the next due time is looked for: first near, then a quarter and a bit."""
TICK_S: Final = 15.0

Submit = Callable[[str, Mapping[str, object], str], str]
"""Kind of job, settings and key to the id of the job; asked again with the same key, the same job."""


@dataclass(frozen=True, slots=True)
class Line:
    """One entry as it stands.

    Parameters
    ----------
    name : str
        Of the entry; an entry of a market has its calendar behind a colon, ``forecast:XNYS``.
    entry : Entry
    settings : dict
        Of the job.
    paused : bool
    next_at : datetime or None
        None: not within 100 days.
    last : Firing or None
    """

    name: str
    entry: Entry
    settings: Json
    paused: bool = False
    next_at: datetime | None = None
    last: Firing | None = None


@dataclass(frozen=True)
class Scheduler:
    """Submits what is due.

    Parameters
    ----------
    workspace : Workspace
    submit : callable
        See ``Submit``.
    entries : mapping, optional
        Name to entry; default the catalogue.
    """

    workspace: Workspace
    submit: Submit
    entries: Mapping[str, Entry] | None = None

    def lines(self) -> list[Line]:
        """Return the schedule: every entry, one of a market once for each market something is served of."""
        now = self.workspace.clock.now()
        return [self._standing(line, now) for line in self._lines()]

    def tick(self) -> list[Firing]:
        """Submit what is due now, and what an interrupted scheduler left; return the firings.

        Raises
        ------
        TemporaryError
            The store cannot be reached.
        """
        store, now = self.workspace.store, self.workspace.clock.now()
        began = self._began(now)
        fired = []
        for line in self._lines():
            if store.controls.get(PAUSED + line.name) is None:
                since = self._since(line.name, began)
                firing = store.firings.fire(line.name, partial(_owed, line, since, now), line.settings)
                fired += [] if firing is None else [firing]
        kinds = {line.name: line.entry.kind for line in self._lines()}
        for firing in store.firings.unsubmitted():
            if (kind := kinds.get(firing.entry)) is not None:
                self._submitted(firing, kind)
        return fired

    def run_now(self, name: str) -> str:
        """Submit an entry's job at once, whatever the schedule says; return the job's id."""
        line = self._line(name)
        return self.submit(line.entry.kind, line.settings, f"{name}@{iso(self.workspace.clock.now())} by hand")

    def pause(self, name: str, *, by: str, reason: str = "") -> None:
        """Let an entry rest until :meth:`resume`."""
        self.workspace.store.controls.set(PAUSED + self._line(name).name, {"reason": reason}, by=by)

    def resume(self, name: str, *, by: str) -> bool:
        """Go on with an entry; what was due while it rested is not made up for. False when it was not paused."""
        controls = self.workspace.store.controls
        if controls.get(PAUSED + self._line(name).name) is None:
            return False
        controls.set(SINCE + name, {"at": iso(self.workspace.clock.now())}, by=by)
        return controls.clear(PAUSED + name)

    def run(self, stop: threading.Event, say: Callable[[str], None], tick_s: float = TICK_S) -> None:
        """Look again and again until ``stop`` is set; a store that is away for a moment is waited for."""
        while not stop.is_set():
            try:
                for firing in self.tick():
                    missed = f", making up for {len(firing.missed)} missed" if firing.missed else ""
                    say(f"{iso(firing.due_at)} {firing.entry}{missed}")
            except TemporaryError as error:
                say(f"waiting: {error.message}")
            stop.wait(tick_s)

    def _submitted(self, firing: Firing, kind: str) -> None:
        job_id = self.submit(kind, firing.settings, f"{firing.entry}@{iso(firing.due_at)}")
        self.workspace.store.firings.submitted(firing.id, job_id)

    def _lines(self) -> list[Line]:
        found = dict(ENTRIES) if self.entries is None else self.entries
        markets = self.workspace.store.versions.markets()
        lines = []
        for name, entry in sorted(found.items()):
            if isinstance(entry.when, Cron) or entry.when.calendar:
                lines.append(Line(name, entry, dict(entry.settings)))
                continue
            for calendar, served in sorted(markets.items()):
                if symbols := _asked(entry, served):
                    own = replace(entry, when=replace(entry.when, calendar=calendar))
                    lines.append(Line(f"{name}:{calendar}", own, {**entry.settings, "symbols": symbols}))
        return lines

    def _line(self, name: str) -> Line:
        known = {line.name: line for line in self._lines()}
        if name not in known:
            hint = did_you_mean(name, known) or f" (known: {', '.join(known)})"
            raise UnknownName(f"unknown entry '{name}'{hint}", fix="augury schedule show", name=name)
        return known[name]

    def _standing(self, line: Line, now: datetime) -> Line:
        store = self.workspace.store
        ahead = next((found for span in AHEAD if (found := due(line.entry, now, now + span))), [])
        return Line(
            line.name,
            line.entry,
            line.settings,
            store.controls.get(PAUSED + line.name) is not None,
            ahead[0] if ahead else None,
            next(iter(store.firings.list(line.name, limit=1)), None),
        )

    def _began(self, now: datetime) -> datetime:
        controls = self.workspace.store.controls
        if (found := controls.get(BEGAN)) is None:
            found = controls.set(BEGAN, {"at": iso(now)}, by="scheduler")
        return datetime.fromisoformat(found.value["at"])

    def _since(self, name: str, began: datetime) -> datetime:
        resumed = self.workspace.store.controls.get(SINCE + name)
        return began if resumed is None else max(began, datetime.fromisoformat(resumed.value["at"]))


def _asked(entry: Entry, served: Mapping[str, Collection[str]]) -> list[str]:
    """The symbols of a market that serve what an entry asks for."""
    frames = entry.settings.get("timeframes")
    wanted = set(frames) if isinstance(frames, Collection) else set()
    return sorted(symbol for symbol, own in served.items() if not wanted or wanted & set(own))


def _owed(line: Line, since: datetime, now: datetime, last: datetime | None) -> list[datetime]:
    """What is due and was not acted on."""
    return due(line.entry, since if last is None else max(last, since), now)
