"""Runs: jobs as they go, asking for one, its log; what was trained; searches of settings."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from augury.core.errors import AuguryError, UsageError
from augury.service.access import Reader, Trainer
from augury.service.accounts.caller import Caller
from augury.service.answers import jobs as asking
from augury.service.answers.jobs import TRAINER_KINDS, KindAnswer, Wish, jobs, kinds, log
from augury.service.answers.runs import runs
from augury.service.answers.sweeps import sweep, sweeps
from augury.service.backend import Backend, TheBackend
from augury.service.problems import request_id_of, status_of, without_places
from augury.web.rendering import page
from augury.web.tables import Column, Table

ROUTER = APIRouter()
_NEWEST = 50
_LISTS = ("symbols", "timeframes", "horizons")
JOBS = (
    Column("id", "Job", "code", link="href"),
    Column("kind", "Kind"),
    Column("state", "State", "badge"),
    Column("progress", "Done", "percent"),
    Column("attempt", "Attempt", "count"),
    Column("submitted_by", "Asked by"),
    Column("submitted_at", "Asked", "when"),
    Column("ended_at", "Ended", "when"),
)
TRAINED = (
    Column("symbol", "Symbol", link="href"),
    Column("timeframe", "Bars"),
    Column("horizon", "Horizon", term="horizon"),
    Column("status", "Status", "badge"),
    Column("ensemble_validation_accuracy", "Accuracy", "percent"),
    Column("ci_low", "95 % from", "percent"),
    Column("ci_high", "to", "percent"),
    Column("baseline_accuracy", "Baseline", "percent", term="baseline"),
    Column("n_validation_samples", "n", "count", term="n"),
    Column("seconds", "Took", "number", unit="s"),
    Column("run_date", "Begun", "when"),
    Column("version", "Version", "code", term="version"),
    Column("error_message", "Why not", "long"),
)
SWEEPS = (
    Column("study", "Study", link="href"),
    Column("objective", "Objective"),
    Column("value", "Best", "number"),
    Column("dsr", "Better than luck", "percent"),
    Column("completed", "Completed", "count"),
    Column("pruned", "Pruned", "count"),
    Column("failed", "Failed", "count"),
    Column("running", "Running", "count"),
)
LOG = (Column("at", "When", "when"), Column("level", "Level"), Column("text", "What", "long"))
TRIALS = (
    Column("number", "Trial", "count"),
    Column("state", "State", "badge"),
    Column("value", "Value", "number"),
    Column("dsr", "Better than luck", "percent"),
    Column("seconds", "Took", "number", unit="s"),
    Column("settings", "Settings", "long"),
)


@ROUTER.get("/runs")
def overview(request: Request, backend: TheBackend, caller: Reader, state: str = "", kind: str = "") -> Response:
    """Show jobs, training runs and sweeps."""
    return _shown(request, backend, caller, state=state, kind=kind)


@ROUTER.post("/runs")
def start(
    request: Request,
    backend: TheBackend,
    caller: Trainer,
    kind: Annotated[str, Form(max_length=40)],
    symbols: Annotated[str, Form(max_length=4000)] = "",
    timeframes: Annotated[str, Form(max_length=200)] = "",
    horizons: Annotated[str, Form(max_length=200)] = "",
    more: Annotated[str, Form(max_length=20_000)] = "",
) -> Response:
    """Ask for a job and lead to it, or show the form again with what is wrong."""
    given = {"kind": kind, "symbols": symbols, "timeframes": timeframes, "horizons": horizons, "more": more}
    try:
        wish = Wish(kind, _settings(given), request_id=request_id_of(request))
        made = asking.ask(backend, caller, wish)
    except AuguryError as error:
        return _shown(request, backend, caller, refused=error.message, given=given, status=status_of(error))
    return RedirectResponse(f"/runs/{made.id}", 303)


@ROUTER.get("/runs/sweeps/{study}")
def one_sweep(request: Request, backend: TheBackend, caller: Reader, study: str) -> Response:
    """Show how far a search of settings is."""
    found = sweep(backend, study)
    rows = [row | {"settings": " ".join(f"{k}={v}" for k, v in row["params"].items())} for row in found.last]
    trials = Table("trials", f"The newest of {found.total} trials, {found.objective}", TRIALS, rows, "No trial yet.")
    return page(request, caller, "sweep.html", title=f"Study {study}", tables=[trials], sweep=found)


@ROUTER.get("/runs/{job_id}")
def one_job(request: Request, backend: TheBackend, caller: Reader, job_id: str) -> Response:
    """Show a job and its log."""
    found = asking.job(backend, caller, job_id)
    lines = [line.model_dump() for line in log(backend, caller, job_id, limit=2000).lines]
    shown = Table("log", f"Log of {job_id}", LOG, lines, "Nothing was said yet.", "augury worker")
    settings = {name: _text(value) for name, value in found.settings.items()}
    may = "train" in caller.scopes and (found.kind in TRAINER_KINDS or "operate" in caller.scopes)
    return page(
        request, caller, "job.html", title=f"Job {found.kind} {job_id}", heading=f"Job: {found.kind}", tables=[shown],
        job=found, settings=settings, result=_text(found.result, 2) if found.result else "", may=may,
        active=found.state in ("queued", "running"),
    )  # fmt: skip


@ROUTER.post("/runs/{job_id}/cancel")
def cancel(request: Request, backend: TheBackend, caller: Trainer, job_id: str) -> Response:
    """Cancel a job and show it."""
    asking.cancel(backend, caller, job_id, request_id_of(request))
    return RedirectResponse(f"/runs/{job_id}", 303)


@ROUTER.post("/runs/{job_id}/retry")
def retry(request: Request, backend: TheBackend, caller: Trainer, job_id: str) -> Response:
    """Queue a job again and show it."""
    asking.retry(backend, caller, job_id, request_id_of(request))
    return RedirectResponse(f"/runs/{job_id}", 303)


def _shown(
    request: Request, backend: Backend, caller: Caller, *, state: str = "", kind: str = "", refused: str = "",
    given: dict[str, str] | None = None, status: int = 200,
) -> Response:  # fmt: skip
    found = jobs(backend, caller, [state] if state else [], kind or None, _NEWEST)
    rows = [row.model_dump() | {"href": f"/runs/{row.id}"} for row in found.jobs]
    newest = Table(
        "jobs", "Jobs, the newest first", JOBS, rows, "No job was asked for yet.", "augury jobs submit train"
    )
    allowed = [one for one in kinds().kinds if one.needs in caller.scopes]
    return page(
        request, caller, "runs.html", title="Runs", status=status, kinds=allowed,
        refused=without_places(backend, refused),
        given=given or {"kind": _first(allowed)} | dict.fromkeys((*_LISTS, "more"), ""), state=state, kind=kind,
        states=("queued", "running", "succeeded", "failed", "cancelled", "dead"), all_kinds=kinds().kinds,
        may="train" in caller.scopes, tables=[newest, _trained(backend), _sweeps(backend)],
    )  # fmt: skip


def _first(allowed: list[KindAnswer]) -> str:
    names = [one.kind for one in allowed]
    return "forecast" if "forecast" in names else next(iter(names), "")


def _trained(backend: Backend) -> Table:
    rows = [
        row.model_dump() | {"href": f"/symbols/{row.symbol}?timeframe={row.timeframe}"}
        for row in runs(backend, limit=_NEWEST).runs
    ]
    caption = "Training runs, accuracy on the validation rows"
    return Table(
        "trained", caption, TRAINED, rows, "Nothing was trained yet.", "augury train --symbol ^GSPC --timeframe d1"
    )


def _sweeps(backend: Backend) -> Table:
    rows = []
    for one in sweeps(backend).sweeps:
        best = one.best or {}
        own = {"value": best.get("value"), "dsr": best.get("dsr"), "href": f"/runs/sweeps/{one.study}"}
        rows.append(one.model_dump() | own)
    caption = "Searches of settings, the best trial beside luck"
    return Table("sweeps", caption, SWEEPS, rows, "No search yet.", "augury hpo run --family lgbm --symbol ^GSPC")


def _settings(given: dict[str, str]) -> dict[str, Any]:
    """Read the form: lists by commas or spaces, the rest as a JSON object."""
    settings: dict[str, Any] = {name: given[name].replace(",", " ").split() for name in _LISTS if given[name].strip()}
    if given["more"].strip():
        try:
            more = json.loads(given["more"])
        except json.JSONDecodeError as error:
            raise UsageError(f"further settings are not JSON: {error}") from None
        if not isinstance(more, dict):
            raise UsageError('further settings are a JSON object, such as {"allow_stale": true}')
        settings |= more
    return settings


def _text(value: Any, indent: int | None = None) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str, indent=indent, ensure_ascii=False)
