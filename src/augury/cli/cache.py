"""Verbs for the Arrow cache: ``augury cache build|info``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from augury.cli.screen import document, show
from augury.cli.session import SESSION

if TYPE_CHECKING:
    from augury.data.arrow_cache import CacheFacts
    from augury.data.panel.roles import Roles

app = typer.Typer(
    help="Build and inspect the Arrow cache of a panel.",
    epilog="Example: augury cache build --input panel.parquet --output panel.arrow",
    no_args_is_help=True,
    rich_markup_mode=None,
)

AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]


@app.command(epilog="Example: augury cache build --input panel.parquet --output panel.arrow")
def build(
    source: Annotated[Path, typer.Option("--input", help="Panel: Parquet or Arrow with symbol and ts.")],
    output: Annotated[Path, typer.Option("--output", help="The cache; replaced whole or not at all.")],
    roles: Annotated[Path | None, typer.Option(help="YAML or JSON: {role: [columns]}, or a feature manifest.")] = None,
    as_json: AsJson = False,
) -> None:
    """Lay a panel out by day, mapped into memory; a cache whose hashes match is left as it is."""
    from augury.data.arrow_cache.build import open_or_build
    from augury.data.panel.roles import Roles

    declared = Roles.read(roles) if roles is not None else _by_name(source)
    opened = open_or_build(output, source, declared)
    facts = opened.cache.facts
    SESSION.say(f"built: {opened.rebuilt}" if opened.rebuilt else "the cache matches its source: used as it is")
    left = [name for name in facts.columns if declared.role(name) == "meta"]
    if left:
        hint = "" if roles is not None else "; declare inputs with --roles FILE"
        listed = ", ".join(left[:6]) + (" …" if len(left) > 6 else "")
        SESSION.say(f"{len(left)} columns have role meta, no model reads them: {listed}{hint}")
    row = _row(output, facts) | {"rebuilt": bool(opened.rebuilt)}
    return document(row | {"reason": opened.rebuilt}) if as_json else show([row])


@app.command(epilog="Example: augury cache info panel.arrow --json")
def info(
    file: Annotated[Path, typer.Argument(help="The cache.")],
    source: Annotated[Path | None, typer.Option("--input", help="The panel it must have been made from.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what a cache holds and when it was built; refuses one that is damaged or stale."""
    from dataclasses import asdict

    from augury.data.arrow_cache import ArrowCache

    cache = ArrowCache.open(file, source=source)
    if as_json:
        return document(asdict(cache.facts) | {"first": cache.days[0], "last": cache.days[-1]})
    row = _row(file, cache.facts) | {"first": cache.days[0], "last": cache.days[-1], "created": cache.facts.created}
    show([row])
    return show(
        [{"role": role, "columns": len(names), "names": names[:8]} for role, names in cache.facts.roles.items()]
    )


def _by_name(source: Path) -> Roles:
    """Without a roles file: the catalogue's features, flags and targets by their names, the rest meta."""
    from augury.data.arrow_cache.build import columns_of
    from augury.data.panel.roles import Roles
    from augury.features.feature_sets import catalogue

    columns = columns_of(source)
    return Roles.of_columns([name for name in columns if name in catalogue()], columns)


def _row(path: Path, facts: CacheFacts) -> dict[str, object]:
    return {
        "cache": path.name,
        "source": facts.source,
        "rows": facts.rows,
        "days": facts.days,
        "columns": len(facts.columns),
        "inputs": len(facts.inputs),
        "mib": round(path.stat().st_size / 2**20, 1),
        "source_sha256": facts.source_sha256[:12],
    }
