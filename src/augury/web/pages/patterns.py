"""Patterns: every part pages are made of, with each of its states; what is shown is made up."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter, Request
from fastapi.responses import Response

from augury.service.access import Reader
from augury.web.rendering import page
from augury.web.tables import Column, Table

ROUTER = APIRouter()
_COLUMNS = (
    Column("symbol", "Symbol", link="href"), Column("label", "Says", "label"),
    Column("expected", "Expected", "signed"), Column("confidence", "Confidence", "percent", term="confidence"),
    Column("price", "Price", "price", "USD"), Column("n", "n", "count", term="n"),
    Column("verdict", "Verdict", "verdict", term="verdict"), Column("level", "Level", "level", term="drift"),
    Column("made_at", "Made", "when"), Column("version", "Version", "code", term="version"),
)  # fmt: skip
_ROWS = tuple(
    {
        "symbol": symbol, "href": "/patterns", "label": label, "expected": expected, "confidence": confidence,
        "price": price, "n": n, "verdict": verdict, "level": level, "version": "9f31c0a7",
        "made_at": datetime(2018, 12, 31, 21, tzinfo=UTC),
    }
    for symbol, label, expected, confidence, price, n, verdict, level in (
        ("MADE-UP-1", "BULLISH", 0.0123, 0.541, 2506.85, 812, "skill", "normal"),
        ("MADE-UP-2", "BEARISH", -0.0041, 0.487, 1.14532, 403, "calibrated_only", "monitor"),
        ("MADE-UP-3", "NEUTRAL", 0.0, 0.402, 61.5, 31, "insufficient", "drift"),
        ("MADE-UP-4", None, None, None, None, None, "refused", "emergency"),
    )
)  # fmt: skip
_TOKENS = ("paper", "card", "sunk", "ink", "ink-soft", "line", "line-strong", "accent", "good", "bad", "warn")


@ROUTER.get("/patterns")
def patterns(request: Request, caller: Reader) -> Response:
    """Show every part with its states."""
    tables = [
        Table("rows", "A table: made up, as of 2018-12-31, version 9f31c0a7", _COLUMNS, _ROWS),
        Table(
            "nothing", "A table with nothing in it", _COLUMNS, (), "Nothing was forecast yet.", "augury forecast --all"
        ),
    ]
    return page(request, caller, "patterns.html", title="Patterns", tables=tables, tokens=_TOKENS)
