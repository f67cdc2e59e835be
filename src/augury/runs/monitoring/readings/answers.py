"""Whether what is said still depends on the bars: collapse, one-sided habits and dead heads."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Final

import numpy as np

from augury.core.labelspec import LABELS
from augury.core.typing import Json
from augury.proof.drift.answers import Answers, habits
from augury.records.chain import LedgerRow
from augury.runs.monitoring.measured import Measured, Reading
from augury.runs.monitoring.readings._cells import served_cells
from augury.runs.workspace import Workspace

ROWS: Final = 600
"""Forecasts of a symbol and timeframe that are looked at, all horizons together."""
_SILENT: Final = {"abstain", "band_only", "replay"}
"""Their sameness is meant, or they say nothing about today."""


def _read(workspace: Workspace, now: datetime) -> Sequence[Measured]:
    found = []
    for symbol, timeframe in served_cells(workspace, now):
        spoken: dict[tuple[str, str], list[LedgerRow]] = defaultdict(list)
        for row in reversed(workspace.store.ledger.list(symbol, timeframe, limit=ROWS)):
            if not _SILENT & set(row.forecast.flags):
                spoken[row.forecast.horizon, row.forecast.version].append(row)
        rows: list[Json] = []
        for (horizon, version), said in sorted(spoken.items()):
            answers = _answers(workspace, said)
            rows += [
                {"horizon": horizon, "version": version, "n": len(said), **one.to_json()} for one in habits(answers)
            ]
        if spoken:
            found.append(Measured(f"{symbol} {timeframe}", {"bad_habits": float(len(rows))}, rows))
    return found


def _answers(workspace: Workspace, said: Sequence[LedgerRow]) -> Answers:
    first = said[0].forecast
    came = [
        outcome
        for outcome in workspace.store.evaluations.list(
            first.symbol, first.timeframe, first.horizon, first.version, replay=False, limit=len(said)
        )
        if not outcome.abstained
    ]
    return Answers(
        np.array([row.forecast.probabilities for row in said]),
        np.array([row.forecast.expected_return for row in said]),
        np.array([outcome.realised_return for outcome in came], dtype=np.float64),
        np.array([LABELS.index(outcome.realised_label) for outcome in came], dtype=np.float64),
    )


READING: Final = Reading(("bad_habits",), _read)
