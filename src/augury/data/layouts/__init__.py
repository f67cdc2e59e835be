"""The shapes in which bars arrive: one layout a file, each with a public ``LAYOUT``."""

from __future__ import annotations

from augury.core.catalog import Catalog
from augury.core.errors import ValidationError
from augury.data.layouts._table import Layout, Reading, Table, table_of

LAYOUTS: Catalog[Layout] = Catalog("layout", ("augury.data.layouts",), "LAYOUT")

__all__ = ["LAYOUTS", "Layout", "Reading", "Table", "recognise", "table_of"]


def recognise(table: Table) -> Layout:
    """Find the layout of a table; the most particular one wins.

    Raises
    ------
    ValidationError
        None fits: lists the columns found and the columns needed.
    """
    for layout in sorted((layout for _, layout in LAYOUTS), key=lambda layout: layout.rank):
        if layout.recognises(table):
            return layout
    found = ", ".join(repr(name[:24]) for name in table.columns[:16]) or "none"
    raise ValidationError(
        f"{table.origin}: columns found: {found}; needed: a time (ts, date, ds …) and open, high, low, close "
        "(volume, symbol), or dates x symbols (SCHEMA)",
        fix="augury data check FILE",
        code="SCHEMA",
    )
