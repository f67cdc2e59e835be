"""Verbs for jobs: ``augury jobs submit|list|show|logs|watch|cancel|retry|pause|resume|kinds|costs``."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from augury.cli.screen import document, show, text
from augury.cli.session import SESSION
from augury.core.errors import EXIT_FAILURE, UsageError

if TYPE_CHECKING:
    from augury.records.loop.jobs import Job, JobEvent

app = typer.Typer(
    help="Ask for jobs, watch them, stop them.",
    epilog="Example: augury jobs submit train --set symbols=^GSPC",
    no_args_is_help=True,
    rich_markup_mode=None,
)
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
JobId = Annotated[str, typer.Argument(help="Its id, or the beginning of it.")]


@app.callback()
def durable() -> None:
    """Ask for jobs, watch them, stop them."""


@app.command(epilog="Example: augury jobs submit train --set symbols=^GSPC --set horizons=5d")
def submit(
    kind: Annotated[str, typer.Argument(help="See: augury jobs kinds")],
    settings: Annotated[list[str] | None, typer.Option("--set", help="NAME=VALUE (YAML); lists: a,b. Repeat.")] = None,
    key: Annotated[str | None, typer.Option(help="Idempotency key: asked again, the same job.")] = None,
    priority: Annotated[int, typer.Option(min=1, max=100, help="1 runs first.")] = 10,
    queue: Annotated[str | None, typer.Option(help="heavy or light; default the kind's.")] = None,
    attempts: Annotated[int | None, typer.Option(min=1, help="Of one step; default the kind's.")] = None,
    time_limit: Annotated[float | None, typer.Option(min=0.001, help="Seconds from its first start.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check the settings, submit nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Ask for a job; a worker carries it out."""
    from augury.runs.durable import KINDS
    from augury.runs.durable.submission import submit as ask

    wanted = _settings(KINDS.load(kind).settings, settings or [])
    if dry_run:
        return document({"kind": kind, "settings": KINDS.load(kind).complete(wanted)})
    with SESSION.workspace() as workspace:
        job = ask(workspace, kind, wanted, key=key, priority=priority, queue=queue, attempts=attempts,
                  time_limit_s=time_limit, by="cli")  # fmt: skip
    if as_json:
        return document(job.to_json())
    typer.echo(job.id)
    return SESSION.say(f"{job.state} in queue {job.queue} -> run: augury worker, then: augury jobs watch {job.id}")


@app.command("list", epilog="Example: augury jobs list --state running")
def list_(
    state: Annotated[list[str] | None, typer.Option(help="queued running succeeded failed cancelled dead.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only this kind.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Rows at most.")] = 20,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV on stdout.")] = False,
) -> None:
    """List jobs, the last submitted first."""
    from augury.records.loop.tables import JOB_STATES

    for word in state or []:
        if word not in JOB_STATES:
            raise UsageError(f"unknown state '{word}' (known: {', '.join(JOB_STATES)})")
    with SESSION.workspace() as workspace:
        jobs = workspace.store.jobs.list(states=state or [], kind=kind, limit=limit)
    columns = ["id", "kind", "state", "progress", "attempt", "priority", "submitted_at", "ended_at"]
    rows = [{name: getattr(job, name) for name in (*columns, "queue", "submitted_by")} for job in jobs]
    show(rows, as_json=as_json, as_csv=as_csv, columns=columns, empty="no jobs -> run: augury jobs submit train")


@app.command("show", epilog="Example: augury jobs show 20261121T105800Z-1a2b3c")
def show_(job: JobId, as_json: AsJson = False) -> None:
    """Show everything about a job."""
    with SESSION.workspace() as workspace:
        found = workspace.store.jobs.get(job)
    if as_json:
        return document(found.to_json())
    return show([{"fact": name, "value": value} for name, value in found.to_json().items()])


@app.command(epilog="Example: augury jobs logs 20261121T105800Z-1a2b3c --json")
def logs(job: JobId, as_json: AsJson = False) -> None:
    """Print what happened to a job; with --json one line an event."""
    with SESSION.workspace() as workspace:
        found = workspace.store.jobs.get(job)
        events = workspace.store.jobs.events(found.id, limit=100_000)
    if as_json:
        from augury.core.hashing import canonical_json

        for event in events:
            typer.echo(
                canonical_json({name: getattr(event, name) for name in ("job_id", "ts", "level", "text", "data")})
            )
        return
    for event in events:
        typer.echo(_line(event))


@app.command(epilog="Example: augury jobs watch 20261121T105800Z-1a2b3c")
def watch(
    job: JobId,
    every: Annotated[float, typer.Option(min=0.05, help="Seconds between two looks.")] = 0.5,
    as_json: AsJson = False,
) -> None:
    """Follow a job until it ends; exits 1 when it did not succeed."""
    with SESSION.workspace() as workspace:
        found, seen = workspace.store.jobs.get(job), 0
        while True:
            for event in workspace.store.jobs.events(found.id, after=seen):
                seen = event.id
                SESSION.say(f"{_share(found)} {_line(event)}")
            if found.ended:
                break
            time.sleep(every)
            found = workspace.store.jobs.get(found.id)
    if as_json:
        document(found.to_json())
    else:
        typer.echo(f"{found.id} {found.state}")
    if found.state != "succeeded":
        raise typer.Exit(EXIT_FAILURE)


