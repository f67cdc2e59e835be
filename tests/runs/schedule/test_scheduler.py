from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from augury.core.errors import TemporaryError, UnknownName
from augury.core.labelspec import LabelSpec
from augury.core.settings import Settings
from augury.core.timeframe import Timeframe
from augury.records.registry.training_runs import TrainingRun
from augury.runs.schedule.entry import AfterClose, Cron, Entry, InSession
from augury.runs.schedule.scheduler import Scheduler
from augury.runs.workspace import Workspace

START = datetime(2026, 11, 20, 12, tzinfo=UTC)
HOURLY = {"hourly": Entry("every hour", "evaluate", Cron("0 * * * *"), {"grace_minutes": 5})}


@dataclass
class MovedClock:
    at: datetime = START

    def now(self) -> datetime:
        return self.at

    def go(self, **by: float) -> None:
        self.at += timedelta(**by)


@dataclass
class Asked:
    """Takes jobs as the real submission does: the same key, the same job."""

    keys: dict[str, tuple[str, dict[str, object]]] = field(default_factory=dict)
    broken: bool = False

    def __call__(self, kind: str, settings: Mapping[str, object], key: str) -> str:
        if self.broken:
            raise TemporaryError("the store is away")
        self.keys.setdefault(key, (kind, dict(settings)))
        return f"job {list(self.keys).index(key)}"


@pytest.fixture
def clock() -> MovedClock:
    return MovedClock()


@pytest.fixture
def stored(tmp_path: Path, clock: MovedClock, database_url: str) -> Iterator[Workspace]:
    settings = Settings.load({"data_dir": tmp_path, "database_url": database_url}, environ={}, start=tmp_path)
    with Workspace.open(settings, clock=clock) as opened:
        yield opened


@pytest.fixture
def empty(tmp_path: Path, clock: MovedClock) -> Iterator[Workspace]:
    with Workspace.open(Settings.load({"data_dir": tmp_path}, environ={}, start=tmp_path), clock=clock) as opened:
        yield opened


def test_nothing_from_before_the_first_look_is_made_up_for(empty: Workspace) -> None:
    asked = Asked()
    assert Scheduler(empty, asked, HOURLY).tick() == []
    assert asked.keys == {}


def test_missed_times_become_one_job_that_lists_them(stored: Workspace, clock: MovedClock) -> None:
    asked = Asked()
    scheduler = Scheduler(stored, asked, HOURLY)
    scheduler.tick()
    clock.go(hours=5, minutes=10)
    (firing,) = scheduler.tick()
    assert (firing.due_at, len(firing.missed), firing.missed[0]) == (
        START + timedelta(hours=5),
        4,
        "2026-11-20T13:00:00Z",
    )
    assert asked.keys == {"hourly@2026-11-20T17:00:00Z": ("evaluate", {"grace_minutes": 5})}
    assert scheduler.tick() == []
    clock.go(minutes=50)
    assert [one.missed for one in scheduler.tick()] == [()]
    assert [one.job_id for one in stored.store.firings.list()] == ["job 1", "job 0"]


def test_a_second_scheduler_finds_nothing_left_to_do(stored: Workspace, clock: MovedClock) -> None:
    asked = Asked()
    first, second = Scheduler(stored, asked, HOURLY), Scheduler(stored, asked, HOURLY)
    first.tick()
    clock.go(hours=1)
    assert [len(first.tick()), len(second.tick())] == [1, 0]
    assert len(asked.keys) == 1


def test_a_scheduler_killed_before_it_submitted_leaves_the_job_to_the_next(empty: Workspace, clock: MovedClock) -> None:
    asked = Asked()
    scheduler = Scheduler(empty, asked, HOURLY)
    scheduler.tick()
    clock.go(hours=1)
    asked.broken = True
    with pytest.raises(TemporaryError):
        scheduler.tick()
    assert [one.job_id for one in empty.store.firings.list()] == [None]
    asked.broken = False
    changed = {"hourly": Entry("", "evaluate", Cron("0 * * * *"), {"grace_minutes": 99})}
    assert Scheduler(empty, asked, changed).tick() == []
    assert asked.keys == {"hourly@2026-11-20T13:00:00Z": ("evaluate", {"grace_minutes": 5})}
    assert [one.job_id for one in empty.store.firings.list()] == ["job 0"]


def test_a_paused_entry_rests_and_what_it_missed_meanwhile_is_not_made_up_for(
    empty: Workspace, clock: MovedClock
) -> None:
    scheduler = Scheduler(empty, Asked(), HOURLY)
    scheduler.tick()
    scheduler.pause("hourly", by="ann", reason="feed")
    assert scheduler.lines()[0].paused
    clock.go(hours=3)
    assert scheduler.tick() == []
    assert scheduler.resume("hourly", by="ann")
    assert scheduler.tick() == []
    clock.go(hours=1)
    assert [one.missed for one in scheduler.tick()] == [()]
    assert not scheduler.resume("hourly", by="ann")


