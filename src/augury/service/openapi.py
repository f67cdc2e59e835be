"""OpenAPI 3.1: every operation with the scope it needs, an example and its errors, written from the routes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.responses import Response
from fastapi.routing import APIRoute

from augury.core.catalog import Catalog
from augury.core.hashing import canonical_json
from augury.service.access import Needs
from augury.service.examples import example_of
from augury.service.problems import MEDIA_TYPE, Problem, title_of
from augury.service.routes import ROUTES

_FRAMEWORK: Final = "HTTPValidationError"
_ALWAYS: Final = (400, 413, 421, 422, 431, 500, 503)
_KNOWN_CALLER: Final = (401, 403, 429)
_CODES: Final = {
    400: ("BrokenBody", "not JSON: unexpected character: line 1 column 2 (char 1)"),
    401: ("NotSignedIn", "no key and no session"),
    403: ("Forbidden", "laptop may read; this needs predict"),
    404: ("NotFound", "nothing of that name is yours"),
    409: ("GateRefused", "what was asked conflicts with what is"),
    412: ("Changed", "it has changed since you looked"),
    413: ("TooLarge", "the body holds more than 5242880 bytes"),
    421: ("WrongHost", "this service does not answer for that host name"),
    422: ("WrongValues", "limit: Input should be greater than or equal to 1"),
    429: ("LimitReached", "60 calls a minute are allowed by plan free (caller)"),
    431: ("HeadersTooLarge", "headers hold more than 16384 bytes"),
    500: ("Unexpected", "something went wrong here; the log has it under this request's id"),
    503: ("NotTrained", "no trained model for ^GSPC d1"),
}


def describe(app: FastAPI) -> None:
    """Serve ``/openapi.json``: the API without the pages."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]

    @app.get("/openapi.json", include_in_schema=False)
    async def openapi_json() -> Response:
        return Response(canonical_json(app.openapi()), media_type="application/json")


def routes_of(catalog: Catalog[APIRouter]) -> Iterator[APIRoute]:
    """Yield every route of a catalogue of routers: of the API's or of the pages'."""
    for _, router in catalog:
        yield from (route for route in router.routes if isinstance(route, APIRoute))


def needed_scope(route: APIRoute) -> str | None:
    """Return the scope a route needs; None when anybody may ask.

    The authoriser is found where the framework will call it, so that a declaration cannot differ from
    what happens.
    """
    waiting = list(route.dependant.dependencies)
    while waiting:
        part = waiting.pop()
        if isinstance(part.call, Needs):
            return part.call.scope
        waiting += part.dependencies
    return None


def _document(app: FastAPI) -> dict[str, Any]:
    said = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    parts = said.setdefault("components", {})
    schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas: dict[str, Any] = parts.setdefault("schemas", {})
    schemas.update(schema.pop("$defs", {}) | {"Problem": schema})
    parts["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer", "bearerFormat": "aug_live_…"}}
    for route in routes_of(ROUTES):
        for verb in route.methods or ():
            if route.include_in_schema:
                _complete(said["paths"][route.path_format][verb.lower()], route, schemas)
    for name in (_FRAMEWORK, "ValidationError"):
        schemas.pop(name, None)
    return said


def _complete(operation: dict[str, Any], route: APIRoute, schemas: dict[str, Any]) -> None:
    scope = needed_scope(route)
    if scope is not None:
        operation["security"] = [{"key": []}]
        operation["x-scope"] = scope
    statuses = {*_ALWAYS, *(_KNOWN_CALLER if scope else ()), *((404,) if "{" in route.path_format else ())}
    for status in statuses - {int(known) for known in operation["responses"] if known.isdigit()}:
        operation["responses"][str(status)] = {"description": title_of(status)}
    for text, answer in operation["responses"].items():
        # The framework would say its own schema and plain JSON; a route's own model (readiness) is kept.
        said = answer.get("content", {}).get("application/json", {}).get("schema", {}).get("$ref", "")
        if int(text) >= 400 and (not answer.get("content") or said.endswith((_FRAMEWORK, "/Problem"))):
            answer["content"] = _refusal(int(text), route.path_format)
        for content in answer.get("content", {}).values():
            if "schema" in content and "example" not in content:
                content["example"] = example_of(content["schema"], schemas)
    for content in operation.get("requestBody", {}).get("content", {}).values():
        content.setdefault("example", example_of(content.get("schema", {}), schemas))


def _refusal(status: int, path: str) -> dict[str, Any]:
    code, detail = _CODES.get(status, ("Refused", title_of(status)))
    example = Problem(
        type=f"/docs/errors#{code}", title=title_of(status), status=status, detail=detail, instance=path, code=code,
        request_id="0" * 32, docs=f"/docs/errors#{code}",
    )  # fmt: skip
    schema = {"$ref": "#/components/schemas/Problem"}
    return {MEDIA_TYPE: {"schema": schema, "example": example.model_dump(mode="json")}}
