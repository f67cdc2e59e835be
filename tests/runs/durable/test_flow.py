from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from augury.core.errors import UsageError
from augury.core.typing import Json
from augury.records.loop.jobs import Job
from augury.runs.durable import KINDS
from augury.runs.durable.flow import Flow, Stop
from augury.runs.durable.kind import Kind, Stopped
from augury.runs.durable.submission import submit
from augury.runs.executors.inline import Inline
from augury.runs.workspace import Workspace


@dataclass
class Notebook:
    """Steps kept in memory; ``tear_at`` is the place where the process dies before the result is kept."""

    kept: dict[int, Json] = field(default_factory=dict)
    tear_at: int | None = None
    drawn: int = 0

    def reserve(self, count: int) -> Sequence[Any]:
        self.drawn += count
        return range(self.drawn - count, self.drawn)

    def recorded(self, places: Sequence[Any]) -> list[bool]:
        return [place in self.kept for place in places]

    def run(self, place: Any, name: str, work: Callable[[], Json]) -> Json:
        if place not in self.kept:
            said = work()
            if place == self.tear_at:
                raise Stopped("torn")
            self.kept[place] = said
        return self.kept[place]


def walk(store: Workspace, job: Job, book: Notebook | None = None) -> Job:
    started = store.store.jobs.start(job.id)
    assert started is not None
    Flow(store, started, book or Notebook(), Inline, Stop()).run()
    return store.store.jobs.get(job.id)


def test_a_temporary_error_is_tried_again_and_each_attempt_is_in_the_log(store: Workspace, tmp_path: Path) -> None:
    job = walk(store, submit(store, "test_shaky", {"folder": str(tmp_path), "times": 2}, pause_s=0.001))
    assert job.state == "succeeded"
    warned = [event.text for event in store.store.jobs.events(job.id) if event.level == "warning"]
    assert warned[0] == "bad: attempt 1 of 5 met TemporaryError: no luck with bad"
    assert len(warned) == 2


def test_attempts_that_are_used_up_make_a_dead_letter(store: Workspace, tmp_path: Path) -> None:
    asked = {"folder": str(tmp_path), "times": 9}
    job = walk(store, submit(store, "test_shaky", asked, attempts=3, pause_s=0.001))
    assert job.state == "dead"
    assert (tmp_path / "bad").read_text() == "3"


@pytest.mark.parametrize("error", ["DataError", "NotTrained", "UsageError"])
def test_an_error_that_will_not_pass_is_not_tried_again(store: Workspace, tmp_path: Path, error: str) -> None:
    job = walk(store, submit(store, "test_shaky", {"folder": str(tmp_path), "error": error}))
    assert (job.state, (tmp_path / "bad").read_text()) == ("failed", "1")


def test_one_failing_part_leaves_the_others_alone(store: Workspace, tmp_path: Path) -> None:
    asked = {"folder": str(tmp_path), "parts": ["a", "bad", "c"], "error": "DataError"}
    job = walk(store, submit(store, "test_shaky", asked))
    assert job.result is not None
    assert ["error" in part for part in job.result["parts"]] == [False, True, False]
    assert job.result["unfinished"] == [{"name": "bad"}]
    assert job.error is not None
    assert job.error["code"] == "DataError"


def test_wherever_a_walk_is_torn_each_line_is_written_at_most_once_more_and_said_the_same(
    store: Workspace, tmp_path: Path
) -> None:
    for place in range(8):
        file = tmp_path / f"lines{place}"
        job = submit(store, "test_notes", {"file": str(file), "lines": 3})
        book = Notebook(tear_at=place)
        try:
            walk(store, job, book)
        except Stopped:
            book.tear_at, book.drawn = None, 0
            again = store.store.jobs.get(job.id)
            if not again.ended:
                walk(store, job, book)
        assert store.store.jobs.get(job.id).state == "succeeded"
        assert set(file.read_text().split("\n")) == {"x 0", "x 1", "x 2", ""}
        made = [said["moment"] for said in book.kept.values() if "line" in said]
        assert len(set(made)) == 1, "the moment is fixed by the plan, once"


def test_a_walk_taken_again_says_nothing_twice_and_is_no_progress(store: Workspace, tmp_path: Path) -> None:
    job = submit(store, "test_notes", {"file": str(tmp_path / "lines"), "lines": 2})
    book = Notebook(tear_at=4)  # the second write
    for _ in range(2):
        with pytest.raises(Stopped):
            walk(store, job, book)
        book.drawn = 0
    assert store.store.jobs.get(job.id).attempt == 2
    assert [event.text for event in store.store.jobs.events(job.id)].count("line 0: x 0") == 1


def test_pauses_double_and_are_drawn_apart_for_jobs_that_failed_together(store: Workspace) -> None:
    flows = [Flow(store, submit(store, "test_notes", {}), Notebook(), Inline, Stop()) for _ in range(2)]
    first, second = ([flow._pause(attempt, "x") for attempt in (1, 2, 3, 20)] for flow in flows)
    for pauses in (first, second):
        for pause, longest in zip(pauses, (1, 2, 4, 60), strict=True):
            assert longest / 2 <= pause <= longest
    assert first != second
    assert first == [flows[0]._pause(attempt, "x") for attempt in (1, 2, 3, 20)]


def test_a_kind_has_something_that_makes_or_a_task_and_not_both() -> None:
    with pytest.raises(UsageError, match="either make or task"):
        Kind("neither", lambda bench: [])


@pytest.mark.parametrize("name", [name for name in KINDS.names() if not name.startswith("test_")])
def test_every_kind_has_settings_that_are_json_and_a_plan(name: str) -> None:
    kind = KINDS.load(name)
    assert kind.complete({}) == dict(kind.settings)
    assert kind.title
    assert kind.attempts >= 1
