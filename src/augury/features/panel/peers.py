"""The peers beside their symbols: what those joined to a symbol did on the same day."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from augury.core.bars import Bars
from augury.core.typing import Floats, Ints
from augury.features.panel.correlation_graph import correlation_graphs
from augury.features.panel.day_grid import NAMES_MIN, DayGrid, past_return
from augury.features.panel.graph import Graph, Graphs

_COLUMNS: Final = ("peer_mean_1", "peer_variance_1", "peer_count", "peer_correlation")


def peer_beside(bars: Bars, graphs: Graphs | None = None) -> pl.DataFrame:
    """Return the peers' columns by symbol and ts, to stand beside the bars.

    Each day is read through the latest graph made from it or from earlier days; the symbol is not
    its own peer. Looks ahead 0 bars.

    Parameters
    ----------
    bars : Bars
        The symbols.
    graphs : Graphs, optional
        Default: correlation graphs of the bars with the usual settings.

    Returns
    -------
    pl.DataFrame
        ``symbol, ts``, then ``peer_mean_1`` and ``peer_variance_1`` (sample) of the peers' one-session
        returns, ``peer_count`` (peers with a return on the day) and ``peer_correlation`` (mean
        absolute). Null where there is no graph yet or the symbol is not in it; without peers the
        count is 0 and the rest null.
    """
    made = graphs if graphs is not None else correlation_graphs(bars)
    grid = DayGrid.of(bars.frame, least=NAMES_MIN)
    returns = past_return(grid.spread(bars.frame["close"]), 1)
    found = {name: np.full(grid.shape, np.nan) for name in _COLUMNS}
    begins = grid.days.search_sorted(pl.Series([graph.ts for graph in made.graphs], dtype=grid.days.dtype)).to_list()
    place = {name: k for k, name in enumerate(grid.symbols)}
    for graph, first, last in zip(made.graphs, begins, [*begins[1:], len(grid.days)], strict=False):
        node = np.array([place.get(name, -1) for name in graph.symbols], dtype=np.int64)
        # A node that is not among these bars has no returns here.
        moves = np.where(node >= 0, returns[first:last, node], np.nan)
        for name, values in zip(_COLUMNS, _of_days(graph, moves), strict=True):
            found[name][first:last, node[node >= 0]] = values[:, node >= 0]
    columns = [grid.gather(values).alias(name) for name, values in found.items()]
    return bars.frame.select("symbol", "ts").with_columns(columns)


def _of_days(graph: Graph, moves: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Mean, variance and number of the peers' returns, and how strongly they are joined, ``(days, nodes)`` each."""
    source, target = graph.source[graph.peers], graph.target[graph.peers]
    there = ~np.isnan(moves[:, target])
    value = np.where(there, moves[:, target], 0.0)
    count = _per_node(there.astype(np.float64), source, moves.shape)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = _per_node(value, source, moves.shape) / count
        off = np.where(there, value - mean[:, source], 0.0)
        variance = np.where(count >= 2.0, _per_node(off * off, source, moves.shape) / (count - 1.0), np.nan)
        strength = np.abs(graph.attributes[graph.peers, 0]).astype(np.float64)[None, :]
        correlation = _per_node(strength, source, (1, moves.shape[1])) / np.bincount(source, minlength=moves.shape[1])
    return mean, variance, count, np.broadcast_to(correlation, moves.shape)


def _per_node(values: Floats, source: Ints, shape: tuple[int, ...]) -> Floats:
    """Sum over each node's edges, which lie side by side; 0 for a node without any."""
    out = np.zeros(shape)
    if len(source):
        starts = np.flatnonzero(np.append(True, source[1:] != source[:-1]))
        out[:, source[starts]] = np.add.reduceat(values, starts, axis=1)
    return out
