"""``augury backup``, ``restore`` and ``verify``: a copy of everything, and the proof that it is one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from augury.cli.screen import document
from augury.cli.session import SESSION

if TYPE_CHECKING:
    from augury.runs.upkeep.backup import Checked

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    app.command(epilog="Example: augury backup --out /backups/2026-11-21")(backup)
    app.command(epilog="Example: augury restore /backups/2026-11-21 --data-dir /srv/augury")(restore)
    app.command(epilog="Example: augury verify /backups/2026-11-21")(verify)


def backup(
    out: Annotated[Path, typer.Option(help="New folder.")],
    as_json: AsJson = False,
) -> None:
    """Copy database, versions and lake into a new folder while others go on working.

    A PostgreSQL store needs `pg_dump` in PATH.
    """
    from augury.runs.upkeep.backup import backup as make

    with SESSION.workspace() as workspace:
        manifest = make(workspace, out.resolve())
    files = manifest["files"].values()
    if as_json:
        document(manifest)
    SESSION.say(f"{len(files)} files, {sum(entry['size'] for entry in files):,} bytes in {out}")
    SESSION.say(f"next: augury verify {out}")


def restore(
    source: Annotated[Path, typer.Argument(metavar="DIR", help="A backup.")],
    as_json: AsJson = False,
) -> None:
    """Make the data folder of `--data-dir` from a backup; it must be new or empty.

    A backup of PostgreSQL goes into the empty database that DATABASE_URL names. Everything is verified before and
    after.
    """
    from augury.runs.upkeep.backup import restore as make

    settings = SESSION.settings()
    _told(make(source.resolve(), settings), as_json=as_json)
    SESSION.say(f"next: augury --data-dir {settings.data_dir} forecasts list")


def verify(
    source: Annotated[Path | None, typer.Argument(metavar="[DIR]", help="A backup; default: the data folder.")] = None,
    as_json: AsJson = False,
) -> None:
    """Recompute every hash: files, versions, chains of the ledger, series; exit 1 when one differs."""
    from augury.runs.upkeep.backup import verify_backup, verify_store

    if source is not None:
        found = verify_backup(source.resolve())
    else:
        with SESSION.workspace() as workspace:
            found = verify_store(workspace)
    _told(found, as_json=as_json)
    found.require()


def _told(found: Checked, *, as_json: bool) -> None:
    if as_json:
        document(found.to_json())
    for line in found.findings:
        SESSION.say(line)
    facts = {
        "files": found.files,
        "ledger rows": found.ledger_rows,
        "versions": found.versions,
        "series": found.series,
    }
    told = ", ".join(f"{number:,} {name}" for name, number in facts.items() if number is not None)
    SESSION.say(f"{found.place}: {told}; {len(found.findings) or 'no'} faults")
