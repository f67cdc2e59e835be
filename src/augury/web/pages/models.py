"""Models: which version answers for each cell, the versions of one cell, and who let which answer when."""

from __future__ import annotations

from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response

from augury.service.access import Reader
from augury.service.accounts.caller import Caller
from augury.service.answers.ab import AbTestList, tests
from augury.service.answers.audit import audit
from augury.service.answers.models import CellAnswer, champions, model, models
from augury.service.backend import Backend, TheBackend
from augury.web.columns import VERSION, Row, cell_href, version_href, version_rows
from augury.web.rendering import page
from augury.web.tables import Column, Table

ROUTER = APIRouter()
DONE: Final = {
    "promote": "The version answers now.", "rollback": "The version that served before answers again.",
    "challenge": "The version is tried beside the champion, in the shadow.",
    "pin": "The cell is held at its version.", "unpin": "Promotions decide again.",
}  # fmt: skip
COMPARE: Final = Column("compare", "Compare", link="compare_href")
ACT: Final = Column("act", "Act", link="act_href")


@ROUTER.get("/models")
def model_list(
    request: Request,
    backend: TheBackend,
    caller: Reader,
    symbol: Annotated[str, Query(max_length=24)] = "",
    cursor: Annotated[str | None, Query(max_length=300)] = None,
) -> Response:
    """Show the version that answers for each cell, every version, and the tests between two."""
    answering, every = champions(backend, symbol or None), models(backend, symbol or None, limit=50, cursor=cursor)
    columns = (Column("symbol", "Symbol", link="href"), *VERSION)
    tables = [
        Table("champions", "The version that answers for each cell", (*columns[:4], ACT, *columns[5:]),
              [row | _act(caller, row, "rollback", "roll back") for row in version_rows(answering)],
              "Nothing was trained yet.", "augury train --symbol ^GSPC --timeframe d1"),
        Table("versions", "Every version, the last registered first", columns, version_rows(every.versions),
              "Nothing was trained yet.", "augury train --symbol ^GSPC --timeframe d1"),
        _tests(tests(backend)),
    ]  # fmt: skip
    counts = {word: sum(one.verdict == word for one in answering) for word in ("skill", "calibrated_only")}
    return page(
        request, caller, "models.html", title="Models", tables=tables, symbol=symbol, counts=counts,
        answering=answering, tried=sum(one.challenger for one in every.versions),
        more=every.next and "/models?" + urlencode({"symbol": symbol, "cursor": every.next}),
    )  # fmt: skip


@ROUTER.get("/models/cell")
def one_cell(
    request: Request,
    backend: TheBackend,
    caller: Reader,
    symbol: Annotated[str, Query(max_length=24)],
    timeframe: Annotated[str, Query(max_length=8)],
    horizon: Annotated[str, Query(max_length=8)],
    done: Annotated[str, Query(max_length=16)] = "",
) -> Response:
    """Show every version of a cell, which one answers, and every move of its aliases."""
    found = model(backend, symbol, timeframe, horizon)
    return page(
        request, caller, "cell.html", title=f"{found.symbol} {found.timeframe} {found.horizon}",
        tables=[_versions(found, caller), _moves(found), *_acts(backend, caller, found)], found=found,
        done=DONE.get(done), rules="operate" in caller.scopes, previous=served_before(found),
        confirm=lambda act, version="": confirm_href(found, act, version),
    )  # fmt: skip


def served_before(found: CellAnswer) -> str | None:
    """Return the version that a rollback would let answer: the one that the newest move of the champion replaced."""
    return next((move.previous for move in found.history if move.alias == "champion" and move.previous), None)


def confirm_href(found: CellAnswer, act: str, version: str = "") -> str:
    """Return the address where an act is confirmed, with what it changes."""
    said = {"act": act, "symbol": found.symbol, "timeframe": found.timeframe, "horizon": found.horizon}
    return "/models/confirm?" + urlencode(said | ({"version": version} if version else {}))


def _act(caller: Caller, row: Row, act: str, word: str) -> Row:
    if "operate" not in caller.scopes:
        return {"act": None, "act_href": None}
    said = {"act": act, "symbol": row["symbol"], "timeframe": row["timeframe"], "horizon": row["horizon"]}
    return {"act": word, "act_href": "/models/confirm?" + urlencode(said)}


def _versions(found: CellAnswer, caller: Caller) -> Table:
    rows = version_rows(found.versions)
    for row in rows:
        other = found.champion if row["version"] != found.champion else served_before(found)
        pair = {"symbol": found.symbol, "timeframe": found.timeframe, "horizon": found.horizon,
                "a": other, "b": row["version"]}  # fmt: skip
        row["compare"] = "compare" if other else None
        row["compare_href"] = "/models/compare?" + urlencode(pair) if other else None
        may = "operate" in caller.scopes and not row["champion"] and row["status"] != "rejected"
        row["act"] = "promote" if may else None
        row["act_href"] = confirm_href(found, "promote", row["version"]) if may else None
    cell = f"{found.symbol} {found.timeframe} {found.horizon}"
    return Table("versions", f"Versions of {cell}, the newest first", (*VERSION[2:4], COMPARE, ACT, *VERSION[4:]), rows)


def _moves(found: CellAnswer) -> Table:
    rows = [one.model_dump() | {"version_href": version_href(one.version)} for one in found.history]
    columns = (
        Column("at", "When", "when"), Column("alias", "Alias"), Column("version", "To", "code", link="version_href"),
        Column("previous", "Instead of", "code"), Column("by", "By"),
    )  # fmt: skip
    return Table("history", "Every move of the aliases, the newest first", columns, rows, "No alias was moved yet.")


def _acts(backend: Backend, caller: Caller, found: CellAnswer) -> list[Table]:
    if "operate" not in caller.scopes:
        return []
    cell = f"{found.symbol} {found.timeframe} {found.horizon}"
    rows = [
        one.model_dump() | {"said": ", ".join(f"{name} {value}" for name, value in one.data.items() if value)}
        for one in audit(backend, caller, limit=500).acts
        if one.subject == cell
    ]
    columns = (
        Column("at", "When", "when"), Column("actor", "Who"), Column("action", "Did"), Column("said", "What", "long"),
        Column("request_id", "Request", "code"),
    )  # fmt: skip
    return [Table("audit", f"Audit trail of {cell}", columns, rows, "Nobody changed this cell from here yet.")]


def _tests(found: AbTestList) -> Table:
    rows = [
        one.model_dump() | {
            "cell_names": ", ".join(" ".join(cell) for cell in one.cells), "share": one.arms["B"].share,
        }
        for one in found.tests
    ]  # fmt: skip
    columns = (
        Column("name", "Test"), Column("state", "State", "badge"), Column("cell_names", "Cells", "long"),
        Column("share", "Answered by B", "percent"), Column("required_n", "Needs an arm", "count", term="n"),
        Column("effect", "Smallest lead", "points"), Column("verdict", "Verdict", "badge"),
        Column("created_at", "Begun", "when"), Column("ended_at", "Ended", "when"), Column("created_by", "By"),
    )  # fmt: skip
    return Table(
        "tests", "Tests between two versions", columns, rows, "No test was begun yet.", "augury ab start --help"
    )


def cell_place(symbol: str, timeframe: str, horizon: str, done: str = "") -> str:
    """Return the address of a cell's page, with what was just done."""
    return cell_href(symbol, timeframe, horizon) + (f"&done={done}" if done else "")
