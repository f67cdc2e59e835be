"""How the mistakes of a window network are counted: classes, and where the pattern lies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import torch
import torch.nn.functional as F  # noqa: N812 - the name PyTorch's own pages use
from torch import Tensor

from augury.core.errors import UsageError
from augury.core.typing import Ints
from augury.labels.windows.spans import UNKNOWN, SpanTargets
from augury.learning.losses.focal import FocalLoss, focal_rows
from augury.models.deep.network import WindowOutput

HUBER_DELTA: Final = 0.08
"""Shares of the inner zone within which the error of centre and length counts squared: 3.5 bars."""
CENTRE_WEIGHT, LENGTH_WEIGHT = 1.0, 0.8
CLASS: Final = "class"
WEIGHTS: Final[Mapping[str, float]] = {CLASS: 1.0, "pointer": 0.5, "extent": 1.0, "span": 0.5}
"""What each head's loss weighs unless balanced otherwise."""


@dataclass(frozen=True)
class WindowTargets:
    """What was true of each window, on the device of the network.

    Parameters
    ----------
    codes : (N,) int64
        Of the classes.
    known : (N,) bool
        The window has a span; every span target of another is masked.
    start, end : (N,) int64
        Bars of the inner zone.
    extent : (N, 2)
        Centre and length.
    mask : (N, T)
        1 for bars of the span.
    """

    codes: Tensor
    known: Tensor
    start: Tensor
    end: Tensor
    extent: Tensor
    mask: Tensor

    @classmethod
    def of(cls, codes: Ints, spans: SpanTargets | None, n_bars: int, device: torch.device) -> WindowTargets:
        """Build targets from codes, and spans where there are any."""
        n = len(codes)
        said = torch.from_numpy(codes).to(device)
        if spans is None:
            none = torch.zeros(n, dtype=torch.bool, device=device)
            ends = torch.full((n,), UNKNOWN, device=device)
            return cls(
                said, none, ends, ends, none[:, None].expand(n, 2).float(), none[:, None].expand(n, n_bars).float()
            )
        # An unknown centre is NaN and is masked by ``known``; a NaN would survive the mask, so it is set to the middle.
        extent = torch.from_numpy(spans.known[:, None] * 0.0 + 0.5)
        extent = extent.repeat(1, 2)
        at = torch.from_numpy(spans.known)
        extent[at] = torch.stack([torch.from_numpy(spans.centre), torch.from_numpy(spans.length)], dim=1)[at]
        return cls(
            said,
            at.to(device),
            torch.from_numpy(spans.start).to(device),
            torch.from_numpy(spans.end).to(device),
            extent.float().to(device),
            torch.from_numpy(spans.mask).float().to(device),
        )

    def take(self, rows: Tensor) -> WindowTargets:
        """Pick windows."""
        return WindowTargets(
            *(part[rows] for part in (self.codes, self.known, self.start, self.end, self.extent, self.mask))
        )

    def __len__(self) -> int:
        return len(self.codes)


class WindowObjective:
    """Mean loss of each head; of a mixed window, the losses of both labels in their shares.

    Parameters
    ----------
    focal : FocalLoss
        Fitted on the training labels.
    n_classes : int
    device : torch.device
    span_weight : float
        What a bar inside a span counts against one outside, from the training spans: 13.1 at 7.1 %.
    """

    def __init__(
        self, focal: FocalLoss, n_classes: int, span_weight: float = 1.0, device: torch.device | str = "cpu"
    ) -> None:
        asked = focal.config()["settings"]["class_weight"]
        if asked is not None and len(asked) != n_classes:
            raise UsageError(f"class_weight has {len(asked)} numbers, the labels have {n_classes} classes")
        self.gamma = focal.gamma
        self.class_weights = None if asked is None else torch.tensor(asked, device=device)
        self.span_weight = torch.tensor(span_weight, device=device)

    def parts(
        self,
        output: WindowOutput,
        targets: WindowTargets,
        other: WindowTargets | None = None,
        share: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """Return the mean loss of each head by name.

        Parameters
        ----------
        output : WindowOutput
        targets : WindowTargets
        other : WindowTargets, optional
            Of the windows mixed in.
        share : (B,), optional
            What is each window's own.
        """
        own = self._rows(output, targets)
        if other is None or share is None:
            ones = torch.ones(len(targets), device=output.logits.device)
            return {name: _mean(losses, ones * known) for name, (losses, known) in own.items()}
        mixed = self._rows(output, other)
        return {
            name: _mean(torch.cat([losses, mixed[name][0]]), torch.cat([share * known, (1 - share) * mixed[name][1]]))
            for name, (losses, known) in own.items()
        }

    def total(self, parts: Mapping[str, Tensor]) -> Tensor:
        """Weigh the parts by ``WEIGHTS``."""
        return torch.stack([WEIGHTS[name] * loss for name, loss in parts.items()]).sum()

    def __repr__(self) -> str:
        weights = None if self.class_weights is None else self.class_weights.tolist()
        return (
            f"WindowObjective(gamma={self.gamma}, class_weights={weights}, span_weight={float(self.span_weight):.4g})"
        )

    def _rows(self, output: WindowOutput, targets: WindowTargets) -> dict[str, tuple[Tensor, Tensor]]:
        """Loss of each window, and 1 where it counts."""
        known = targets.known.float()
        found = {
            CLASS: (focal_rows(output.logits, targets.codes, self.gamma, self.class_weights), torch.ones_like(known))
        }
        if output.start is not None and output.end is not None:
            # An unknown end is outside the classes; any class will do, for the row is masked.
            begin, stop = targets.start.clamp_min(0), targets.end.clamp_min(0)
            ends = F.cross_entropy(output.start.float(), begin, reduction="none")
            found["pointer"] = (ends + F.cross_entropy(output.end.float(), stop, reduction="none"), known)
        if output.extent is not None:
            errors = F.huber_loss(output.extent.float(), targets.extent, delta=HUBER_DELTA, reduction="none")
            found["extent"] = (CENTRE_WEIGHT * errors[:, 0] + LENGTH_WEIGHT * errors[:, 1], known)
        if output.span is not None:
            bars = F.binary_cross_entropy_with_logits(
                output.span.float(), targets.mask, reduction="none", pos_weight=self.span_weight
            )
            found["span"] = (bars.mean(dim=1), known)
        return found


def _mean(losses: Tensor, weights: Tensor) -> Tensor:
    # Where no window of the batch counts, the part is 0 with a gradient of 0, not 0 / 0.
    return (losses * weights).sum() / weights.sum().clamp_min(1e-12)
