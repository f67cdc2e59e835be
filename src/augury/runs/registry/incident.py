"""The incident report: what happened to the models in a window of time, told from the records alone."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timedelta
from html import escape
from pathlib import Path
from typing import Any, Final

from augury.core.atomic import write_text
from augury.core.clock import iso
from augury.core.errors import UsageError
from augury.core.hashing import canonical_json
from augury.core.typing import Json
from augury.runs.workspace import Workspace

DAYS: Final = 7
_ROWS_MAX: Final = 10_000
_TABLES: Final = {
    "switches": "Switches that are on",
    "aliases": "Versions that were moved",
    "drift": "Drift, worse than NORMAL",
    "training": "Training",
    "alerts": "Alerts",
    "journal": "Journal",
}


def incident(
    workspace: Workspace, *, since: datetime | None = None, until: datetime | None = None, symbol: str | None = None
) -> Json:
    """Collect what a person needs to understand an incident; reads only.

    Parameters
    ----------
    workspace : Workspace
    since, until : datetime, optional
        The window; default the seven days before the clock.
    symbol : str, optional
        Only what concerns this symbol; switches of whole kinds of job stay.

    Returns
    -------
    dict
        ``since, until, summary`` (sentences computed from the rows below) and one list of rows a table.
    """
    until = until or workspace.clock.now()
    since = since or until - timedelta(days=DAYS)
    if since >= until:
        raise UsageError(f"a window from {since} to {until} is empty")
    tables: dict[str, list[Json]] = {
        "switches": [
            {"name": one.name, **one.value, "set_by": one.set_by, "set_at": one.set_at}
            for one in workspace.store.controls.list()
            if symbol is None or one.name.startswith("pause:") or one.subject.split(" ")[0] == symbol
        ],
        "aliases": [asdict(move) for move in workspace.store.versions.history(symbol) if since <= move.at < until],
        "drift": _drift(workspace, since, until, symbol),
        "training": _training(workspace, since, until, symbol),
        "alerts": _alerts(workspace, since, until, symbol),
        "journal": [
            asdict(entry)
            for entry in workspace.store.journal.list(since=since, until=until)
            if symbol is None or entry.subject.split(" ")[0] == symbol
        ],
    }
    return {"since": since, "until": until, "symbol": symbol, "summary": _summary(tables), **tables}


def write_report(report: Json, path: Path) -> Path:
    """Write a report as JSON or as one HTML page without any foreign request, by the ending of the name.

    Raises
    ------
    UsageError
        Another ending.
    """
    writers = {".json": lambda: canonical_json(report) + "\n", ".html": lambda: _page(report)}
    if path.suffix not in writers:
        raise UsageError(f"'{path.name}' is neither .html nor .json", fix="augury incident report --out FILE.html")
    write_text(path, writers[path.suffix]())
    return path


def _drift(workspace: Workspace, since: datetime, until: datetime, symbol: str | None) -> list[Json]:
    found = workspace.store.drift.list(symbol, since=since.date(), until=until.date())
    fields = ("symbol", "timeframe", "date", "level", "accuracy", "baseline_accuracy", "drift_margin", "n_eff")
    return [{name: getattr(row, name) for name in fields} for row in found if row.level != "NORMAL"]


def _training(workspace: Workspace, since: datetime, until: datetime, symbol: str | None) -> list[Json]:
    fields = ("symbol", "timeframe", "horizon", "run_date", "status", "version", "seconds", "error_message")
    runs = workspace.store.training_runs.list(symbol, limit=_ROWS_MAX)
    inside = [run for run in reversed(runs) if since <= run.run_date < until]
    return [{name: getattr(run, name) for name in fields} for run in inside]


def _alerts(workspace: Workspace, since: datetime, until: datetime, symbol: str | None) -> list[Json]:
    fields = ("rule", "subject", "severity", "state", "since", "updated_at", "acknowledged_by", "text")
    found = [
        row
        for row in workspace.store.alerts.list(history=True, limit=_ROWS_MAX)
        if since <= row.updated_at and row.since < until
    ]
    mine = [row for row in found if symbol is None or row.subject.split(" ")[0] == symbol]
    return [{name: getattr(row, name) for name in fields} for row in mine if row.state != "normal"]


def _summary(tables: dict[str, list[Json]]) -> list[str]:
    rolled = [row for row in tables["journal"] if row["kind"] == "rollback"]
    damaged = [row for row in tables["journal"] if row["kind"] == "damaged"]
    failed = [row for row in tables["training"] if row["status"] != "succeeded"]
    worst = max((row["level"] for row in tables["drift"] if row["level"] in _WORSE), key=_WORSE.index, default=None)
    champions = [row for row in tables["aliases"] if row["alias"] == "champion"]
    told = [
        f"{len(champions)} times a champion was moved, {len(rolled)} of them back",
        f"worst drift level: {worst}" if worst else "no drift level worse than NORMAL",
        f"{len(failed)} of {len(tables['training'])} trainings failed",
    ]
    told += [f"{len(damaged)} versions were found damaged"] if damaged else []
    told += [f"{row['name']} is on since {iso(row['set_at'])}, set by {row['set_by']}" for row in tables["switches"]]
    return told


_WORSE: Final = ("MONITOR", "DRIFT", "EMERGENCY")


def _page(report: Json) -> str:
    window = f"{iso(report['since'])} to {iso(report['until'])}"
    told = "".join(f"<li>{escape(line)}</li>" for line in report["summary"])
    tables = "".join(_table(title, report[name]) for name, title in _TABLES.items())
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Incident report</title><style>'
        "body{font:14px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;padding:0 1rem}"
        ":root{color-scheme:light dark}"
        "table{border-collapse:collapse;width:100%;margin:.5rem 0 2rem}td,th{border-bottom:1px solid #8886;"
        "padding:.25rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}"
        f"</style></head><body><h1>Incident report</h1><p>{escape(window)}</p><ul>{told}</ul>{tables}</body></html>\n"
    )


def _table(title: str, rows: list[Json]) -> str:
    if not rows:
        return f"<h2>{escape(title)}</h2><p>None.</p>"
    names = list(dict.fromkeys(name for row in rows for name in row if name != "data"))
    head = "".join(f'<th scope="col">{escape(name.replace("_", " "))}</th>' for name in names)
    body = "".join(f"<tr>{''.join(f'<td>{escape(_cell(row.get(name)))}</td>' for name in names)}</tr>" for row in rows)
    return f"<h2>{escape(title)}</h2><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return iso(value)
    return f"{value:.3f}" if isinstance(value, float) else str(value)
