"""``augury doctor`` and ``augury show-config``."""

from __future__ import annotations

from typing import Annotated

import typer

from augury.cli.screen import show
from augury.cli.session import SESSION

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    app.command(epilog="Example: augury doctor")(doctor)
    app.command("show-config", epilog="Example: augury show-config --json")(show_config)


def doctor(
    preflight: Annotated[bool, typer.Option("--preflight", help="Try the five parts networks stand on.")] = False,
    as_json: AsJson = False,
) -> None:
    """Examine the installation and the store; exits 1 when something is broken.

    With --preflight the five parts that the training of a window network stands on are tried; exits 5
    when one fails.
    """
    from augury.runs.upkeep.doctor import examine

    if preflight:
        _preflight(as_json)
        return

    findings = list(examine(SESSION.settings()))
    rows = [{"name": f.name, "status": f.status, "message": f.message, "fix": f.fix} for f in findings]
    show(rows, as_json=as_json)
    if any(finding.status == "broken" for finding in findings):
        raise typer.Exit(1)


def _preflight(as_json: bool) -> None:
    from augury.core.errors import EXIT_GATE
    from augury.core.extras import require
    from augury.runs.proving.preflight import preflight

    require("torch", extra="deep")
    parts = list(preflight())
    show([{"part": p.name, "passed": p.passed, "message": p.message} for p in parts], as_json=as_json)
    SESSION.say(f"{sum(part.passed for part in parts)}/{len(parts)}")
    if not all(part.passed for part in parts):
        raise typer.Exit(EXIT_GATE)


def show_config(as_json: AsJson = False) -> None:
    """Show every setting with its value and where the value came from."""
    rows = [{"setting": name, "value": value, "origin": origin} for name, value, origin in SESSION.settings().shown()]
    show(rows, as_json=as_json)
