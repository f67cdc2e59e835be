"""What every network here is, and what it is given and gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

import torch
from torch import Tensor, nn

from augury.core.errors import SchemaMismatch
from augury.core.typing import Json

LEVELS: Final = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Quantiles a head gives unless told otherwise; the middle one ranks."""


class Network(nn.Module):
    """A network that knows its own settings, so that it can be written down and built again.

    Subclasses pass every constructor argument to ``super().__init__`` by name; all modules are made in
    the constructor and never replaced.

    Attributes
    ----------
    KIND : str
        ``window``: ``forward(x[B, T, F], *, lengths=None) -> WindowOutput``.
        ``panel``: ``forward(x[N, L, F], graph: DayGraph | None = None) -> PanelOutput``; rows are the
        (symbol, day) samples of one or more days. A network without a graph ignores it, so one series
        is a panel of one name.
    SMALL : dict
        Settings of a profile that trains in seconds, for the contract tests; ``n_features`` and the
        like are added by the caller.
    """

    KIND: ClassVar[str]
    SMALL: ClassVar[Json] = {}

    def __init__(self, **settings: Any) -> None:
        super().__init__()
        self.settings: Json = settings

    def groups(self) -> dict[str, list[nn.Parameter]]:
        """Every parameter once, in fixed named groups, ``head`` first; the default is one group, ``head``."""
        return {"head": list(self.parameters())}

    def check_width(self, x: Tensor) -> None:
        """Refuse inputs of another width.

        Raises
        ------
        SchemaMismatch
            With both widths.
        """
        asked = self.settings["n_features"]
        if x.ndim != 3 or x.shape[-1] != asked:
            raise SchemaMismatch(
                f"the network reads (rows, steps, {asked}), got {tuple(x.shape)}: it is not rebuilt to fit"
            )


@dataclass(frozen=True)
class WindowOutput:
    """What a window network says.

    Parameters
    ----------
    logits : (B, C)
        Of the classes.
    start, end : (B, 45), optional
        Logits of the first and last bar of the span within the inner zone (bars 30..74).
    span : (B, T), optional
        Logit of each bar lying in the span.
    extent : (B, 2), optional
        Centre and length of the span as shares of the inner zone, 0..1.
    """

    logits: Tensor
    start: Tensor | None = None
    end: Tensor | None = None
    span: Tensor | None = None
    extent: Tensor | None = None


@dataclass(frozen=True)
class DayGraph:
    """Who is joined to whom among the rows of a batch.

    Parameters
    ----------
    offsets : tuple of int
        Where each day begins in the batch, and behind the last one the number of rows.
    adjacency : tuple of (n, n) bool
        One a day; every row is joined to itself. Empty where only the days are known.
    edges : tuple of (n, n, 3) float, one a day
        Signed correlation, same market, same sector; only read where there is an edge.
    """

    offsets: tuple[int, ...]
    adjacency: tuple[Tensor, ...]
    edges: tuple[Tensor, ...]


@dataclass(frozen=True)
class PanelOutput:
    """What a panel network says.

    Parameters
    ----------
    horizons : tuple of int
        In trading rows.
    quantiles : (N, H, Q)
        Ordered along the last axis, in units of the scaled target.
    levels : tuple of float
        Of the last axis, ascending, 0.5 in the middle.
    heads : dict
        Other heads by name, each ``(N, H)`` or ``(N, H, K)``: ``sign`` (logits of down, flat, up), ``volatility``.
    facts : dict
        What the network can show: ``selection`` (N, L, F) weights, ``regimes`` (N, 3) shares, and in evaluation
        with a graph ``attention`` (N, names of the largest day): how much of what a row hears comes from each row
        of its day, in the order of the batch, 0 beyond the day.
    penalty : Tensor, optional
        What the network itself adds to the loss (sparsity, balance), a scalar.
    """

    horizons: tuple[int, ...]
    quantiles: Tensor
    levels: tuple[float, ...] = LEVELS
    heads: dict[str, Tensor] = field(default_factory=dict)
    facts: dict[str, Tensor] = field(default_factory=dict)
    penalty: Tensor | None = None

    @property
    def scores(self) -> dict[str, Tensor]:
        """The middle quantile by name: ``horizon_1d`` … to (N,)."""
        middle = self.quantiles[..., len(self.levels) // 2]
        return {f"horizon_{h}d": middle[:, at] for at, h in enumerate(self.horizons)}


def parameter_count(network: nn.Module) -> int:
    """Count the trainable numbers of a network, frozen ones included."""
    return sum(parameter.numel() for parameter in network.parameters())


def tensor_count(network: nn.Module) -> int:
    """Count the parameter tensors of a network."""
    return len(list(network.parameters()))


def device_of(name: str = "auto") -> torch.device:
    """Return where to compute: ``auto`` is CUDA when present, else the processor."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu") if name == "auto" else torch.device(name)
