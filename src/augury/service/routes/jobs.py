"""``/v1/jobs``: ask for jobs, watch them, stop them."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Header, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import StreamingResponse
from pydantic import Field

from augury.service.access import Reader, Trainer, identify, tenants_seen
from augury.service.answers import jobs as answers
from augury.service.answers.jobs import EXAMPLE, JobAnswer, JobLog, JobPage, KindPage, Wish
from augury.service.backend import Backend, TheBackend
from augury.service.events import Watch, stream, stream_all
from augury.service.idempotency import job_key
from augury.service.problems import Problem, facts_without_places, request_id_of
from augury.service.strict import Strict, StrictRoute

ROUTER = APIRouter(prefix="/v1", tags=["jobs"], route_class=StrictRoute)
JobId = Annotated[str, Path(max_length=64, description="Its id.", examples=[EXAMPLE])]
_UNKNOWN: dict[int | str, dict[str, Any]] = {404: {"model": Problem, "description": "No such job"}}
_IN_STATE: dict[int | str, dict[str, Any]] = {409: {"model": Problem, "description": "Its state does not allow it"}}
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Server-sent events: log, progress, state",
        "content": {"text/event-stream": {"schema": {"type": "string"}, "example": "event: state\ndata: {}\n\n"}},
    },
    204: {"description": "The job has ended and every line was told: do not come again"},
}  # fmt: skip


_CHANGED: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Server-sent events: changed",
        "content": {"text/event-stream": {"schema": {"type": "string"}, "example": "event: changed\ndata: {}\n\n"}},
    },
}  # fmt: skip


class JobBody(Strict):
    """What is asked for."""

    kind: Annotated[str, Field(max_length=40, description="Of ``GET /v1/jobs/kinds``.", examples=["forecast"])]
    settings: Annotated[
        dict[str, Any],
        Field(default_factory=dict, description="Over the defaults of the kind.", examples=[{"symbols": ["^GSPC"]}]),
    ]
    priority: Annotated[int, Field(ge=1, le=100, description="1 runs first.", examples=[10])] = 10


@ROUTER.get("/jobs/kinds", summary="The kinds of job")
def list_kinds(caller: Reader) -> KindPage:
    """Return each kind with its settings, their defaults and the scope that asking for it needs."""
    return answers.kinds()


@ROUTER.post("/jobs", status_code=202, summary="Ask for a job", responses=_IN_STATE)
def submit_job(request: Request, response: Response, backend: TheBackend, caller: Trainer, body: JobBody) -> JobAnswer:
    """Write a job down; a worker takes it up. ``Location`` leads to it, and ``/events`` below that tells how it goes.

    With an ``Idempotency-Key`` the same request is the same job, also when this process dies in between.
    """
    wish = Wish(body.kind, body.settings, body.priority, job_key(request), request_id_of(request))
    said = answers.ask(backend, caller, wish)
    response.headers["Location"] = f"/v1/jobs/{said.id}"
    return said


@ROUTER.get("/jobs", summary="Jobs, the last submitted first")
def list_jobs(
    backend: TheBackend,
    caller: Reader,
    state: Annotated[list[str], Query(max_length=6, examples=[["queued", "running"]])] = [],  # noqa: B006 - read only
    kind: Annotated[str | None, Query(max_length=40, examples=["train"])] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    cursor: Annotated[str | None, Query(max_length=300, description="``next_cursor`` of the page before.")] = None,
) -> JobPage:
    """Return the caller's jobs; those who run the installation see its own, too."""
    return answers.jobs(backend, caller, state, kind, limit, cursor)


@ROUTER.get("/jobs/events", summary="Hear that jobs change", response_class=StreamingResponse, responses=_CHANGED)
async def watch_jobs(request: Request, backend: TheBackend, caller: Reader) -> Response:
    """Stream ``changed`` by server-sent events whenever one of the caller's jobs is new, goes on or ends."""
    said = stream_all(watch_of(backend), tenants_seen(caller), lambda: identify(request, backend))
    return StreamingResponse(said, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


@ROUTER.get("/jobs/{job_id}", summary="One job", responses=_UNKNOWN)
def get_job(backend: TheBackend, caller: Reader, job_id: JobId) -> JobAnswer:
    """Return what was asked for, how far it is and how it ended."""
    return answers.job(backend, caller, job_id)


@ROUTER.get("/jobs/{job_id}/logs", summary="The log of a job", responses=_UNKNOWN)
def get_log(
    backend: TheBackend,
    caller: Reader,
    job_id: JobId,
    after: Annotated[int, Query(ge=0, le=2**53, description="Id of the last line you have.")] = 0,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1000,
) -> JobLog:
    """Return what happened to a job, line by line."""
    return answers.log(backend, caller, job_id, after, limit)


@ROUTER.get(
    "/jobs/{job_id}/events", summary="Watch a job", response_class=StreamingResponse, responses=_UNKNOWN | _STREAM
)
async def watch_job(
    request: Request,
    backend: TheBackend,
    caller: Reader,
    job_id: JobId,
    last_event_id: Annotated[int | None, Header(ge=0, le=2**53, description="Goes on behind this line.")] = None,
) -> Response:
    """Stream what happens to a job by server-sent events until it ends; comments keep a silent stream open."""
    found = await run_in_threadpool(answers.seen, backend, caller, job_id)
    after = last_event_id or 0
    if found.ended and last_event_id is not None:
        rest = await run_in_threadpool(answers.log, backend, caller, job_id, after, 1)
        if not rest.lines:
            return Response(status_code=204)
    shown = partial(facts_without_places, backend)
    said = stream(watch_of(backend), found.id, after, lambda: identify(request, backend), shown)
    return StreamingResponse(said, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


def watch_of(backend: Backend) -> Watch:
    """Return the one who looks at the jobs, for all watchers of this process."""
    watch: Watch = backend.parts.setdefault("watch", Watch(backend.workspace.store))
    return watch


@ROUTER.post("/jobs/{job_id}/cancel", summary="Cancel a job", responses=_UNKNOWN | _IN_STATE)
def cancel_job(request: Request, backend: TheBackend, caller: Trainer, job_id: JobId) -> JobAnswer:
    """Cancel a job, also one that runs; cancelling twice is as good as once, one that has ended is 409."""
    return answers.cancel(backend, caller, job_id, request_id_of(request))


@ROUTER.post("/jobs/{job_id}/retry", status_code=202, summary="Do a job again", responses=_UNKNOWN | _IN_STATE)
def retry_job(request: Request, backend: TheBackend, caller: Trainer, job_id: JobId) -> JobAnswer:
    """Queue a job again that failed, died or was cancelled; what it had finished is not done twice."""
    return answers.retry(backend, caller, job_id, request_id_of(request))
