"""Which column makes a score too good to be true?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from augury.core.metrics.ranking import ic, rank_ic
from augury.core.tables import FORWARD_RETURN, LabelledTable
from augury.core.typing import Json
from augury.proof.audit.report import AuditReport
from augury.proof.limits import load_limits

ROWS_MIN = 50
"""Rows with value and outcome below which a correlation says nothing."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """A column that knows more about the outcome than markets tell.

    Parameters
    ----------
    column : str
    ic, rank_ic : float
        Correlation with the forward return over the rows that have both, Pearson and Spearman.
    n : int
        Such rows.
    kind : str
        What the audit named it, empty without an audit or when it was clean there.
    """

    column: str
    ic: float
    rank_ic: float
    n: int
    kind: str = ""

    @property
    def size(self) -> float:
        """The larger of the two correlations, without its sign."""
        return max(abs(self.ic), abs(self.rank_ic))

    def to_json(self) -> Json:
        """Write as a JSON object."""
        return {"column": self.column, "ic": self.ic, "rank_ic": self.rank_ic, "n": self.n, "kind": self.kind}


def name_suspects(
    table: LabelledTable, limit: float | None = None, *, report: AuditReport | None = None
) -> tuple[Suspect, ...]:
    """Rank the features whose correlation with the forward return is beyond a limit.

    A single feature that alone is beyond it does not lack skill, it lacks an alibi: with the outcome
    among its inputs it leaks, and ``augury lookahead`` shows where.

    Parameters
    ----------
    table : LabelledTable
        Rows without a value or without an outcome are left out, column by column.
    limit : float, optional
        Smallest suspicious absolute correlation, in (0, 1]; default the gate's ``too_good.ic_max``.
    report : AuditReport, optional
        Columns it named come first, and are there whatever their correlation.

    Returns
    -------
    tuple of Suspect
        Those the audit named, then by the size of their correlation.

    Examples
    --------
    >>> from augury.core.labelspec import LabelSpec
    >>> from augury.core.timeframe import Timeframe
    >>> from augury.data.synthetic import SyntheticMarket
    >>> from augury.features import build
    >>> from augury.labels import attach
    >>> bars = SyntheticMarket(n_symbols=2, n_bars=300).bars()
    >>> name_suspects(attach(build(bars), bars, LabelSpec(Timeframe.D1, "1d", 1, 0.004)), 0.6)
    ()
    """
    least = load_limits()["too_good.ic_max"] if limit is None else limit
    named = {leak.column: leak.kind for leak in report.leaks} if report is not None else {}
    outcome = table.column(FORWARD_RETURN)
    found = []
    for name in table.manifest.names:
        values = table.column(name)
        both = np.isfinite(values) & np.isfinite(outcome)
        n = int(both.sum())
        pair = (ic(values[both], outcome[both]), rank_ic(values[both], outcome[both])) if n >= ROWS_MIN else (0.0, 0.0)
        linear, ranked = (0.0 if np.isnan(one) else one for one in pair)
        suspect = Suspect(name, linear, ranked, n, named.get(name, ""))
        if suspect.kind or suspect.size > least:
            found.append(suspect)
    return tuple(sorted(found, key=lambda one: (not one.kind, -one.size, one.column)))