@app.command(epilog="Example: augury jobs cancel 20261121T105800Z-1a2b3c")
def cancel(job: JobId, as_json: AsJson = False) -> None:
    """Cancel a job, also one that runs: its worker stops within a second."""
    with SESSION.workspace() as workspace:
        found = workspace.store.jobs.get(job)
        if not workspace.store.jobs.end(found.id, "cancelled", "by cli"):
            raise UsageError(f"job {found.id} has ended: it is {found.state}", fix=f"augury jobs show {found.id}")
        _tell(workspace.store.jobs.get(found.id), as_json)


@app.command(epilog="Example: augury jobs retry 20261121T105800Z-1a2b3c")
def retry(job: JobId, as_json: AsJson = False) -> None:
    """Queue a job again that failed, died or was cancelled; what was done is kept."""
    with SESSION.workspace() as workspace:
        _tell(workspace.store.jobs.again(workspace.store.jobs.get(job).id, "cli"), as_json)


@app.command(epilog="Example: augury jobs pause forecast")
def pause(kind: Annotated[str, typer.Argument(help="Of job.")]) -> None:
    """Start no more jobs of a kind; those that run go on."""
    from augury.runs.durable import KINDS

    KINDS.load(kind)
    with SESSION.workspace() as workspace:
        workspace.store.controls.pause(kind, by="cli")
    SESSION.say(f"{kind}: paused -> run: augury jobs resume {kind}")


@app.command(epilog="Example: augury jobs resume forecast")
def resume(kind: Annotated[str, typer.Argument(help="Of job.")]) -> None:
    """Start jobs of a kind again."""
    with SESSION.workspace() as workspace:
        paused = workspace.store.controls.resume(kind)
    SESSION.say(f"{kind}: {'resumed' if paused else 'was not paused'}")


@app.command(epilog="Example: augury jobs kinds")
def kinds(as_json: AsJson = False) -> None:
    """List the kinds of job with their settings and defaults."""
    from augury.runs.durable import KINDS

    rows: list[dict[str, Any]] = [
        {"kind": name, "does": kind.title, "queue": kind.queue, "settings": dict(kind.settings)} for name, kind in KINDS
    ]
    if as_json:
        return document(rows)
    return show([row | {"settings": " ".join(f"{k}={text(v)}" for k, v in row["settings"].items())} for row in rows])


@app.command(epilog="Example: augury jobs costs --month 2026-11")
def costs(
    month: Annotated[str, typer.Option(help="YYYY-MM in UTC; default this month.")] = "",
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV on stdout.")] = False,
) -> None:
    """Sum up a month: jobs that ended, seconds, and bytes of the versions made, by kind.

    ``limit_s`` is what one job was allowed; two hours for a training with default settings.
    """
    from augury.runs.durable.costs import costs as summed

    with SESSION.workspace() as workspace:
        found = summed(workspace, month)
    columns = ["kind", "jobs", "failed", "seconds", "longest_s", "limit_s", "within", "versions", "bytes"]
    show([cost.to_json() for cost in found], as_json=as_json, as_csv=as_csv, columns=columns, empty="no job ended then")
    slow = [cost.kind for cost in found if not cost.within]
    hours = sum(cost.seconds for cost in found) / 3600
    over = f", over the limit: {', '.join(slow)}" if slow else ""
    SESSION.say(f"{sum(cost.jobs for cost in found)} jobs, {hours:.2f} h{over}")


def _settings(known: Any, given: list[str]) -> dict[str, Any]:
    import yaml

    settings: dict[str, Any] = {}
    for line in given:
        name, equals, value = line.partition("=")
        if not equals:
            raise UsageError(f"'{line}' is not NAME=VALUE", fix="augury jobs kinds")
        if isinstance(known.get(name), list) and not value.startswith("["):
            settings[name] = [word.strip() for word in value.split(",") if word.strip()]
            continue
        try:
            settings[name] = yaml.safe_load(value)
        except yaml.YAMLError as error:
            raise UsageError(f"{name}={value} is not YAML", fix="augury jobs kinds") from error
    return settings


def _share(job: Job) -> str:
    return " --%" if job.progress is None else f"{job.progress:4.0%}"


def _line(event: JobEvent) -> str:
    return f"{event.ts:%Y-%m-%d %H:%M:%S} {event.level:7} {event.text}"


def _tell(job: Job, as_json: bool) -> None:
    if as_json:
        return document(job.to_json())
    return typer.echo(f"{job.id} {job.state}")
