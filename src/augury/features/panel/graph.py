"""Who moves with whom: a graph of the symbols, made from what was known on its day.

graphs = correlation_graphs(bars)               # features.correlation_graph: one every five sessions
graphs.at(ts).dense(symbols)                    # who is joined to whom, and how, for the names of a day
sector_graph(ts, symbols, records)              # who shared a sector on that day
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from augury.core.clock import iso
from augury.core.errors import InsufficientHistory, UsageError
from augury.core.typing import Features, Ints
from augury.features.panel.sectors import codes_on

METHODS: Final = ("pearson", "spearman", "exponential")
ATTRIBUTES: Final = ("correlation", "same_market", "same_sector")


@dataclass(frozen=True, slots=True)
class GraphSpec:
    """How correlations become edges.

    Parameters
    ----------
    method : str
        ``pearson``, ``spearman`` (ranks within the window) or ``exponential`` (recent sessions count more).
    sessions : int
        Length of the window. Longer is steadier and slower to notice change. Default 60.
    common_min : int
        Sessions of it on which two symbols must both have a return. Default 40.
    half_life : float
        Sessions after which a return counts half, ``exponential`` only. Default 20.
    shrink : float
        Share taken off every correlation, default 0.05.
    threshold : float
        Smallest absolute correlation of an edge, after shrinking. Default 0.3.
    neighbours : int
        Edges each symbol chooses, the strongest; it may be chosen by more. Default 10.
    refresh : int
        Sessions from one graph to the next. Default 5.
    residual : bool
        Correlate what is left without the market and the sector. Default False.

    Raises
    ------
    UsageError
        An unknown method, or a number outside its range.
    """

    method: str = "pearson"
    sessions: int = 60
    common_min: int = 40
    half_life: float = 20.0
    shrink: float = 0.05
    threshold: float = 0.3
    neighbours: int = 10
    refresh: int = 5
    residual: bool = False

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise UsageError(f"unknown correlation '{self.method}' (known: {', '.join(METHODS)})")
        if not (3 <= self.common_min <= self.sessions and self.neighbours >= 1 and self.refresh >= 1):
            raise UsageError(
                f"common_min={self.common_min} must lie between 3 and sessions={self.sessions}; "
                f"neighbours={self.neighbours} and refresh={self.refresh} are at least 1"
            )
        if not (0.0 <= self.shrink < 1.0 and 0.0 < self.threshold <= 1.0 and self.half_life > 0.0):
            raise UsageError(
                f"shrink={self.shrink} lies in [0, 1), threshold={self.threshold} in (0, 1], "
                f"half_life={self.half_life} above 0"
            )


USUAL: Final = GraphSpec()
"""Pearson over 60 sessions, at most ten edges a symbol from 0.3 on, every five sessions."""


@dataclass(frozen=True)
class Graph:
    """Edges between the symbols of one day, each direction once, every symbol joined to itself.

    Parameters
    ----------
    ts : datetime
        The last session it was made from.
    symbols : tuple of str
        The nodes, sorted: those with a return in the window.
    source, target : array of int
        Nodes of each edge, sorted by source, then target.
    attributes : array (edges, 3), float32
        Signed correlation (of a sector graph: weight), same market 0/1, same sector 0/1.
    """

    ts: datetime
    symbols: tuple[str, ...]
    source: Ints
    target: Ints
    attributes: Features

    @cached_property
    def peers(self) -> NDArray[np.bool_]:
        """Which edges join two different symbols."""
        found: NDArray[np.bool_] = self.source != self.target
        return found

    def dense(self, symbols: Sequence[str]) -> tuple[NDArray[np.bool_], Features]:
        """Return who is joined to whom ``(n, n)`` and how ``(n, n, 3)``, for the symbols of a day in their order.

        A symbol the graph does not know is joined to itself alone.
        """
        place = {name: k for k, name in enumerate(symbols)}
        at = np.array([place.get(name, -1) for name in self.symbols], dtype=np.int64)
        joined = np.eye(len(symbols), dtype=np.bool_)
        how = np.zeros((len(symbols), len(symbols), len(ATTRIBUTES)), np.float32)
        how[joined] = 1.0
        source, target = at[self.source], at[self.target]
        on = (source >= 0) & (target >= 0)
        joined[source[on], target[on]] = True
        how[source[on], target[on]] = self.attributes[on]
        return joined, how


@dataclass(frozen=True)
class Graphs:
    """Graphs in the order of time.

    Parameters
    ----------
    graphs : tuple of Graph
    spec : GraphSpec
    """

    graphs: tuple[Graph, ...]
    spec: GraphSpec

    def at(self, ts: datetime) -> Graph:
        """Return the graph that holds on a day: the latest one made from that day or earlier ones.

        Raises
        ------
        InsufficientHistory
            The first graph is later.
        """
        found = bisect_right([graph.ts for graph in self.graphs], ts)
        if not found:
            raise InsufficientHistory(
                f"no graph of {iso(ts)} or before: one needs {self.spec.common_min} sessions of returns"
            )
        return self.graphs[found - 1]


def sector_graph(
    ts: datetime,
    symbols: Sequence[str],
    records: pl.DataFrame,
    *,
    weights: Mapping[str, float] = {"sector": 0.2, "industry": 0.5, "sub_industry": 0.8},
) -> Graph:
    """Join the symbols that shared a sector on a day, more strongly when they shared more.

    Parameters
    ----------
    ts : datetime
        The records in force on that day count.
    symbols : sequence of str
    records : pl.DataFrame
        ``symbol, valid_from, valid_to`` and those columns of ``weights`` that are known.
    weights : mapping of str to float
        Level to weight, from coarse to fine; a level counts only where all coarser ones are shared.

    Examples
    --------
    >>> from datetime import UTC, date
    >>> rows = pl.DataFrame({"symbol": ["A", "B"], "sector": "Energy", "industry": ["Oil", "Coal"],
    ...     "valid_from": date(2000, 1, 1), "valid_to": None}, schema_overrides={"valid_to": pl.Date})
    >>> sector_graph(datetime(2018, 1, 2, tzinfo=UTC), ["A", "B"], rows).attributes[:, 0].round(1).tolist()
    [1.0, 0.20000000298023224, 0.20000000298023224, 1.0]
    """
    names = tuple(sorted(symbols))
    day = pl.Series("ts", [ts])
    shared = np.ones((len(names), len(names)), dtype=np.bool_)
    weight = np.zeros(shared.shape)
    in_sector = np.zeros(shared.shape, dtype=np.bool_)
    for level in (level for level in weights if level in records.columns):
        code = codes_on(day, names, records, level)[0]
        shared &= (code[:, None] == code[None, :]) & (code >= 0)[:, None]
        weight[shared] = weights[level]
        in_sector |= shared
    np.fill_diagonal(weight, 1.0)
    source, target = np.nonzero(weight)
    columns = [weight[source, target], np.ones(len(source)), in_sector[source, target] | (source == target)]
    return Graph(ts, names, source, target, np.column_stack(columns).astype(np.float32))
