"""Failed forecasts: the worst twentieth, and what they have in common."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from augury.core.errors import DataError, UsageError
from augury.core.metrics.classification import log_losses
from augury.core.metrics.uncertainty import wilson
from augury.core.prediction import Prediction
from augury.core.tables import PAST_RETURN, VOLATILITY, LabelledTable
from augury.core.typing import Floats

WORST: Final = 0.05
LOSSES: Final = ("class", "band")
RANGES: Final = 5


@dataclass(frozen=True)
class Case:
    """Answers on rows whose outcome is known.

    Parameters
    ----------
    horizon : str
    table : LabelledTable
        Report rows: nothing was fitted or selected on them.
    prediction : Prediction
        For the same rows.
    regimes : dict
        Name to the regime of each row, beside those of volatility and trend.
    """

    horizon: str
    table: LabelledTable
    prediction: Prediction
    regimes: Mapping[str, Sequence[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Cause:
    """A group of rows, and how many of the worst forecasts lie in it.

    Parameters
    ----------
    kind : str
        ``regime``, ``feature``, ``horizon`` or ``member``.
    group : str
    n : int
        Rows.
    worst : int
        Of them among the worst.
    share, low, high : float
        Share of the worst in the group and its 95 % interval, overlapping outcomes of h bars counted
        once in h.
    overall : float
        The same share over all rows.
    """

    kind: str
    group: str
    n: int
    worst: int
    share: float
    low: float
    high: float
    overall: float

    @property
    def lift(self) -> float:
        """How many times as often as usual a forecast of this group is among the worst."""
        return self.share / self.overall

    @property
    def clear(self) -> bool:
        """True when even the lower end lies above the usual share."""
        return self.low > self.overall


def worst_forecasts(cases: Sequence[Case], *, loss: str = "class", worst: float = WORST) -> list[Cause]:
    """Rank what the worst forecasts have in common, the surest cause first.

    Parameters
    ----------
    cases : sequence of Case
        One a horizon; the worst are taken over all of them together.
    loss : str
        ``class`` (log loss of the calibrated probabilities) or ``band`` (distance of the return from
        the expected one in half-widths of the 80 % band), which also judges versions that abstain.
    worst : float
        Share that counts as worst, in (0, 0.5].

    Returns
    -------
    list of Cause
        By the lower end of the share, largest first.

    Raises
    ------
    UsageError
        Another loss, or a share out of range.
    DataError
        No rows.
    """
    if loss not in LOSSES or not 0 < worst <= 0.5:
        raise UsageError(f"loss={loss!r}, worst={worst}: needed one of {', '.join(LOSSES)} and a share in (0, 0.5]")
    if not any(len(case.table) for case in cases):
        raise DataError("no forecast with a known outcome was given")
    losses = np.concatenate([_losses(case, loss) for case in cases])
    among = np.zeros(len(losses), bool)
    count = max(1, round(worst * len(losses)))
    among[np.argsort(-losses, kind="stable")[:count]] = True
    weight = np.concatenate([np.full(len(case.table), 1 / case.table.spec.horizon_bars) for case in cases])
    overall = count / len(losses)
    causes = [_cause(kind, group, rows, among, weight, overall) for kind, group, rows in _groups(cases) if rows.any()]
    return sorted(causes, key=lambda one: (-one.low, one.kind != "regime", one.group))


def _cause(
    kind: str, group: str, rows: NDArray[np.bool_], among: NDArray[np.bool_], weight: Floats, overall: float
) -> Cause:
    n, hits, n_eff = int(rows.sum()), int((rows & among).sum()), float(weight[rows].sum())
    low, high = wilson(hits / n * n_eff, n_eff)
    return Cause(kind, group, n, hits, hits / n, low, high, overall)


def _losses(case: Case, loss: str) -> Floats:
    prediction, table = case.prediction, case.table
    if loss == "class":
        return log_losses(table.y, prediction.proba)
    half = (prediction.quantiles["q90"] - prediction.quantiles["q10"]) / 2
    miss = np.abs(table.forward_returns - prediction.expected_return)
    distance: Floats = np.divide(miss, half, out=np.full(len(miss), math.inf), where=half > 0)
    return distance


def _groups(cases: Sequence[Case]) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
    """Every group of rows that could be a cause."""
    sizes = [len(case.table) for case in cases]
    horizon = np.repeat(np.arange(len(cases)), sizes)
    for at, case in enumerate(cases if len(cases) > 1 else ()):
        yield "horizon", case.horizon, horizon == at
    yield from _named("regime", _regimes(cases))
    yield from _named("member", {"largest loss": _worst_member(cases)})
    for name in [name for name in cases[0].table.manifest.names if all(name in c.table.manifest.names for c in cases)]:
        values = np.concatenate([case.table.column(name) for case in cases])
        yield from _ranges(name, values)


def _named(kind: str, columns: Mapping[str, NDArray[np.str_]]) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
    for name, column in columns.items():
        for value in sorted(set(column.tolist()) - {""}):
            yield kind, f"{name}: {value}", column == value


def _regimes(cases: Sequence[Case]) -> dict[str, NDArray[np.str_]]:
    volatility = np.concatenate([case.table.column(VOLATILITY) for case in cases])
    trend = np.concatenate([case.table.column(PAST_RETURN) for case in cases])
    calm, wild = np.quantile(volatility, [1 / 3, 2 / 3])
    regimes: dict[str, NDArray[np.str_]] = {
        "volatility": np.where(volatility <= calm, "calm", np.where(volatility > wild, "wild", "usual")),
        "trend": np.where(trend > 0, "rose", np.where(trend < 0, "fell", "stood")),
    }
    for name in dict.fromkeys(name for case in cases for name in case.regimes):
        parts = [np.asarray(case.regimes.get(name, [""] * len(case.table)), dtype=str) for case in cases]
        regimes[name] = np.concatenate(parts)
    return regimes


def _worst_member(cases: Sequence[Case]) -> NDArray[np.str_]:
    parts = []
    for case in cases:
        members = case.prediction.members
        if not members:
            parts.append(np.full(len(case.table), ""))
            continue
        losses = np.column_stack([log_losses(case.table.y, proba) for proba in members.values()])
        parts.append(np.asarray(list(members))[losses.argmax(axis=1)])
    return np.concatenate(parts)


def _ranges(name: str, values: Floats) -> Iterator[tuple[str, str, NDArray[np.bool_]]]:
    borders = np.unique(np.quantile(values, np.linspace(0, 1, RANGES + 1)))
    for at, (low, high) in enumerate(pairwise(borders)):
        inside = (values >= low) & (values <= high) if at == 0 else (values > low) & (values <= high)
        yield "feature", f"{name} {low:.4g} .. {high:.4g}", inside
