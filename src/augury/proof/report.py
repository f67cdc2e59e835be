"""The report: one self-contained HTML file, and the same facts as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from augury.core.atomic import write_text
from augury.core.clock import iso
from augury.core.errors import UsageError
from augury.core.score import Score
from augury.core.typing import Json
from augury.proof import page
from augury.proof.page import ReportCell
from augury.proof.selection import METRICS

__all__ = ["ReportCell", "report_json", "write_report"]

BYTES_MAX: Final = 2_000_000
DETAILS: Final = ("full", "short", "summary")
"""``full`` shows everything; ``short`` leaves out reliability and scores; ``summary`` is the table alone."""
FORMAT: Final = 1


def write_report(path: Path, cells: Sequence[ReportCell], *, title: str, facts: Mapping[str, str]) -> Path:
    """Write one HTML file that needs nothing else: no script, no font, no foreign request.

    A report of very many cells says less about each, and says that it does, rather than grow past
    2 MB.

    Parameters
    ----------
    path : Path
        Replaced as a whole or not at all.
    cells : sequence of ReportCell
        At least one; sections follow their order.
    title : str
        Heading of the page.
    facts : mapping
        Name to text, shown on top: the command, the recipe, the moment.

    Returns
    -------
    Path
        ``path``.

    Raises
    ------
    UsageError
        No cells, or too many for 2 MB even as a summary.
    StorageFull
        The file cannot be written.
    """
    if not cells:
        raise UsageError("a report needs at least one cell; none was given", fix="augury train --all")
    for detail in DETAILS:
        content = _render(cells, title, facts, detail)
        if len(content.encode()) <= BYTES_MAX:
            write_text(path, content)
            return path
    raise UsageError(f"{len(cells)} cells do not fit a report of {BYTES_MAX // 1_000_000} MB; ask for fewer symbols")


def report_json(cells: Sequence[ReportCell]) -> Json:
    """Write the same facts as a JSON object: moments as RFC 3339, missing as null.

    Examples
    --------
    >>> report_json([])
    {'format': 1, 'headline': 'No cells.', 'cells': []}
    """
    return {"format": FORMAT, "headline": page.headline(cells), "cells": [_cell_json(cell) for cell in cells]}


def _cell_json(cell: ReportCell) -> Json:
    manifest, forecast = cell.manifest, cell.forecast
    return {
        "symbol": manifest.symbol,
        "timeframe": manifest.timeframe,
        "horizon": manifest.horizon,
        "model_version": manifest.version,
        "content_hash": manifest.content_hash,
        "data_version": manifest.data_version,
        "feature_hash": manifest.features.hash,
        "as_of": iso(forecast.data_until) if forecast else manifest.data_last,
        "synthetic": "synthetic market" in cell.badges,
        "warnings": list(cell.badges),
        "verdict": manifest.verdict.to_json(),
        "scores": [_score_json(cell, score) for score in cell.scores],
        "reliability": [one.to_json() for one in cell.reliability],
        "forecast": _plain(forecast.to_json()) if forecast else None,
        "extra": dict(cell.extra),
    }


def _score_json(cell: ReportCell, score: Score) -> Json:
    if score.name not in METRICS:
        return score.to_json()
    one = cell.deflated.get(score.name)
    return score.to_json() | {"deflated": None if one is None else one.to_json()}


def _plain(row: Json) -> Json:
    return {key: iso(value) if isinstance(value, datetime) else value for key, value in row.items()}


def _render(cells: Sequence[ReportCell], title: str, facts: Mapping[str, str], detail: str) -> str:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("augury.proof"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    for name in ("percent", "price", "signed"):
        environment.filters[name] = getattr(page, name)
    context: dict[str, Any] = {
        "title": title,
        "facts": dict(facts),
        "headline": page.headline(cells),
        "sections": page.sections(cells),
        "detail": detail,
        "VERDICTS": page.VERDICTS,
        "DIRECTIONS": page.DIRECTIONS,
        "prices": page.prices,
        "reliability_summary": page.reliability_summary,
        "reliability_picture": page.reliability_picture,
    }
    return environment.get_template("report.html.j2").render(context)
