"""Verbs for the schedule: ``augury schedule show|pause|resume|run`` and ``augury scheduler``."""

from __future__ import annotations

import getpass
import signal
import threading
from typing import TYPE_CHECKING, Annotated

import typer

from augury.cli.screen import show
from augury.cli.session import SESSION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from augury.runs.schedule.scheduler import Scheduler
    from augury.runs.workspace import Workspace

app = typer.Typer(
    help="What happens when, and what happened.",
    epilog="Example: augury schedule show",
    no_args_is_help=True,
    rich_markup_mode=None,
)

Name = Annotated[str, typer.Argument(help="Entry, see `augury schedule show`.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would happen, change nothing.")]


def register(root: typer.Typer) -> None:
    """Add ``augury scheduler``."""
    root.command(epilog="Example: augury scheduler")(scheduler)


@app.command("show", epilog="Example: augury schedule show")
def show_(as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False) -> None:
    """List the entries with the last and the next due time, in UTC."""
    with SESSION.workspace() as workspace:
        lines = _scheduler(workspace).lines()
    rows = [
        {"entry": line.name, "kind": line.entry.kind, "when": str(line.entry.when),
         "state": "paused" if line.paused else "on", "next_at": line.next_at,
         "last_due": line.last.due_at if line.last else None, "missed": len(line.last.missed) if line.last else None,
         "job": line.last.job_id if line.last else None, "title": line.entry.title}
        for line in lines
    ]  # fmt: skip
    show(rows, as_json=as_json, columns=["entry", "when", "state", "next_at", "last_due", "job"])


@app.command(epilog="Example: augury schedule pause retrain --reason 'data vendor down'")
def pause(entry: Name, reason: Annotated[str, typer.Option(help="Why; kept.")] = "", dry_run: DryRun = False) -> None:
    """Let an entry rest; jobs that were submitted before go on."""
    if dry_run:
        return SESSION.say(f"would pause {entry}")
    with SESSION.workspace() as workspace:
        _scheduler(workspace).pause(entry, by=getpass.getuser(), reason=reason)
    return SESSION.say(f"{entry} is paused -> run: augury schedule resume {entry}")


@app.command(epilog="Example: augury schedule resume retrain")
def resume(entry: Name, dry_run: DryRun = False) -> None:
    """Go on with an entry; what was due while it rested is not made up for."""
    if dry_run:
        return SESSION.say(f"would resume {entry}")
    with SESSION.workspace() as workspace:
        was = _scheduler(workspace).resume(entry, by=getpass.getuser())
    return SESSION.say(f"{entry} goes on" if was else f"{entry} was not paused")


@app.command(epilog="Example: augury schedule run evaluate")
def run(entry: Name, dry_run: DryRun = False) -> None:
    """Submit an entry's job now; prints the job's id."""
    if dry_run:
        return SESSION.say(f"would submit {entry}")
    with SESSION.workspace() as workspace:
        job_id = _scheduler(workspace).run_now(entry)
    return show([{"entry": entry, "job": job_id}])


def scheduler(
    once: Annotated[bool, typer.Option("--once", help="Look once and end: for cron and CI.")] = False,
) -> None:
    """Submit what is due until told to end; a second one beside it does no harm."""
    with SESSION.workspace() as workspace:
        found = _scheduler(workspace)
        stop = threading.Event()
        if once:
            fired = found.tick()
            return SESSION.say(f"{len(fired)} fired: {', '.join(firing.entry for firing in fired) or 'nothing is due'}")
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stop.set())
        found.run(stop, SESSION.say)
    return None


def _scheduler(workspace: Workspace) -> Scheduler:
    from augury.runs.durable.submission import submit
    from augury.runs.schedule.scheduler import Scheduler

    def ask(kind: str, settings: Mapping[str, object], key: str) -> str:
        return submit(workspace, kind, settings, key=key, by="scheduler").id

    return Scheduler(workspace, ask)
