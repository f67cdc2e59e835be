"""Verbs for alerts: ``augury alerts list|check|test|ack|rules|set``."""

from __future__ import annotations

import getpass
import os
from typing import TYPE_CHECKING, Annotated

import typer

from augury.cli.screen import document, show
from augury.cli.session import SESSION
from augury.core.errors import EXIT_GATE, NotFound, TemporaryError

if TYPE_CHECKING:
    from augury.core.typing import Json

app = typer.Typer(
    help="Who is told when something goes wrong, and what is wrong now.",
    epilog="Example: augury alerts list",
    no_args_is_help=True,
    rich_markup_mode=None,
)

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be sent; write and send nothing.")]


@app.command("list", epilog="Example: augury alerts list --all")
def list_(
    everything: Annotated[bool, typer.Option("--all", help="Normal ones and those without data, too.")] = False,
    history: Annotated[bool, typer.Option("--history", help="Past states, too.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="Rows at most.")] = 50,
    as_json: AsJson = False,
) -> None:
    """List what is wrong now, the last changed first."""
    with SESSION.workspace() as workspace:
        found = workspace.store.alerts.list(open_only=not (everything or history), history=history, limit=limit)
    show(
        [row.to_json() for row in found],
        as_json=as_json,
        columns=["id", "state", "severity", "since", "acknowledged_by", "text"],
        empty="no alert -> run: augury alerts check",
    )


@app.command(epilog="Example: augury alerts check --dry-run")
def check(dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Measure what the store can tell, and tell people what began and what ended. Exit 5: something began."""
    from augury.runs.monitoring.model_monitor import setup_monitoring

    with SESSION.workspace() as workspace:
        found = setup_monitoring(workspace, environ=os.environ).check(dry_run=dry_run)
    rows: list[Json] = [
        {"message": one.message, "severity": one.severity, "rule": one.rule, "subject": one.subject, "text": one.text}
        for one in found.told
    ]
    sent = found.delivered
    SESSION.say(
        f"{found.checked} checked, {'would tell' if dry_run else 'told'} {len(rows)};"
        f" messages sent {sent.sent}, waiting {sent.waiting}, failed {sent.failed}"
    )
    show(rows, as_json=as_json, columns=["message", "severity", "text"], empty="nothing began, nothing ended")
    if found.fired:
        raise typer.Exit(EXIT_GATE)


@app.command("test", epilog="Example: augury alerts test --channel slack")
def try_(
    channel: Annotated[str | None, typer.Option(help="Only this channel; default all there are.")] = None,
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Send a test message to the channels, and say which took it."""
    from augury.runs.monitoring.alerts.trial import try_channels

    with SESSION.workspace() as workspace:
        found = try_channels(workspace, os.environ, channel, dry_run=dry_run)
    show([{"channel": one.channel, "state": one.state, "error": one.error} for one in found], as_json=as_json)
    if failed := [one.channel for one in found if one.state == "failed"]:
        raise TemporaryError(f"the test message did not reach {', '.join(failed)}", fix="augury alerts test")


@app.command(epilog="Example: augury alerts ack 12")
def ack(
    alert: Annotated[int, typer.Argument(help="Number of the alert, see `augury alerts list`.")],
    by: Annotated[str | None, typer.Option(help="Who looks after it; default the login.")] = None,
    as_json: AsJson = False,
) -> None:
    """Note who looks after an alert. It stays open until it resolves."""
    with SESSION.workspace() as workspace:
        row = workspace.store.alerts.acknowledge(alert, by=by or getpass.getuser())
    return (
        document(row.to_json()) if as_json else SESSION.say(f"alert {row.id} is looked after by {row.acknowledged_by}")
    )


@app.command(epilog="Example: augury alerts rules")
def rules(as_json: AsJson = False) -> None:
    """List the rules: those of the store, and the defaults it has no rule of the same name for."""
    from augury.runs.monitoring.alerts.rule import DEFAULTS
    from augury.runs.monitoring.model_monitor import alert_of

    with SESSION.workspace() as workspace:
        kept = {row.name: alert_of(row) for row in workspace.store.alerts.rules()}
    kept |= {alert.name: alert for alert in DEFAULTS if alert.name not in kept}
    rows = [
        {"name": alert.name, "condition": alert.condition, "severity": alert.severity,
         "channels": list(alert.channels) or ["all"], "hold_checks": alert.hold_checks, "enabled": alert.enabled}
        for _, alert in sorted(kept.items())
    ]  # fmt: skip
    show(rows, as_json=as_json)


@app.command("set", epilog="Example: augury alerts set slow 'latency_p95 > 150ms' --severity critical")
def set_(
    name: Annotated[str, typer.Argument(help="Name of the rule; a known one is replaced.")],
    condition: Annotated[str, typer.Argument(help="metric op value[unit], joined by and/or.")],
    severity: Annotated[str, typer.Option(help="info, warning or critical.")] = "warning",
    channel: Annotated[list[str] | None, typer.Option(help="Who is told; again for more, default all.")] = None,
    hold_checks: Annotated[int, typer.Option(min=1, help="Checks in a row it must hold.")] = 1,
    off: Annotated[bool, typer.Option("--off", help="Keep it, do not check it.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read the condition, write nothing.")] = False,
) -> None:
    """Write a rule."""
    from augury.runs.monitoring.alerts.rule import Alert
    from augury.runs.monitoring.model_monitor import ModelMonitor

    alert = Alert(name, condition, severity, tuple(channel or ()), hold_checks, not off)
    if dry_run:
        return SESSION.say(f"would set {alert.name}: {alert.parsed}")
    with SESSION.workspace() as workspace:
        ModelMonitor(workspace, environ=os.environ).setup_alerts([alert])
    return SESSION.say(f"{alert.name}: {alert.parsed} ({alert.severity})")


@app.command(epilog="Example: augury alerts remove slow --yes")
def remove(
    name: Annotated[str, typer.Argument(help="Name of the rule.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Forget a rule; what it raised stays on record. A default one is turned off with `augury alerts set --off`."""
    if not yes:
        typer.confirm(f"forget the rule {name}?", abort=True, err=True)
    with SESSION.workspace() as workspace:
        if not workspace.store.alerts.remove_rule(name):
            raise NotFound(f"no rule '{name}' in the store", fix="augury alerts rules")
    SESSION.say(f"{name} is forgotten")
