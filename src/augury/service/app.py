"""The API, put together: the door, the routes of the catalogue, problems, OpenAPI."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from fastapi import FastAPI

from augury import __version__
from augury.service.backend import Backend
from augury.service.door import Door
from augury.service.openapi import describe
from augury.service.problems import answer_errors
from augury.service.routes import ROUTES
from augury.service.serving.shelf import Shelf

BUSY: Final = ("forecasts", "live", "predict", "score")
"""Routes that are asked most: every request walks down the list until one is found."""


def api(backend: Backend) -> FastAPI:
    """Build the application that answers the API.

    Parameters
    ----------
    backend : Backend
        Closed when the server stops.

    Returns
    -------
    FastAPI
        Without pages; ``web.app.site`` adds those.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        backend.close()
        await backend.limits.cells.close()

    app = FastAPI(
        title="Augury", version=__version__, lifespan=lifespan, openapi_url=None, docs_url=None, redoc_url=None,
        redirect_slashes=False, generate_unique_id_function=lambda route: ".".join([*map(str, route.tags), route.name]),
        description="Market bars into forecasts that prove themselves.",
    )  # fmt: skip
    app.state.backend = backend
    answer_errors(app)
    for _, router in sorted(ROUTES, key=lambda named: named[0] not in BUSY):
        app.include_router(router)
    describe(app)
    app.add_middleware(Shelf, backend=backend)
    app.add_middleware(Door, backend=backend)
    return app
