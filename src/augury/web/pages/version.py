"""One version whole, and two side by side."""

from __future__ import annotations

import json
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from augury.service.access import Reader
from augury.service.answers.comparisons import comparison
from augury.service.answers.models import VersionAnswer, version
from augury.service.answers.promotions import releasable
from augury.service.answers.scores import GateAnswer, ScoreAnswer
from augury.service.backend import TheBackend
from augury.service.paths import VersionName
from augury.web.columns import Row, cell_href, judgement, version_href
from augury.web.comparing import compare_tables
from augury.web.rendering import page
from augury.web.tables import Column, Table

ROUTER = APIRouter()
SCORES: Final = (
    Column("name", "Score"), Column("value", "Value", "number"), Column("low", "95 % from", "number"),
    Column("high", "to", "number"), Column("baseline", "Baseline", "number", term="baseline"),
    Column("n", "n", "count", term="n"), Column("n_eff", "n_eff", "count", term="n_eff"),
    Column("judgement", "Judgement", "badge"), Column("text", "In words", "long"),
)  # fmt: skip
GATES: Final = (
    Column("code", "Gate", "code"), Column("passed", "Result", "badge"), Column("message", "Found", "long"),
    Column("value", "Value", "number"), Column("limit", "Limit", "number"), Column("effect", "Failing would"),
)  # fmt: skip
EFFECTS: Final = {
    "refuse": "refuse the version", "insufficient": "leave bands only", "abstain": "leave bands only",
    "note": "be noted",
}  # fmt: skip
_WORD: Final = {True: "passed", False: "failed"}


@ROUTER.get("/models/versions/{name:version}")
def one_version(request: Request, backend: TheBackend, caller: Reader, name: VersionName) -> Response:
    """Show what a version was made of, what it is worth, and what the gates said."""
    found = version(backend, name)
    one, said = found.summary, found.manifest
    where = {"symbol": one.symbol, "timeframe": one.timeframe, "horizon": one.horizon}
    tables = [
        Table("scores", f"Scores of {name} on its report rows", SCORES, [_score(score) for score in found.scores]),
        Table("gates", f"Gates of {name}", GATES, gate_rows(found.gates), "No gate was asked."),
        _members(found),
        _slices(said),
        _features(said),
    ]
    return page(
        request, caller, "version.html", title=f"Version {name}", tables=tables, found=found, one=one,
        facts=_facts(found), cell_href=cell_href(**where), rules="operate" in caller.scopes,
        promote_href="/models/confirm?" + urlencode({"act": "promote", **where, "version": name}),
        releasable=releasable(found),
        release_href="/models/confirm?" + urlencode({"act": "release", **where, "version": name}),
        compare_href="/models/compare?" + urlencode({**where, "a": "@champion", "b": name}),
        parent_href=found.parent and version_href(found.parent),
        recipe=json.dumps(said["recipe"], indent=1, sort_keys=True), weights=said["weights"],
        failed=[gate for gate in found.gates if not gate.passed and gate.effect != "note"],
    )  # fmt: skip


@ROUTER.get("/models/compare")
def compare(
    request: Request,
    backend: TheBackend,
    caller: Reader,
    symbol: Annotated[str, Query(max_length=24)],
    timeframe: Annotated[str, Query(max_length=8)],
    horizon: Annotated[str, Query(max_length=8)],
    a: Annotated[str, Query(max_length=40)] = "@champion",
    b: Annotated[str, Query(max_length=40)] = "@challenger",
) -> Response:
    """Show what tells two versions of a cell apart, and who was right on the same rows."""
    found = comparison(backend, symbol, timeframe, horizon, a, b)
    where = {"symbol": symbol, "timeframe": timeframe, "horizon": horizon}
    return page(
        request, caller, "compare.html", title=f"Compare versions of {found.a.symbol} {timeframe} {horizon}",
        tables=compare_tables(found), found=found, cell_href=cell_href(**where), rules="operate" in caller.scopes,
        hrefs={"a": version_href(found.a.version), "b": version_href(found.b.version)},
        swap_href="/models/compare?" + urlencode({**where, "a": found.b.version, "b": found.a.version}),
        promote_href="/models/confirm?" + urlencode({"act": "promote", **where, "version": found.b.version}),
    )  # fmt: skip


def gate_rows(gates: list[GateAnswer]) -> list[Row]:
    """Write gates as rows."""
    return [one.model_dump() | {"passed": _WORD[one.passed], "effect": EFFECTS[one.effect]} for one in gates]


def _score(score: ScoreAnswer) -> Row:
    row: Row = score.model_dump(exclude={"deflated"}) | {"n_eff": int(score.n_eff), "judgement": judgement(score)}
    return row if score.sufficient else row | dict.fromkeys(("value", "low", "high", "baseline"))


def _members(found: VersionAnswer) -> Table:
    rows = [one.model_dump() | {"settings": _short(one.settings), "facts": _short(one.facts)} for one in found.members]
    columns = (
        Column("name", "Member"), Column("status", "Is", "badge"), Column("weight", "Weight", "number"),
        Column("reason", "Because", "long"), Column("settings", "Settings", "long"), Column("facts", "Fit", "long"),
    )  # fmt: skip
    return Table("members", "Members and their weights", columns, rows, "No member: this version gives bands only.")


def _slices(said: dict[str, Any]) -> Table:
    rows = [{"slice": name, **facts} for name, facts in said["slices"].items()]
    columns = (
        Column("slice", "Slice"), Column("first", "From"), Column("last", "To"), Column("n", "Rows", "count", term="n")
    )  # fmt: skip
    return Table("slices", "Slices of its data, in UTC", columns, rows)


def _features(said: dict[str, Any]) -> Table:
    rows = [one | {"inputs": ", ".join(one["inputs"])} for one in said["features"]["features"]]
    columns = (
        Column("name", "Feature", "code"), Column("family", "Family"), Column("inputs", "Reads"),
        Column("lookback_bars", "Looks back", "count", "bars"), Column("unit", "Unit"),
    )  # fmt: skip
    return Table("features", f"Features, manifest {said['features']['hash'][:12]}", columns, rows)


def _facts(found: VersionAnswer) -> dict[str, str]:
    said, label = found.manifest, found.manifest["label_spec"]
    return {
        "Data": f"{said['data_first']} to {said['data_last']}", "Data version": said["data_version"],
        "Label": f"{label['kind']}, threshold {label['threshold']:.6f} (a return) over {label['horizon_bars']} bars, "
                 f"read from {label['price_field']}",
        "Recipe": f"{said['recipe']['name']}, seed {said['recipe']['seed']}",
        "Features": f"{found.n_features}, manifest {said['features']['hash']}", "Content hash": said["content_hash"],
        "Sealed": found.summary.sha256, "Calendar": said["calendar"],
        "Libraries": ", ".join(f"{name} {what}" for name, what in said["libraries"].items()),
    }  # fmt: skip


def _short(values: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value}" for name, value in values.items())
