"""Attention from a name to the names it is joined to, in plain tensors."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from augury.models.deep.blocks.byte_dropout import ByteDropout
from augury.models.deep.blocks.layer_lists import layer_lists
from augury.models.deep.network import DayGraph

SLOPE = 0.2
GAIN = 2.0
"""Of the first weights: the mean over neighbours shrinks what they say beside the row's own state."""
EDGE_FACTS = 3
"""Signed correlation, same market, same sector."""


@dataclass(frozen=True)
class Neighbours:
    """A day's graph, ready for several layers.

    Parameters
    ----------
    begin, end : int
        Rows of the day.
    closed : (1, n * n), optional
        Added to scores: 0 along an edge, minus infinity elsewhere. None joins everyone to everyone.
    facts : (3, n * n), optional
        Edge attributes, 0 where there is no edge.
    """

    begin: int
    end: int
    closed: Tensor | None = None
    facts: Tensor | None = None


def neighbours(graph: DayGraph, *, edge_dropout: float = 0.0) -> list[Neighbours]:
    """Prepare the days of a graph: every row is joined to itself, dropped edges are gone.

    Parameters
    ----------
    graph : DayGraph
    edge_dropout : float
        Share of the edges between different rows to leave out, 0..1.
    """
    days = []
    for at, (adjacency, edges) in enumerate(zip(graph.adjacency, graph.edges, strict=True)):
        joined = adjacency
        if edge_dropout:
            joined = joined & (torch.rand(joined.shape, device=joined.device) >= edge_dropout)
        joined = joined | torch.eye(len(joined), dtype=torch.bool, device=joined.device)
        closed = torch.zeros(joined.shape, device=joined.device).masked_fill_(~joined, -torch.inf).view(1, -1)
        facts = torch.where(joined.unsqueeze(-1), edges, 0.0).reshape(-1, EDGE_FACTS).t().contiguous()
        days.append(Neighbours(graph.offsets[at], graph.offsets[at + 1], closed, facts))
    return days


def everyone(graph: DayGraph) -> list[Neighbours]:
    """Join every row to every row of its day; adjacency and edges are not read."""
    return [Neighbours(begin, end) for begin, end in zip(graph.offsets, graph.offsets[1:], strict=False)]


def side_by_side(shown: list[Tensor]) -> Tensor:
    """Put the attention of several days, ``(n, n)`` each, one below the other: ``(N, largest n)``, 0 beyond a day.

    Examples
    --------
    >>> side_by_side([torch.ones(1, 1), torch.ones(2, 2)]).tolist()
    [[1.0, 0.0], [1.0, 1.0], [1.0, 1.0]]
    """
    widest = max(len(shares) for shares in shown)
    return torch.cat([functional.pad(shares, (0, widest - len(shares))) for shares in shown])


class GraphLayer(nn.Module):
    """One layer: ``ReLU(LayerNorm(x + dropout(sum_j softmax_j(LeakyReLU(a_l W x_i + a_r W x_j + b e_ij)) W x_j)))``.

    Scores are the sum of two vectors and an edge term, so nothing of size n x n x width is ever made.

    Parameters
    ----------
    width : int
    heads : int
        A divisor of ``width`` where ``concat``.
    concat : bool
        Heads side by side, each ``width / heads`` wide, or averaged, each ``width`` wide.
    dropout : float
        Of what the neighbours say, 0..1.
    edge_facts : int
        Numbers an edge; 0 where everyone is joined.

    Notes
    -----
    After Velickovic et al. 2018, with edge attributes in the score.
    """

    def __init__(
        self, width: int, heads: int, *, concat: bool, dropout: float = 0.2, edge_facts: int = EDGE_FACTS
    ) -> None:
        super().__init__()
        self.heads, self.concat = heads, concat
        self.each = width // heads if concat else width
        self.values = nn.Linear(width, heads * self.each, bias=False)
        nn.init.xavier_uniform_(self.values.weight, gain=GAIN)
        bound = (6 / (self.each + 1)) ** 0.5
        self.left = nn.Parameter(torch.empty(heads, self.each).uniform_(-bound, bound))
        self.right = nn.Parameter(torch.empty(heads, self.each).uniform_(-bound, bound))
        if edge_facts:
            self.edge = nn.Parameter(torch.empty(heads, edge_facts).uniform_(-1, 1))
        self.dropout = ByteDropout(dropout)
        self.norm = nn.LayerNorm(width)

    def forward(self, x: Tensor, days: list[Neighbours] | None, shown: list[Tensor] | None = None) -> Tensor:
        """Map ``(N, width)`` to ``(N, width)``; without days each row is its own and only neighbour.

        The mean attention of the heads, ``(n, n)`` a day, is added to ``shown`` where one is given.
        """
        values = self.values(x).float().view(-1, self.heads, self.each)
        if days is not None:
            left, right = (values * self.left).sum(-1).t(), (values * self.right).sum(-1).t()  # (heads, N)
            turned = values.transpose(0, 1)
            parts = [
                self._day(turned[:, d.begin : d.end], left[:, d.begin : d.end], right[:, d.begin : d.end], d, shown)
                for d in days
            ]
            values = (parts[0] if len(parts) == 1 else torch.cat(parts, 1)).transpose(0, 1)
        said = values.flatten(1) if self.concat else values.mean(1)
        normed: Tensor = self.norm(x + self.dropout(said))
        return functional.relu(normed)

    def _day(self, values: Tensor, left: Tensor, right: Tensor, day: Neighbours, shown: list[Tensor] | None) -> Tensor:
        n = values.shape[1]
        scores = left.unsqueeze(2) + right.unsqueeze(1)
        if day.closed is not None and day.facts is not None:
            # One product: the edge term, and minus infinity where there is no edge (which LeakyReLU keeps).
            scores = scores + torch.addmm(day.closed, self.edge, day.facts).view(self.heads, n, n)
        shares = torch.softmax(functional.leaky_relu(scores, SLOPE, inplace=True), -1)
        if shown is not None:
            shown.append(shares.detach().mean(0))
        return torch.bmm(shares, values)


class GraphAttention(nn.Module):
    """Layers of graph attention, as many as asked for, by generated lists.

    Parameters
    ----------
    width : int
    layers : int
        1..10, see :func:`augury.models.deep.blocks.layer_lists.layer_lists`.
    dropout, edge_dropout : float
        Of what neighbours say, and of edges, in training only, 0..1.

    Examples
    --------
    >>> GraphAttention(8, layers=2)(torch.zeros(3, 8)).shape
    torch.Size([3, 8])
    """

    def __init__(self, width: int, *, layers: int = 2, dropout: float = 0.2, edge_dropout: float = 0.1) -> None:
        super().__init__()
        lists = layer_lists(layers, width)
        self.edge_dropout = edge_dropout
        self.layers = nn.ModuleList(
            GraphLayer(channels, heads, concat=concat, dropout=dropout)
            for channels, heads, concat in zip(lists.channels, lists.heads, lists.concat, strict=True)
        )

    def forward(self, x: Tensor, graph: DayGraph | None = None, shown: list[Tensor] | None = None) -> Tensor:
        """Map ``(N, width)`` to ``(N, width)``; without a graph each row is its own and only neighbour.

        The attention of the last layer is added to ``shown``, see :func:`side_by_side`.
        """
        days = None
        if graph is not None and graph.adjacency:
            days = neighbours(graph, edge_dropout=self.edge_dropout if self.training else 0.0)
        for number, layer in enumerate(self.layers, start=1):
            x = layer(x, days, shown if number == len(self.layers) else None)
        return x
