"""Causality audits: those sealed with versions that they cleared, and those that were run by hand."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from augury.runs.proving.kept_audits import KeptAudit as Kept
from augury.runs.proving.kept_audits import kept_audits
from augury.runs.registry.registration import release_of
from augury.service.answers.proof import wanted_cells
from augury.service.backend import Backend
from augury.service.strict import Answer


class StageAnswer(Answer):
    """One stage of an audit: how many columns, cuts and values were compared."""

    stage: str
    columns: int
    cuts: int
    values: int


class AuditAnswer(Answer):
    """The causality audit that cleared a version of the suspicion of a leak, as it is sealed with it."""

    symbol: str
    timeframe: str
    horizon: str
    version: str
    of: str
    verdict: str
    values: int
    cuts: int
    seed: int
    data_version: str
    stages: list[StageAnswer]
    suspects: list[dict[str, Any]]


class AuditedThing(Answer):
    """What an audit was about: a set of features, a file or a class; ``sha256`` of the file's bytes, else null."""

    name: str
    sha256: str | None


class KeptStage(StageAnswer):
    """One stage of an audit that was run by hand, and what was found in it: clean, leaks or not compared."""

    verdict: str


class LeakAnswer(Answer):
    """One column that knew what had not happened yet: ``ts`` is the first row, ``cut`` the moment history ended."""

    stage: str
    column: str
    kind: str
    symbol: str
    ts: datetime
    cut: datetime


class KeptAudit(Answer):
    """An audit that somebody ran of features or a model, as the journal keeps it.

    ``leaking`` counts the columns that looked ahead; ``leaks`` holds the first fifty. ``cuts`` are moments.
    """

    id: int
    at: datetime
    of: list[AuditedThing]
    verdict: str
    text: str
    values: int
    cuts: int
    seed: int
    data_version: str
    timeframe: str
    symbols: list[str]
    synthetic: bool
    stages: list[KeptStage]
    leaking: int
    leaks: list[LeakAnswer]


class AuditList(Answer):
    """Audits sealed with versions, the newest fifty run by hand (``kept``), and the command that makes one."""

    audits: list[AuditAnswer]
    kept: list[KeptAudit]
    command: str


def audits(backend: Backend, symbol: str | None = None, timeframe: str | None = None) -> AuditList:
    """Return the audits that are sealed with versions, and those that were run by hand."""
    found, wanted = [], wanted_cells(symbol, timeframe)
    for row in backend.workspace.store.versions.list(*wanted):
        if (evidence := release_of(row.manifest)) is None:
            continue
        said = {name: evidence[name] for name in ("of", "verdict", "values", "seed", "data_version", "suspects")}
        cuts = evidence["cuts"]
        found.append(
            AuditAnswer(
                symbol=row.symbol, timeframe=row.timeframe, horizon=row.horizon, version=row.version, **said,
                cuts=len(cuts) if isinstance(cuts, list) else int(cuts),
                stages=[StageAnswer(**{name: _count(stage[name]) for name in StageAnswer.model_fields})
                        for stage in evidence["stages"]],
            )
        )  # fmt: skip
    kept = [_kept(one) for one in kept_audits(backend.workspace, *wanted)]
    return AuditList(audits=found, kept=kept, command="augury lookahead")


def _kept(one: Kept) -> KeptAudit:
    said = {name: one.data[name] for name in KeptAudit.model_fields if name in one.data and name != "of"}
    of = [AuditedThing(name=each.name, sha256=each.sha256) for each in one.of]
    return KeptAudit.model_validate({"id": one.id, "at": one.at, "text": one.text, "of": of, **said})


def _count(value: Any) -> Any:
    return len(value) if isinstance(value, list) else value
