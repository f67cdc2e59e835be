"""Graphs from correlation: who moved together in the last 60 sessions.

    graphs = correlation_graphs(bars)
    graphs = correlation_graphs(panel, GraphSpec(method="spearman"), column="past_ret_1", sectors=records)

Returns are aligned by date: a suspended symbol keeps its days, unknown. A correlation makes an edge from
0.3 on, at most ten chosen by each symbol; both directions are there, each once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from augury.core.bars import Bars
from augury.core.clock import iso
from augury.core.errors import LeakError, UsageError
from augury.core.hashing import sha256_bytes, sha256_json
from augury.core.typing import Floats, Ints
from augury.data.knowledge.asof import need_columns
from augury.data.panel.roles import Roles
from augury.features.panel.correlations import correlations, ranks, residuals
from augury.features.panel.day_grid import NAMES_MIN, DayGrid, past_return
from augury.features.panel.graph import USUAL, Graph, Graphs, GraphSpec
from augury.features.panel.graph_store import GraphStore
from augury.features.panel.sectors import UNKNOWN, codes_on


def correlation_graphs(
    source: Bars | pl.DataFrame,
    spec: GraphSpec = USUAL,
    *,
    column: str = "past_ret_1",
    roles: Roles | None = None,
    sectors: pl.DataFrame | None = None,
    markets: Mapping[str, str] | None = None,
    store: GraphStore | None = None,
) -> Graphs:
    """Make a graph every ``spec.refresh`` sessions, from the first day with enough of them on.

    Looks back ``spec.sessions`` sessions from each graph's own day, and ahead 0.

    Parameters
    ----------
    source : Bars or pl.DataFrame
        Bars, or a panel with ``symbol, ts`` and one-session returns in ``column``. A day on which
        fewer than three symbols trade is no session.
    spec : GraphSpec
    column : str
        Of a panel: its past returns.
    roles : Roles, optional
        Declared roles of the panel; a target is refused by its name in any case.
    sectors : pl.DataFrame, optional
        ``symbol, sector, valid_from, valid_to``; without it nobody shares a sector.
    markets : mapping of str to str, optional
        Market of each symbol; default all in one.
    store : GraphStore, optional
        Where graphs are kept from one call to the next.

    Raises
    ------
    LeakError
        The column is a target.
    UsageError
        The column is missing, or residuals are asked for without sectors.
    """
    grid, returns = _returns(source, column, roles)
    if spec.residual and sectors is None:
        raise UsageError("a graph of residual correlation needs the sectors: it takes market and sector out")
    days = np.arange(spec.common_min, len(grid.days), spec.refresh)
    on = grid.days.gather(days)
    groups = (
        np.full((len(days), len(grid.symbols)), UNKNOWN) if sectors is None else codes_on(on, grid.symbols, sectors)
    )
    owner = _market_codes(grid.symbols, markets)
    graphs = []
    for ts, day, group in zip(on.to_list(), days.tolist(), groups, strict=True):
        window = returns[max(0, day + 1 - spec.sessions) : day + 1]
        alive: NDArray[np.bool_] = np.any(~np.isnan(window), axis=0)
        symbols = tuple(name for name, here in zip(grid.symbols, alive.tolist(), strict=True) if here)
        made = _Day(ts, symbols, np.ascontiguousarray(window[:, alive]), group[alive], owner[alive])
        graphs.append(made.graph(spec) if store is None else _kept(made, spec, store))
    return Graphs(tuple(graphs), spec)


@dataclass(frozen=True)
class _Day:
    """All a graph is made from."""

    ts: datetime
    symbols: tuple[str, ...]
    window: Floats
    sector: Ints
    market: Ints

    def key(self, spec: GraphSpec) -> str:
        """Date, symbols, parameters and data: what a kept graph is found by."""
        content = sha256_bytes(self.window.tobytes() + self.sector.tobytes() + self.market.tobytes())
        return sha256_json([iso(self.ts), sha256_json(list(self.symbols)), asdict(spec), content])

    def graph(self, spec: GraphSpec) -> Graph:
        """Correlate, choose, and describe the edges."""
        x = residuals(self.window, self.sector) if spec.residual else self.window
        x = ranks(x) if spec.method == "spearman" else x
        age = np.arange(len(x) - 1.0, -1.0, -1.0)
        weights = 0.5 ** (age / spec.half_life) if spec.method == "exponential" else np.ones(len(x))
        strength = correlations(x, weights, spec.common_min) * (1.0 - spec.shrink)
        np.fill_diagonal(strength, 1.0)
        source, target = np.nonzero(_joined(np.abs(strength), spec))
        own = source == target
        sector = (self.sector[source] == self.sector[target]) & (self.sector[source] >= 0)
        columns = [strength[source, target], self.market[source] == self.market[target], sector | own]
        return Graph(self.ts, self.symbols, source, target, np.column_stack(columns).astype(np.float32))


def _returns(source: Bars | pl.DataFrame, column: str, roles: Roles | None) -> tuple[DayGrid, Floats]:
    if isinstance(source, Bars):
        grid = DayGrid.of(source.frame, least=NAMES_MIN)
        return grid, past_return(grid.spread(source.frame["close"]), 1)
    need_columns(source, ["symbol", "ts", column], "the panel")
    if "target" in {Roles({}).role(column), (roles or Roles({})).role(column)}:
        raise LeakError(f"'{column}' is a target: a graph is made from past returns")
    grid = DayGrid.of(source, least=NAMES_MIN)
    return grid, grid.spread(source[column])


def _market_codes(symbols: Sequence[str], markets: Mapping[str, str] | None) -> Ints:
    named = sorted(set(markets.values())) if markets else []
    return np.array([named.index(markets[name]) if markets else 0 for name in symbols], dtype=np.int64)


def _joined(strength: Floats, spec: GraphSpec) -> NDArray[np.bool_]:
    """Who is joined: the strongest of each row above the threshold, in both directions, and everyone with itself."""
    n = len(strength)
    candidate = np.where(strength >= spec.threshold, strength, -1.0)  # NaN is below any threshold
    np.fill_diagonal(candidate, -1.0)
    chosen = candidate > 0.0
    if n > spec.neighbours:
        least = np.partition(candidate, n - spec.neighbours, axis=1)[:, n - spec.neighbours]
        chosen &= candidate >= least[:, None]
        # Of equal strength at the border the first by name are chosen.
        for row in np.flatnonzero(chosen.sum(axis=1) > spec.neighbours).tolist():
            chosen[row] = False
            chosen[row, np.argsort(-candidate[row], kind="stable")[: spec.neighbours]] = True
    joined: NDArray[np.bool_] = chosen | chosen.T | np.eye(n, dtype=np.bool_)
    return joined


def _kept(day: _Day, spec: GraphSpec, store: GraphStore) -> Graph:
    key = day.key(spec)
    if (found := store.get(key)) is not None:
        return Graph(day.ts, day.symbols, *found)
    graph = day.graph(spec)
    store.put(key, graph.source, graph.target, graph.attributes)
    return graph
