"""Reviews to and from an external annotator: CSV, JSON, or tasks in the shape of Label Studio."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import polars as pl

from augury.core.atomic import write_text
from augury.core.clock import iso
from augury.core.errors import DataError, NotFound, UsageError
from augury.core.typing import Json
from augury.labels.windows.extraction import Windows
from augury.labels.windows.review import GRADES, Reviews, review_sheet
from augury.labels.windows.rules import PRICES

FORMS: Final = ("csv", "json", "tasks")
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
_REVIEW: Final = ("window_id", "grade", "reason", "reviewer", "date", "label", "expansion_start", "expansion_end")


def export_review(windows: Windows, path: Path, form: str | None = None) -> None:
    """Write windows to be reviewed.

    Parameters
    ----------
    windows : Windows
        What a reviewer shall grade.
    path : Path
        Replaced whole or not at all.
    form : str, optional
        ``csv`` (one row a window, empty grade columns), ``json`` (the same as objects, with the bars) or
        ``tasks`` (a list of ``{"id", "data"}`` with the bars, as annotators such as Label Studio read);
        default by the suffix, csv or json.

    Raises
    ------
    UsageError
        A form that is not known.
    """
    form = form or path.suffix.lower().lstrip(".")
    if form not in FORMS:
        raise UsageError(f"form '{form}' is unknown (known: {', '.join(FORMS)})")
    rows = [{name: _plain(value) for name, value in row.items()} for row in review_sheet(windows).iter_rows(named=True)]
    if form == "csv":
        write_text(path, _csv(rows))
        return
    bars = [[dict(zip(PRICES, bar, strict=True)) for bar in window] for window in windows.prices.tolist()]
    told = [row | {"bars": own} for row, own in zip(rows, bars, strict=True)]
    if form == "tasks":
        asked = {"grade", "reason", "reviewer", "date"}
        told = [
            {"id": at, "data": {name: value for name, value in row.items() if name not in asked} | {"grades": GRADES}}
            for at, row in enumerate(told, start=1)
        ]
    write_text(path, json.dumps(told, ensure_ascii=False, separators=(",", ":")) + "\n")


def import_review(path: Path) -> Reviews:
    """Read graded windows in any of the exported forms; the form is recognised.

    Of a task the answers named ``grade``, ``reason``, ``label``, ``expansion_start`` and ``expansion_end`` are
    read, the reviewer from ``completed_by`` and the date from ``updated_at`` or ``created_at``; cancelled
    answers do not count.

    Raises
    ------
    NotFound
        No such file.
    DataError
        Not such a file, or a review that is not complete.
    """
    if not path.is_file():
        raise NotFound(f"no review file {path}")
    if path.suffix.lower() == ".csv":
        return Reviews.of(_from_csv(path))
    try:
        rows = json.loads(path.read_text())
    except ValueError as error:
        raise DataError(f"{path} is not JSON: {error}") from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise DataError(f"{path} is not a list of reviews or tasks")
    tasks = any("data" in row for row in rows)
    return Reviews.of([review for row in rows for review in _answers(row)] if tasks else rows)


def write_reviews(reviews: Reviews, path: Path) -> None:
    """Durably write reviews as CSV or JSON, by the suffix; :func:`import_review` reads them back."""
    rows = [{name: _plain(row[name]) for name in _REVIEW} for row in reviews.frame.iter_rows(named=True)]
    if path.suffix.lower() == ".csv":
        write_text(path, _csv(rows))
    else:
        write_text(path, json.dumps(rows, indent=1, ensure_ascii=False) + "\n")


def _plain(value: object) -> object:
    return iso(value) if isinstance(value, datetime) else value


def _csv(rows: list[Json]) -> str:
    stream = io.StringIO()
    if rows:
        writer = csv.DictWriter(stream, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        # A spreadsheet would run a cell that begins like a formula; the quote is taken off again on reading.
        writer.writerows({name: _quoted(value) for name, value in row.items()} for row in rows)
    return stream.getvalue()


def _quoted(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith((*_FORMULA, "'")) else value


def _from_csv(path: Path) -> list[Json]:
    try:
        table = pl.read_csv(path, infer_schema=False)
    except pl.exceptions.PolarsError as error:
        raise DataError(f"{path} is not a CSV of reviews: {error}") from error
    if missing := {"window_id", "grade"} - set(table.columns):
        raise DataError(f"{path} lacks the columns {', '.join(sorted(missing))} (found {table.columns})")
    return [
        {name: value[1:] if isinstance(value, str) and value.startswith("'") else value for name, value in row.items()}
        for row in table.iter_rows(named=True)
    ]


def _answers(task: Json) -> Iterator[Json]:
    data = task.get("data")
    if not isinstance(data, dict):
        raise DataError(f"task {task.get('id')} has no data")
    for annotation in task.get("annotations") or []:
        if annotation.get("was_cancelled"):
            continue
        found = {result.get("from_name"): _answer(result.get("value")) for result in annotation.get("result") or []}
        by = annotation.get("completed_by")
        reviewer = by.get("email") or by.get("username") or by.get("id") if isinstance(by, dict) else by
        when = annotation.get("updated_at") or annotation.get("created_at")
        known = {name: found[name] for name in _REVIEW if name in found}
        yield {"window_id": data.get("window_id"), "reviewer": reviewer, "date": when} | known


def _answer(value: Any) -> Any:
    """The first of the choices, texts or numbers of one answer."""
    if not isinstance(value, dict):
        return None
    found = next((value[name] for name in ("choices", "text", "number", "rating") if name in value), None)
    return found[0] if isinstance(found, list) and found else found
