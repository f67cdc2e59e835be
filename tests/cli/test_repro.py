"""``augury repro`` prints every hash twice and exits 5 with the first file that differs (BEY-05)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from augury.runs.executors._protocol import answer
from augury.runs.proving import reproduction


@pytest.fixture
def nearby(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """Rebuild in this process: the fresh one has its own test. ``seed`` in the dict plants a fault."""
    planted: dict[str, int] = {}

    def ask(task, seconds_max):
        return answer("rebuild", task | {"recipe": task["recipe"] | planted})

    monkeypatch.setattr(reproduction, "_ask", ask)
    return planted


def test_repro_prints_old_and_new_and_exits_5_on_a_difference(
    call, market: Path, recipe: str, nearby: dict[str, int]
) -> None:
    assert call("train", "--symbol", "SYN001", "--recipe", recipe).code == 0
    ran = call("repro", "SYN001", "--json")
    assert ran.code == 0, ran.err
    rows = json.loads(ran.out)["rows"]
    assert all(row["equal"] and row["old"] == row["new"] for row in rows)
    assert {"bars", "features", "manifest", "forecast"} <= {row["what"] for row in rows}
    nearby["max_bars"] = 400
    ran = call("repro", "SYN001")
    assert ran.code == 5
    assert "is not reproduced: files/" in ran.err


def test_repro_of_an_unknown_version_exits_4(call, market: Path) -> None:
    ran = call("repro", "20261121T105800Z-1a2b3c")
    assert ran.code == 4
    assert "augury models list" in ran.err
