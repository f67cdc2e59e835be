"""What is read off an encoded window: its class, where its pattern lies, which bars belong to it."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn

from augury.core.errors import SchemaMismatch, UsageError
from augury.labels.windows.rules import INNER_FIRST, INNER_LAST

HEADS: Final = ("pointer", "extent", "span")
"""Heads beside the class head."""
FUSIONS: Final = ("concat", "add", "gate")
SIDE_MAX: Final = 25
"""Side features of a window at most."""


def class_head(width: int, n_classes: int, dropout: float, inner: int = 32) -> nn.Sequential:
    """Build Linear, ReLU, dropout, Linear: 8,290 numbers at width 256 and two classes."""
    return nn.Sequential(nn.Linear(width, inner), nn.ReLU(), nn.Dropout(dropout), nn.Linear(inner, n_classes))


class SpanHeads(nn.Module):
    """Where the pattern lies, in up to three ways.

    Parameters
    ----------
    width : int
        Of a bar's state, and of the window's.
    heads : sequence of str
        Of ``HEADS``. ``pointer``: logits of its first and last bar among the 45 of the inner zone.
        ``extent``: centre and length as shares of the zone. ``span``: the logit of each bar belonging to it.
    """

    def __init__(self, width: int, heads: tuple[str, ...]) -> None:
        super().__init__()
        unknown = [name for name in heads if name not in HEADS]
        if unknown or len(set(heads)) != len(heads):
            raise UsageError(f"heads {list(heads)} are not some of {', '.join(HEADS)}, each once")
        # No bias: one number on all places changes no share of theirs.
        self.pointer = nn.Linear(width, 2, bias=False) if "pointer" in heads else None
        self.extent = nn.Linear(width, 2) if "extent" in heads else None
        self.span = nn.Linear(width, 1) if "span" in heads else None

    def forward(self, states: Tensor, window: Tensor) -> dict[str, Tensor]:
        """Read ``states`` (B, T, W) and ``window`` (B, W); the answers are fields of ``WindowOutput``."""
        found = {}
        if self.pointer is not None:
            if states.shape[1] <= INNER_LAST:
                raise SchemaMismatch(
                    f"a pointer reads bars {INNER_FIRST}..{INNER_LAST}, the windows have {states.shape[1]}"
                )
            ends = self.pointer(states[:, INNER_FIRST : INNER_LAST + 1])
            found["start"], found["end"] = ends[..., 0], ends[..., 1]
        if self.extent is not None:
            found["extent"] = torch.sigmoid(self.extent(window))
        if self.span is not None:
            found["span"] = self.span(states)[..., 0]
        return found


class SideFusion(nn.Module):
    """Bring features of the whole window to its state.

    Parameters
    ----------
    width : int
        Of the state; unchanged.
    side : int
        Features, 1 to 25.
    how : str
        ``concat``: one linear map of both. ``add``: the state plus a linear map. ``gate``: the side features
        say how much of each state passes.
    """

    def __init__(self, width: int, side: int, how: str = "concat") -> None:
        super().__init__()
        if how not in FUSIONS or not 1 <= side <= SIDE_MAX:
            raise UsageError(f"{side} side features by '{how}': 1 to {SIDE_MAX} by one of {', '.join(FUSIONS)}")
        self.how, self.side = how, side
        self.mix = nn.Linear(width + side if how == "concat" else side, width)

    def forward(self, state: Tensor, side: Tensor | None) -> Tensor:
        """Fuse ``(B, W)`` and ``(B, S)``.

        Raises
        ------
        SchemaMismatch
            No side features, or another number of them.
        """
        if side is None or side.shape != (len(state), self.side):
            found = "none" if side is None else tuple(side.shape)
            raise SchemaMismatch(f"the network reads {self.side} side features a window, got {found}")
        if self.how == "concat":
            fused: Tensor = self.mix(torch.cat([state, side], dim=-1))
            return fused
        told: Tensor = self.mix(side)
        return state + told if self.how == "add" else state * torch.sigmoid(told) * 2.0


def no_side(side: Tensor | None) -> None:
    """Refuse side features a network was not built for."""
    if side is not None:
        raise SchemaMismatch(f"the network reads no side features, got {tuple(side.shape)}")
