"""OpenAPI 3.1: every operation with its errors, written from the routes themselves."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.responses import Response

from augury.core.hashing import canonical_json
from augury.service.problems import MEDIA_TYPE, Problem

_ALWAYS = (400, 413, 421, 422, 431, 500, 503)
_KNOWN_CALLER = (401, 403, 429)


def describe(app: FastAPI) -> None:
    """Serve ``/openapi.json``: only what lies under ``/v1`` and the older addresses, no pages."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]

    @app.get("/openapi.json", include_in_schema=False)
    async def openapi_json() -> Response:
        return Response(canonical_json(app.openapi()), media_type="application/json")


def _document(app: FastAPI) -> dict[str, Any]:
    said = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    parts = said.setdefault("components", {})
    schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    parts.setdefault("schemas", {}).update(schema.pop("$defs", {}) | {"Problem": schema})
    parts["securitySchemes"] = {
        "key": {"type": "http", "scheme": "bearer", "bearerFormat": "aug_live_…"},
    }
    for path in said["paths"].values():
        for operation in path.values():
            _errors(operation)
    return said


def _errors(operation: dict[str, Any]) -> None:
    answers = operation["responses"]
    refused = {"content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    for status in (*_ALWAYS, *_KNOWN_CALLER):
        answers.setdefault(str(status), refused | {"description": "Problem"})
