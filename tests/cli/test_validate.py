"""``augury validate``: every gate in one table, as JSON, and as a page (PRF-01)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

NULLS = {"NULL_SHUFFLED_TARGET", "NULL_NOISE_FEATURES", "NULL_RANDOM_WALK"}


def test_a_version_is_validated_by_name_with_null_gates_in_json_table_and_page(
    call, market: Path, recipe: str, tmp_path: Path
) -> None:
    trained = json.loads(call("train", "--symbol", "SYN001", "--recipe", recipe, "--json").out)
    version = trained[0]["version"]
    ran = call("validate", version, "--null", "--html", str(tmp_path / "gates.html"), "--json")
    assert ran.code == 0, ran.err
    rows = json.loads(ran.out)
    assert {row["gate"] for row in rows} >= NULLS
    assert {row["version"] for row in rows} == {version}
    page = (tmp_path / "gates.html").read_text()
    for row in rows:
        assert row["gate"].replace("_", " ").lower() in page.replace("_", " ").lower()
    assert "random walk: ic" in page
    assert "http://" not in page.replace("http://www.w3.org", "")
    table = call("validate", version)
    assert "NO_DIRECTION" in table.out
    assert "NULL_RANDOM_WALK" not in table.out


def test_a_pipeline_that_learns_noise_exits_5_under_the_gates_name(
    call, market: Path, recipe: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from augury.labels.splits import time_ordered
    from augury.runs.proving import null_runs

    def overlapping(table, fraction):
        split = time_ordered(table, fraction)
        return replace(split, valid=split.train)

    assert call("train", "--symbol", "SYN001", "--recipe", recipe).code == 0
    monkeypatch.setattr(null_runs, "time_ordered", overlapping)
    monkeypatch.setattr(null_runs, "small", lambda recipe: recipe.replace(members={"gb": {"n_estimators": 40}}))
    ran = call("validate", "--symbol", "SYN001", "--null", "--json")
    assert ran.code == 5
    failed = {row["gate"] for row in json.loads(ran.out) if not row["passed"]}
    assert failed & NULLS


def test_an_unknown_version_exits_4(call, market: Path) -> None:
    assert call("validate", "20261121T105800Z-1a2b3c").code == 4