def test_an_entry_of_a_market_is_one_for_each_market_served(empty: Workspace, clock: MovedClock, speaking: Any) -> None:
    spec = LabelSpec(Timeframe.D1, "5d", 5, 0.009)
    for symbol, calendar in (("AAA", "XNYS"), ("BBB", "XNYS"), ("CCC", "XLON")):
        speaking.publish(empty, symbol, spec, calendar=calendar)
    asked = Asked()
    scheduler = Scheduler(empty, asked, {"forecast": Entry("", "forecast", AfterClose(15))})
    assert {line.name: line.settings for line in scheduler.lines()} == {
        "forecast:XLON": {"symbols": ["CCC"]},
        "forecast:XNYS": {"symbols": ["AAA", "BBB"]},
    }
    scheduler.tick()
    clock.go(hours=6)
    assert [one.entry for one in scheduler.tick()] == ["forecast:XLON"]
    clock.go(hours=4)
    assert [one.entry for one in scheduler.tick()] == ["forecast:XNYS"]


def test_an_entry_for_some_timeframes_is_of_the_markets_that_serve_one(
    empty: Workspace, clock: MovedClock, speaking: Any
) -> None:
    daily, hourly = LabelSpec(Timeframe.D1, "5d", 5, 0.009), LabelSpec(Timeframe.H1, "1h", 1, 0.001)
    for symbol, spec, calendar in (("AAA", daily, "XNYS"), ("BBB", hourly, "XNYS"), ("CCC", daily, "XLON")):
        speaking.publish(empty, symbol, spec, calendar=calendar)
    intraday = Entry("", "forecast", InSession(15), {"timeframes": ["h1"]})
    (line,) = Scheduler(empty, Asked(), {"intraday": intraday}).lines()
    assert (line.name, line.settings) == ("intraday:XNYS", {"timeframes": ["h1"], "symbols": ["BBB"]})


def test_a_market_is_known_of_a_symbol_that_was_met_before_its_first_version(empty: Workspace, speaking: Any) -> None:
    day = datetime(2026, 11, 20, tzinfo=UTC)
    empty.store.training_runs.add(TrainingRun("AAA", "d1", "5d", day, "failed", 1.0, "no bars"))
    speaking.publish(empty, "AAA", LabelSpec(Timeframe.D1, "5d", 5, 0.009), calendar="XLON")
    assert empty.store.versions.markets() == {"XLON": {"AAA": {"d1"}}}


def test_a_job_asked_for_by_hand_does_not_count_as_a_due_time(empty: Workspace, clock: MovedClock) -> None:
    asked = Asked()
    scheduler = Scheduler(empty, asked, HOURLY)
    scheduler.tick()
    scheduler.run_now("hourly")
    clock.go(hours=1)
    assert len(scheduler.tick()) == 1
    assert len(asked.keys) == 2
    with pytest.raises(UnknownName, match="did you mean 'hourly'"):
        scheduler.run_now("hourli")


RACER = """
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from augury.core.clock import FixedClock
from augury.core.settings import Settings
from augury.runs.durable.submission import submit
from augury.runs.schedule.entry import Cron, Entry
from augury.runs.schedule.scheduler import Scheduler
from augury.runs.workspace import Workspace

folder, url = sys.argv[1:]
entries = {f"entry{n}": Entry("", "evaluate", Cron(f"{n} * * * *")) for n in range(5)}
settings = Settings.load({"data_dir": Path(folder), "database_url": url}, environ={})
print("ready", flush=True)
sys.stdin.readline()
fired = 0
for minutes in range(0, 240, 30):
    clock = FixedClock(datetime(2026, 11, 20, 12, tzinfo=UTC) + timedelta(minutes=minutes))
    with Workspace.open(settings, clock=clock) as place:
        ask = lambda kind, asked, key: submit(place, kind, asked, key=key).id
        fired += len(Scheduler(place, ask, entries).tick())
print(fired, flush=True)
"""


def test_two_schedulers_in_two_processes_never_fire_a_time_twice(stored: Workspace, database_url: str) -> None:
    command = [sys.executable, "-c", RACER, str(stored.settings.data_dir), database_url]
    racers = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    for racer in racers:
        assert racer.stdout is not None
        assert racer.stdout.readline() == "ready\n"
    ended = []
    for racer in racers:  # both are let go before either is waited for
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    for racer in racers:
        out, _ = racer.communicate(timeout=120)
        ended.append(int(out))
    firings = stored.store.firings.list(limit=1000)
    seen = [moment for one in firings for moment in (one.due_at.isoformat(), *one.missed)]
    assert sum(ended) == len(firings)
    assert len({(one.entry, one.due_at) for one in firings}) == len(firings)
    assert len(seen) == 5 * 4 - 1  # minutes 0 to 4 of four hours, without noon itself: the first look
    assert len(stored.store.jobs.list(limit=1000)) == len(firings)
    assert all(one.job_id for one in firings)
