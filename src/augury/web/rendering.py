"""Rendering: a template with what it shows, as HTML, or one of its tables as CSV."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from augury.core.errors import NotFound
from augury.service.accounts.caller import Caller
from augury.service.answers.account import THEMES
from augury.service.answers.exchanges import exchange_zones
from augury.service.backend import backend_of
from augury.service.problems import Problem, request_id_of
from augury.web.assets import asset, has_asset
from augury.web.glossary import GLOSSARY
from augury.web.navigation import AREAS, NAVIGATION, THUMB, here
from augury.web.tables import Table
from augury.web.values import FILTERS

TEMPLATES: Final = Path(__file__).parent / "templates"
THEME_COOKIE: Final = "augury_theme"
_PRESSED_FROM: Final = 1400
"""Bytes; below, a page fits one packet anyway."""


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Return the environment of all templates: escaping on, unknown names are errors."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    made.filters.update(FILTERS)
    made.globals.update(
        navigation=NAVIGATION, areas=AREAS, thumb=THUMB, here=here, glossary=GLOSSARY, asset=asset, has_asset=has_asset
    )
    return made


def page(
    request: Request, caller: Caller | None, template: str, *, title: str, tables: Sequence[Table] = (),
    status: int = 200, **values: Any,
) -> Response:  # fmt: skip
    """Render a page, or with ``?csv=NAME`` one of its tables.

    Parameters
    ----------
    request : Request
    caller : Caller, optional
        None on the pages before the door.
    template : str
        File below ``templates/``.
    title : str
        Of the document, unique on the site.
    tables : sequence of Table
        Reach the template as ``tables.NAME``.
    status : int
    **values
        What else the template shows.

    Raises
    ------
    NotFound
        A table that is not on this page.
    """
    named = {table.name: table for table in tables}
    wanted = request.query_params.get("csv") if status < 400 else None  # a page of an error has no table
    if wanted is not None:
        if wanted not in named:
            raise NotFound(f"no table '{wanted}' on this page (there are: {', '.join(named) or 'none'})")
        name = f"{request.url.path.strip('/').replace('/', '-') or 'overview'}-{wanted}.csv"
        headers = {"content-disposition": f'attachment; filename="{name}"'}
        return Response(named[wanted].csv(), media_type="text/csv; charset=utf-8", headers=headers)
    shown = {
        "request": request, "caller": caller, "title": title, "tables": _placed(request, caller, tables),
        "path": request.url.path, "csrf": caller.csrf if caller else "", "request_id": request_id_of(request),
        "theme": theme_of(request), "wide": False,
    }  # fmt: skip
    return _html(request, environment().get_template(template).render(shown | values), status)


def theme_of(request: Request) -> str:
    """Return the theme of the reader's cookie, so that the first paint has it already."""
    chosen = request.cookies.get(THEME_COOKIE, "")
    return chosen if chosen in THEMES else "auto"


def _placed(request: Request, caller: Caller | None, tables: Sequence[Table]) -> dict[str, Table]:
    """Tell each table where its CSV is and which clocks its markets have."""
    if not tables:
        return {}
    timed = any(column.kind == "when" for table in tables for column in table.columns)
    zones = exchange_zones(backend_of(request)) if timed and caller is not None else {}
    query = [(name, value) for name, value in request.query_params.multi_items() if name != "csv"]
    return {
        table.name: replace(table, zones=zones, address="?" + urlencode([*query, ("csv", table.name)]))
        for table in tables
    }


def _html(request: Request, text: str, status: int) -> Response:
    # The session's cookie is SameSite=Lax, so no other site can ask for a page with a guess in it and
    # measure how well it was pressed.
    body, headers = text.encode(), {"vary": "accept-encoding, cookie"}
    if len(body) > _PRESSED_FROM and "gzip" in request.headers.get("accept-encoding", ""):
        body, headers["content-encoding"] = gzip.compress(body, 5, mtime=0), "gzip"
    return HTMLResponse(body, status, headers)


def fragment(template: str, **values: Any) -> Response:
    """Render a part of a page, as htmx asks for it."""
    return HTMLResponse(environment().get_template(template).render(values))


def error_page(request: Request, said: Response) -> Response:
    """Show people a problem: what was refused, why, and the command that helps; status and headers stay."""
    problem = Problem.model_validate_json(bytes(said.body))
    wait = said.headers.get("retry-after", "")
    caller = request.scope.get("augury.caller")
    shown = page(
        request, caller, "error.html", title=problem.title, status=problem.status, problem=problem, wait=wait
    )  # fmt: skip
    for name in ("retry-after", "www-authenticate", "allow"):
        if name in said.headers:
            shown.headers[name] = said.headers[name]
    return shown
