"""Causality audits that were run by hand are kept in the journal: a clean one is evidence, a leak is one too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from augury.core.bars import Bars
from augury.core.typing import Json
from augury.proof.audit import AuditReport
from augury.records.loop.journal import Entry
from augury.runs.workspace import Workspace

KIND: Final = "lookahead"
"""Of the journal's entries."""
NEWEST: Final = 1000
"""Entries that are looked through for those of one symbol."""
_LEAKS: Final = 50
"""Leaks that are written out; all are counted."""
_STAGE: Final = ("stage", "columns", "cuts", "values", "verdict")
_LEAK: Final = ("stage", "column", "kind", "symbol", "ts", "cut")


@dataclass(frozen=True, slots=True)
class Audited:
    """What an audit was about.

    Parameters
    ----------
    name : str
        A set of features, or a file or class as it was given, without the folders before it.
    sha256 : str or None
        Of the file's bytes, so that the evidence is about that very text; None for what is no file.
    """

    name: str
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class KeptAudit:
    """One audit as the journal has it.

    Parameters
    ----------
    id : int
        Of the journal's entry.
    at : datetime
    text : str
        One sentence.
    of : tuple of Audited
    data : dict
        ``verdict``, ``values``, ``cuts`` (moments), ``seed``, ``data_version``, ``timeframe``, ``symbols``,
        ``synthetic``, ``stages``, ``leaks`` (the first ones) and ``leaking`` (columns, all of them).
    """

    id: int
    at: datetime
    text: str
    of: tuple[Audited, ...]
    data: Json


def keep(workspace: Workspace, report: AuditReport, bars: Bars, of: Sequence[Audited]) -> KeptAudit:
    """Write an audit into the journal, whatever it found.

    Parameters
    ----------
    workspace : Workspace
    report : AuditReport
    bars : Bars
        What was cut.
    of : sequence of Audited
        At least one.

    Returns
    -------
    KeptAudit

    Raises
    ------
    StoreError, TemporaryError
        It could not be written.
    """
    told = report.to_json()
    leaks = [{name: leak.to_json()[name] for name in _LEAK} for leak in report.leaks[:_LEAKS]]
    data = {
        **{name: told[name] for name in ("verdict", "values", "probes", "seed", "data_version")},
        "of": [{"name": one.name, "sha256": one.sha256} for one in of], "cuts": len(report.cuts),
        "timeframe": str(bars.timeframe), "symbols": list(bars.symbols), "synthetic": bars.synthetic,
        "stages": [{name: stage[name] for name in _STAGE} for stage in told["stages"]],
        "leaks": leaks, "leaking": len(report.leaks),
    }  # fmt: skip
    level = "warning" if report.leaks else "info"
    subject = ", ".join(one.name for one in of)
    return _read(workspace.store.journal.add(KIND, subject, level, _sentence(report), data))


def kept_audits(
    workspace: Workspace, symbol: str | None = None, timeframe: str | None = None, *, limit: int = 50
) -> list[KeptAudit]:
    """Return the audits that were kept, the newest first.

    Parameters
    ----------
    workspace : Workspace
    symbol, timeframe : str, optional
        Only those of bars of these.
    limit : int

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from augury.core.settings import Settings
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with Workspace.open(Settings.load({"data_dir": Path(folder)}, environ={})) as place:
    ...         kept_audits(place)
    []
    """
    found = [_read(entry) for entry in reversed(workspace.store.journal.list(KIND, limit=NEWEST))]
    wanted = [
        one for one in found
        if (symbol is None or symbol in one.data["symbols"]) and timeframe in (None, one.data["timeframe"])
    ]  # fmt: skip
    return wanted[:limit]


def _sentence(report: AuditReport) -> str:
    at = f"{len(report.cuts)} cuts"
    if report.leaks:
        first, count = report.leaks[0], len(report.leaks)
        return (
            f"{count} column{'s' if count > 1 else ''} looked ahead at {at},"
            f" first '{first.column}' of {first.stage} ({first.kind})"
        )
    if silent := [stage.name for stage in report.stages if stage.verdict == "not compared"]:
        return f"nothing of {', '.join(silent)} could be compared at {at}"
    return f"{report.values:,} values are equal bit for bit at {at}"


def _read(entry: Entry) -> KeptAudit:
    of = tuple(Audited(one["name"], one["sha256"]) for one in entry.data["of"])
    return KeptAudit(entry.id, entry.at, entry.text, of, entry.data)
