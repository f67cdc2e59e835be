from __future__ import annotations

import json
from typing import Any


def test_the_schedule_shows_pauses_resumes_and_runs(call: Any) -> None:
    shown = {row["entry"]: row for row in json.loads(call("schedule", "show", "--json").out)}
    assert (shown["weights"]["when"], shown["weights"]["state"]) == ("0 5 * * MON", "on")
    assert shown["weights"]["next_at"].endswith("T05:00:00Z")
    assert call("schedule", "pause", "weights", "--reason", "feed").code == 0
    shown = {row["entry"]: row for row in json.loads(call("schedule", "show", "--json").out)}
    assert shown["weights"]["state"] == "paused"
    assert call("schedule", "resume", "weights").code == 0
    assert "was not paused" in call("schedule", "resume", "weights").err
    assert "evaluate" in call("schedule", "run", "evaluate").out


def test_one_look_of_the_scheduler_ends(call: Any) -> None:
    ran = call("scheduler", "--once")
    assert (ran.code, "nothing is due" in ran.err) == (0, True)


def test_an_unknown_entry_is_exit_2_with_the_nearest_name(call: Any) -> None:
    ran = call("schedule", "run", "evalate")
    assert (ran.code, "did you mean 'evaluate'" in ran.err) == (2, True)
