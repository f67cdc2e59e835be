"""Tables: described once, shown as HTML and given as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from augury.core.clock import iso


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    Parameters
    ----------
    key : str
        Of the row's mapping; also the head of the CSV column.
    title : str
        Head on the screen.
    kind : str
        How a value is written on the screen, a macro of ``parts/values.html``: ``text``, ``number``,
        ``percent`` (a fraction, shown times 100), ``signed`` (so with its sign, coloured by it), ``edge`` (of a band:
        with its sign, without colour), ``points``, ``price``, ``when`` (a moment), ``bar`` (a bar, by its opening),
        ``ms``, ``count``, ``label``, ``verdict``, ``badge``, ``level``, ``code``, ``long`` (text that may wrap).
    unit : str
        Shown in the head.
    link : str
        Key of the row that holds the address a value leads to; empty for none.
    term : str
        Word of the glossary that explains the head.
    """

    key: str
    title: str
    kind: str = "text"
    unit: str = ""
    link: str = ""
    term: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """A table.

    Parameters
    ----------
    name : str
        ``?csv=NAME`` gives it as CSV; unique on its page.
    caption : str
        What it shows, as of when, from which version.
    columns : sequence of Column
    rows : sequence of mapping
        Raw values: fractions, datetimes in UTC, None for what is not known.
    empty : str
        Said when there are no rows.
    command : str
        The next command when there are no rows.
    address : str
        Where its CSV is; set when the page is rendered, since it keeps the page's query.
    zones : mapping
        Zone of each symbol's market, for moments; set when the page is rendered.
    """

    name: str
    caption: str
    columns: Sequence[Column]
    rows: Sequence[Mapping[str, Any]]
    empty: str = "Nothing yet."
    command: str = ""
    address: str = ""
    zones: Mapping[str, str] = field(default_factory=dict)

    def zone(self, row: Mapping[str, Any]) -> str:
        """Return the zone of the market a row is about; empty when it is about none."""
        return self.zones.get(str(row.get("symbol", "")), "")

    def csv(self) -> str:
        """Write raw values: UTC moments in RFC 3339, fractions, empty for what is not known.

        Examples
        --------
        >>> print(Table("t", "", [Column("a", "A")], [{"a": "=1+1"}]).csv().strip())
        a
        '=1+1
        """
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow([column.key for column in self.columns])
        writer.writerows([_plain(row.get(column.key)) for column in self.columns] for row in self.rows)
        return out.getvalue()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return iso(value)
    # Spreadsheets run text that begins so; the quote keeps it text.
    if isinstance(value, str) and value[:1] in "=+-@\t\r":
        return f"'{value}"
    return "" if value is None else value
