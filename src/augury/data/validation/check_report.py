"""The findings of a check as one JSON document or one page that needs nothing else."""

from __future__ import annotations

import json
from html import escape
from pathlib import Path
from typing import Final

from augury.core.atomic import write_text
from augury.core.clock import iso
from augury.core.errors import UsageError
from augury.core.typing import Json
from augury.data.validation.findings import Finding
from augury.data.validation.validator import ValidationResult

MOST_ROWS: Final = 2000
"""Findings a page shows; the JSON document has all."""
_STYLE: Final = """
:root{color-scheme:light dark;--ink:#1c2430;--paper:#fff;--line:#d5dbe3;--soft:#f4f6f9;--bad:#b3261e;--warn:#8a5a00}
@media(prefers-color-scheme:dark){
:root{--ink:#e4e9f0;--paper:#12161c;--line:#323b48;--soft:#1b212a;--bad:#ff8a80;--warn:#f0c060}}
body{margin:2rem auto;max-width:72rem;padding:0 1rem;font:15px/1.5 system-ui,sans-serif}
body{color:var(--ink);background:var(--paper)}
table{border-collapse:collapse;width:100%}.scroll{overflow-x:auto}
th,td{text-align:left;padding:.4rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}
th{background:var(--soft)}td.n{text-align:right;font-variant-numeric:tabular-nums}
.error{color:var(--bad);font-weight:600}.warning{color:var(--warn);font-weight:600}
code{font-size:.9em;overflow-wrap:anywhere}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem}dt{font-weight:600}dd{margin:0}
"""


def write_report(result: ValidationResult, origin: str, path: Path) -> None:
    """Write a report; the ending of its name says which kind.

    Parameters
    ----------
    result : ValidationResult
    origin : str
        What was checked.
    path : Path
        ``.html`` or ``.json``.

    Raises
    ------
    UsageError
        Another ending.
    StorageFull
        It can not be written there.
    """
    if path.suffix.lower() not in (".html", ".json"):
        raise UsageError(
            f"a report is .html or .json, not '{path.name}'", fix="augury data check FILE --report out.html"
        )
    if path.suffix.lower() == ".json":
        write_text(path, json.dumps(report_json(result, origin), indent=2) + "\n")
    else:
        write_text(path, report_html(result, origin))


def report_json(result: ValidationResult, origin: str) -> Json:
    """Return the document: what was checked, the verdict, every finding."""
    return {"file": origin} | result.to_json()


def report_html(result: ValidationResult, origin: str) -> str:
    """Return the page: verdict, counts, one row a finding; every text of the data is escaped.

    Examples
    --------
    >>> page = report_html(ValidationResult((), rows=3), "<prices>.csv")
    >>> "&lt;prices&gt;.csv" in page, "no findings" in page, "http" in page
    (True, True, False)
    """
    verdict = "valid" if result.is_valid else "invalid: not to be used as it is"
    facts = {
        "Score": f"{result.score:.0f} of 100",
        "Verdict": verdict,
        "Bars": f"{result.rows}",
        "Errors": f"{len(result.errors)}",
        "Warnings": f"{len(result.warnings)}",
        "Timeframe": result.timeframe or "unknown",
        "Calendar": result.calendar or "unknown",
    }
    listed = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts.items())
    mapped = "".join(f"<li>{escape(line)}</li>" for line in result.mapped)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Check of {escape(origin)}</title><style>{_STYLE}</style></head><body>"
        f"<main><h1>Check of <code>{escape(origin)}</code></h1><dl>{listed}</dl>"
        f"<h2>Findings</h2>{_table(result.findings)}"
        + (f"<h2>What was understood</h2><ul>{mapped}</ul>" if mapped else "")
        + "</main></body></html>\n"
    )


def _table(findings: tuple[Finding, ...]) -> str:
    if not findings:
        return "<p>no findings</p>"
    ordered = sorted(findings, key=lambda one: one.severity)
    head = "".join(
        f'<th scope="col">{name}</th>' for name in ("Code", "Severity", "Symbol", "Bars", "First", "Message", "Next")
    )
    more = len(ordered) - MOST_ROWS
    rest = f"<p>{more} more findings are in the JSON report.</p>" if more > 0 else ""
    rows = "".join(_row(one) for one in ordered[:MOST_ROWS])
    return f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>{rest}'


def _row(one: Finding) -> str:
    first = iso(one.first_ts) if one.first_ts is not None else ""
    return (
        f'<tr><td><code>{escape(one.code)}</code></td><td class="{escape(one.severity)}">{escape(one.severity)}</td>'
        f'<td>{escape(one.symbol)}</td><td class="n">{one.rows}</td><td>{escape(first)}</td>'
        f"<td>{escape(one.message)}</td><td><code>{escape(one.fix)}</code></td></tr>"
    )
