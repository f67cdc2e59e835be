"""``augury holdout`` and ``augury trials``; BEY-03, BEY-04."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from augury.core.timeframe import Timeframe
from augury.data.lake import Lake


def test_a_holdout_is_sealed_opened_and_burned(call, market: Path, recipe: str) -> None:
    first = str(Lake(market / "lake").read(["SYN001"], Timeframe.D1).frame["ts"][-120])[:10]
    assert "nothing is sealed" in call("holdout", "status").err
    dry = call("holdout", "seal", "d1/SYN001", "--from", first, "--dry-run")
    assert "would seal d1/SYN001" in dry.err
    assert json.loads(call("holdout", "status", "--json").out) == []
    sealed = call("holdout", "seal", "1d/SYN001", "--from", first, "--json")
    assert json.loads(sealed.out)["state"] == "never opened"
    assert call("train", "--symbol", "SYN001", "--recipe", recipe).code == 0
    opened = call("holdout", "open", "d1/SYN001", "--reason", "final report", "--yes", "--json")
    assert "opened 1x" in opened.err
    (cell,) = json.loads(opened.out)["cells"]
    assert next(score["n"] for score in cell["scores"] if score["name"] == "accuracy") == 115
    burned = call("holdout", "open", "d1/SYN001", "--reason", "again", "--yes")
    assert "burned 2x" in burned.err
    assert "burned 2x" in burned.out
    (row,) = json.loads(call("holdout", "status", "--json").out)
    assert (row["openings"], row["reason"], row["state"]) == (2, "again", "burned 2x")
    later = call("holdout", "seal", "d1/SYN001", "--from", "2100-01-01")
    assert (later.code, "a seal only grows" in later.err) == (2, True)


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        (("seal", "SPY", "--from", "2018-01-01"), 2, "write TIMEFRAME/SYMBOL"),
        (("seal", "d1/SPY", "--from", "soon"), 2, "write YYYY-MM-DD"),
        (("open", "d1/SPY", "--reason", "x", "--yes"), 4, "nothing of d1/SPY is sealed"),
    ],
)
def test_what_can_not_be_done_is_named(call, line: tuple[str, ...], code: int, said: str) -> None:
    ran = call("holdout", *line)
    assert (ran.code, said in ran.err, ran.out) == (code, True, "")


def test_trials_are_listed_with_their_number_and_never_without(call, market: Path, recipe: str) -> None:
    assert "no trials yet" in call("trials", "list").err
    for seed in ("1", "2", "2"):
        said = json.loads(call("train", "--symbol", "SYN001", "--recipe", recipe, "--seed", seed, "--json").out)
    assert said[0]["selection"]["trials"] == 2
    rows = json.loads(call("trials", "list", "--dataset", "d1/SYN001", "--json").out)
    assert len(rows) == 2
    for row in rows:
        assert row["trials"] == 2
        assert "best of 2 trials by luck" in row["score"] or "insufficient" in row["score"]
        assert row["dsr"] is not None
    assert "2 trials" in call("trials", "list").out


def test_no_coefficient_of_a_version_is_told_without_its_deflated_value(call, market: Path, recipe: str) -> None:
    (said,) = json.loads(call("train", "--symbol", "SYN001", "--recipe", recipe, "--json").out)
    told = {score["name"]: score.get("deflated") for score in said["scores"]}
    assert {name for name, one in told.items() if one} == {"ic", "rank_ic"}
    assert [told[name]["trials"] for name in ("ic", "rank_ic")] == [1, 1]
    assert told["rank_ic"] == said["selection"]

    shown = json.loads(call("models", "info", "SYN001", "d1", "5d", "--version", said["version"], "--json").out)
    assert shown["deflated"] == {name: told[name] for name in ("rank_ic", "ic")}
    text = call("models", "info", "SYN001", "d1", "5d", "--version", said["version"]).out
    lines = [line for line in text.splitlines() if line.startswith(("ic ", "rank_ic "))]
    assert len(lines) == 2
    assert all("insufficient" in line or "best of 1 trial by luck" in line for line in lines)

    judged = call("validate", said["version"], "--json")
    assert all(row["selection"].startswith("RankIC") for row in json.loads(judged.out))
    page = market / "page.html"
    assert "RankIC" in call("validate", said["version"], "--html", str(page)).err
    assert page.read_text().count("best of 1 trial by luck") == 2
