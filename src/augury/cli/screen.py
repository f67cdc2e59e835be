"""How rows appear: a table for people, JSON or CSV for programs; never both on one stream."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TextIO

from augury.cli.session import SESSION

WIDTH = 80


def show(
    rows: Sequence[Mapping[str, Any]],
    *,
    as_json: bool = False,
    as_csv: bool = False,
    columns: Sequence[str] = (),
    empty: str = "",
    title: str = "",
) -> None:
    """Print rows to stdout.

    Parameters
    ----------
    rows : sequence of mapping
        Same keys in each.
    as_json, as_csv : bool
        One JSON document, or CSV with every key; else a table of ``columns``.
    columns : sequence of str
        Shown in the table, in order; empty means all.
    empty : str
        Said on stderr when there is nothing; it names the next command.
    title : str
        Above the table.
    """
    if as_json:
        document(list(rows))
    elif as_csv:
        write_csv(rows, sys.stdout)
    elif not rows:
        SESSION.say(empty)
    else:
        _table(rows, columns or list(rows[0]), title)


def document(value: Any) -> None:
    """Print one JSON document: UTC times with Z, missing as null, never NaN."""
    from augury.core.hashing import canonical_json

    sys.stdout.write(json.dumps(json.loads(canonical_json(value)), indent=2, ensure_ascii=False) + "\n")


def write_csv(rows: Sequence[Mapping[str, Any]], stream: TextIO) -> None:
    """Write rows as CSV; a cell that a spreadsheet would run as a formula is quoted with ``'``."""
    if not rows:
        return
    writer = csv.DictWriter(stream, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({key: _inert(value) for key, value in row.items()})


def text(value: object) -> str:
    """Write one cell.

    Examples
    --------
    >>> [text(v) for v in (None, 0.51234, datetime(2018, 12, 31), True)]
    ['-', '0.512', '2018-12-31', 'yes']
    """
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3f}" if abs(value) < 1000 else f"{value:,.2f}"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d" if (value.hour, value.minute) == (0, 0) else "%Y-%m-%d %H:%MZ")
    if isinstance(value, list | tuple):
        return " ".join(str(item) for item in value)
    return str(value)


def _inert(value: object) -> object:
    if isinstance(value, str) and value[:1] in "=+-@\t\r":
        return f"'{value}"
    return json.dumps(value, default=str) if isinstance(value, dict | list | tuple) else value


def _table(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], title: str) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    console = Console(
        no_color=SESSION.no_color, highlight=False, markup=False, width=None if sys.stdout.isatty() else 160
    )
    table = Table(
        box=box.SIMPLE_HEAD,
        title=title or None,
        title_justify="left",
        pad_edge=False,
        show_edge=False,
        padding=(0, 1, 0, 0),
    )
    for name in columns:
        numeric = any(isinstance(row[name], int | float) and not isinstance(row[name], bool) for row in rows)
        table.add_column(name.replace("_", " "), justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(text(row[name]) for name in columns))
    console.print(table)
