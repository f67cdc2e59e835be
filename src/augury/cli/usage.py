"""Verbs for usage: ``augury usage show|export``."""

from __future__ import annotations

import sys
from datetime import date, datetime, timedelta
from typing import Annotated

import typer

from augury.cli.screen import show, write_csv
from augury.cli.session import SESSION

app = typer.Typer(
    help="What was used.",
    epilog="Example: augury usage show",
    no_args_is_help=True,
    rich_markup_mode=None,
)

OfTenant = Annotated[str, typer.Option("--tenant", help="Name or id of the tenant.")]
DAY = "%Y-%m-%d"
_CALLS_MAX = 1_000_000


@app.command("show", epilog="Example: augury usage show --days 7")
def show_(
    tenant: OfTenant = "home",
    days: Annotated[int, typer.Option(min=1, max=366, help="The last so many UTC days.")] = 31,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV on stdout.")] = False,
) -> None:
    """Show calls by day: let through, billed, refused by a limit, failed, mean milliseconds."""
    with SESSION.workspace() as workspace:
        of = workspace.store.people.tenant(tenant)
        today = workspace.clock.now().date()
        found = workspace.store.usage.daily(of.id, since=today - timedelta(days=days - 1), until=today)
    rows = [
        {"day": one.day.isoformat(), "calls": one.calls, "units": one.units, "refused": one.refused,
         "failed": one.failed, "latency_ms": one.latency_ms}
        for one in found
    ]  # fmt: skip
    title = f"{of.name} ({of.plan})"
    show(rows, as_json=as_json, as_csv=as_csv, title=title, empty=f"{title}: no calls in {days} days")


@app.command(epilog="Example: augury usage export --since 2026-11-01 > usage.csv")
def export(
    tenant: OfTenant = "home",
    since: Annotated[datetime | None, typer.Option(formats=[DAY], help="First UTC day.")] = None,
    until: Annotated[datetime | None, typer.Option(formats=[DAY], help="Last UTC day.")] = None,
) -> None:
    """Write every call as CSV to stdout, the newest first."""
    from augury.core.clock import iso

    with SESSION.workspace() as workspace:
        of = workspace.store.people.tenant(tenant)
        found = workspace.store.usage.list(
            of.id, since=_midnight(since), until=_midnight(until, 1), limit=_CALLS_MAX
        )  # fmt: skip
    rows = [
        {"at": iso(call.at), "method": call.method, "route": call.route, "status": call.status,
         "latency_ms": call.latency_ms, "units": call.units, "key_id": call.key_id, "user_id": call.user_id,
         "request_id": call.request_id}
        for _, call in found
    ]  # fmt: skip
    write_csv(rows, sys.stdout)
    SESSION.say(f"{len(rows)} calls of {of.name}")


def _midnight(day: datetime | None, days: int = 0) -> datetime | None:
    if day is None:
        return None
    whole: date = day.date() + timedelta(days=days)
    return datetime.fromisoformat(f"{whole}T00:00:00+00:00")
