"""Rendering: a template with what it shows, as HTML, or one of its tables as CSV."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from augury.core.errors import AuguryError, NotFound
from augury.service.accounts.caller import Caller
from augury.service.problems import request_id_of, status_of
from augury.web.glossary import GLOSSARY
from augury.web.navigation import NAVIGATION
from augury.web.tables import Table
from augury.web.values import FILTERS

TEMPLATES: Final = Path(__file__).parent / "templates"


@lru_cache(maxsize=1)
def environment() -> Environment:
    """Return the environment of all templates: escaping on, unknown names are errors."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    made.filters.update(FILTERS)
    made.globals.update(navigation=NAVIGATION, glossary=GLOSSARY)
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
    wanted = request.query_params.get("csv")
    if wanted is not None:
        if wanted not in named:
            raise NotFound(f"no table '{wanted}' on this page (there are: {', '.join(named) or 'none'})")
        name = f"{request.url.path.strip('/').replace('/', '-') or 'overview'}-{wanted}.csv"
        headers = {"content-disposition": f'attachment; filename="{name}"'}
        return Response(named[wanted].csv(), media_type="text/csv; charset=utf-8", headers=headers)
    shown = {
        "request": request, "caller": caller, "title": title, "tables": named, "path": request.url.path,
        "csrf": caller.csrf if caller else "", "request_id": request_id_of(request),
    }  # fmt: skip
    return HTMLResponse(environment().get_template(template).render(shown | values), status)


def fragment(template: str, **values: Any) -> Response:
    """Render a part of a page, as htmx asks for it."""
    return HTMLResponse(environment().get_template(template).render(values))


def error_page(request: Request, error: AuguryError) -> Response:
    """Show what was refused, why, and the command that helps."""
    status = status_of(error)
    return page(
        request, request.scope.get("augury.caller"), "error.html", title=f"{status}", status=status, error=error
    )
