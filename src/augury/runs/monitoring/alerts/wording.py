"""The words of an alert, computed from the very values and rows it was decided on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from augury.core.clock import iso
from augury.core.typing import Json
from augury.records.loop.alerts import AlertRow
from augury.runs.monitoring.alerts.expression import Clause, Condition
from augury.runs.monitoring.alerts.rule import Alert

LENGTH_MAX: Final = 3000
"""Characters of a message; Slack cuts longer ones, and nobody reads them."""
_CUT: Final = "… (cut: too long)"


@dataclass(frozen=True, slots=True)
class Message:
    """What a channel sends.

    Parameters
    ----------
    title : str
        One line.
    body : str
        At most 3,000 characters.
    severity : str
        ``resolved`` when the alert has ended.
    data : dict
        The same for programs.
    """

    title: str
    body: str
    severity: str
    data: Json

    @property
    def text(self) -> str:
        """Title and body together, at most 3,000 characters."""
        return shortened(f"{self.title}\n{self.body}")


def sentence(alert: Alert, condition: Condition, subject: str, values: Mapping[str, float | None], state: str) -> str:
    """Say in one line what was found.

    Examples
    --------
    >>> drop = Alert("slow", "latency_p95 > 200ms")
    >>> sentence(drop, drop.parsed, "live", {"latency_p95": 0.25}, "alerting")
    'slow of live: alerting, latency_p95 is 250ms (rule: latency_p95 > 200ms)'
    """
    found = " and ".join(dict.fromkeys(_found(clause, values.get(clause.metric)) for clause in condition.clauses))
    where = f" of {subject}" if subject else ""
    return f"{alert.name}{where}: {state}, {found} (rule: {condition})"


def message(row: AlertRow, kind: str, at: datetime) -> Message:
    """Put a row of the alerts into a message.

    Parameters
    ----------
    row : AlertRow
    kind : str
        ``fire`` or ``resolve``.
    at : datetime
        When it is said.
    """
    over = kind == "resolve"
    word = "resolved" if over else row.severity
    title = f"[{word}] {row.rule}{f' {row.subject}' if row.subject else ''}"
    lines = [row.text, f"since {iso(row.since)}"]
    lines += [
        ", ".join(f"{name} {_plain(value)}" for name, value in found.items()) for found in row.data.get("rows", [])
    ]
    data = {
        "event": f"alert.{'resolved' if over else 'fired'}",
        "alert": row.id,
        "rule": row.rule,
        "subject": row.subject,
        "severity": row.severity,
        "state": row.state,
        "value": row.value,
        "since": iso(row.since),
        "at": iso(at),
        "text": shortened(row.text),
    }
    return Message(shortened(title, 200), shortened("\n".join(lines)), word, data)


def shortened(text: str, limit: int = LENGTH_MAX) -> str:
    """Cut a text that is too long and say so.

    Examples
    --------
    >>> len(shortened("x" * 5000)), shortened("x" * 5000)[-11:]
    (3000, ': too long)')
    """
    if len(text) <= limit:
        return text
    return f"{text[: limit - len(_CUT)]}{_CUT}"


def _found(clause: Clause, value: float | None) -> str:
    if value is None:
        return f"{clause.metric} is not known"
    return f"{clause.metric} is {clause.shown(value) if math.isfinite(value) else 'not a number'}"


def _plain(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else "unknown" if value is None else str(value)
