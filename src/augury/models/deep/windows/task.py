"""Windows as a task of the loop: batches in an order of their own each epoch, augmented or not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn

from augury.core.errors import UsageError
from augury.core.seeds import derive
from augury.core.typing import Features, Floats, Ints
from augury.labels.windows.spans import SpanTargets
from augury.learning.augment import AugmentSettings, draw_bars, draw_features, draw_mix
from augury.learning.balancing import UncertaintyWeights, without_conflict
from augury.models.deep.network import Network, WindowOutput
from augury.models.deep.windows.inputs import WindowInputs
from augury.models.deep.windows.objective import CLASS, WEIGHTS, WindowObjective, WindowTargets
from augury.models.deep.windows.spans import REACHES, ends_of, moved_spans, pick_spans, span_report

BALANCES: Final = ("fixed", "sigma", "projection")
CHUNK: Final = 512
"""Windows answered for at once."""


@dataclass(frozen=True)
class WindowSet:
    """Windows and what is known of them.

    Parameters
    ----------
    prices : (N, T, 4)
    codes : (N,)
        Of the classes, 0..K-1.
    spans : SpanTargets, optional
    side : (N, S), optional
        Scaled features of the windows.
    """

    prices: Floats
    codes: Ints
    spans: SpanTargets | None = None
    side: Features | None = None

    def __len__(self) -> int:
        return len(self.codes)

    def take(self, rows: Ints) -> WindowSet:
        """Pick windows."""
        side = None if self.side is None else self.side[rows]
        return WindowSet(self.prices[rows], self.codes[rows], pick_spans(self.spans, rows), side)


@dataclass(frozen=True)
class WindowBatch:
    """One step's windows; ``other`` and ``share`` only where windows were mixed."""

    x: Tensor
    side: Tensor | None
    targets: WindowTargets
    other: WindowTargets | None = None
    share: Tensor | None = None


class WindowTask:
    """Train a window network on one slice, measure it on another.

    Parameters
    ----------
    network : Network
        Of kind window, on its device.
    inputs : WindowInputs
        Fitted on the training slice.
    train, select : WindowSet
    objective : WindowObjective
    batch_size : int
    augment : AugmentSettings, optional
        None: batches are the windows, bit for bit.
    balance : str
        Of several heads, one of ``BALANCES``: ``fixed`` weights, ``sigma`` learnt from each head's own noise
        (Kendall et al. 2018), or ``projection`` of gradients of the encoder that conflict (Yu et al. 2020).
    seed : int
    """

    def __init__(
        self,
        network: Network,
        inputs: WindowInputs,
        train: WindowSet,
        select: WindowSet,
        objective: WindowObjective,
        *,
        batch_size: int,
        augment: AugmentSettings | None = None,
        balance: str = "fixed",
        seed: int = 1337,
    ) -> None:
        self._network, self._inputs, self._objective = network, inputs, objective
        self._train, self._select, self._augment = train, select, augment
        self._batch_size, self._seed, self._balance = batch_size, seed, balance
        if balance not in BALANCES:
            raise UsageError(f"balance '{balance}' is none of {', '.join(BALANCES)}")
        self._sigmas = UncertaintyWeights(heads_of(network)) if balance == "sigma" else None
        self._device = next(network.parameters()).device
        self._features = inputs.transform(train.prices)
        self._plain = torch.from_numpy(self._features).to(self._device)
        self._side = None if train.side is None else torch.from_numpy(train.side).to(self._device)
        n_bars = train.prices.shape[1]
        self._targets = WindowTargets.of(train.codes, train.spans, n_bars, self._device)
        self._select_x = torch.from_numpy(inputs.transform(select.prices)).to(self._device)
        self._select_side = None if select.side is None else torch.from_numpy(select.side).to(self._device)
        self._select_targets = WindowTargets.of(select.codes, select.spans, n_bars, self._device)

    @property
    def network(self) -> nn.Module:
        """What is trained."""
        return self._network

    def groups(self) -> Mapping[str, list[nn.Parameter]]:
        """The network's own groups, and the weights of its heads where those are learnt."""
        found = self._network.groups()
        return found if self._sigmas is None else found | {"balance": list(self._sigmas.parameters())}

    def parts(self) -> Mapping[str, nn.Module]:
        """The weights of the heads, where those are learnt."""
        return {} if self._sigmas is None else {"balance": self._sigmas}

    def batches(self, epoch: int) -> Iterator[WindowBatch]:
        """Yield every training window once, in an order drawn from seed and epoch."""
        generator = np.random.default_rng(derive(self._seed, "windows", str(epoch)))
        order = generator.permutation(len(self._train))
        for first in range(0, len(order), self._batch_size):
            rows = order[first : first + self._batch_size]
            yield self._plain_batch(rows) if self._augment is None else self._augmented(rows, generator)

    def loss(self, batch: WindowBatch) -> Tensor:
        """Return the weighted loss of all heads."""
        output = self._network(batch.x, **_side(batch.side))
        parts = self._objective.parts(output, batch.targets, batch.other, batch.share)
        if self._sigmas is not None:
            weighed: Tensor = self._sigmas(parts)
            return weighed
        if self._balance == "projection":
            encoder = [p for name, group in self._network.groups().items() if name.startswith("encoder") for p in group]
            return without_conflict([WEIGHTS[name] * part for name, part in parts.items()], encoder)
        return self._objective.total(parts)

    def measures(self) -> Mapping[str, float]:
        """Measure loss, accuracy and balanced accuracy, and hits where there are spans, on the select slice."""
        output = answers(self._network, self._select_x, self._select_side)
        parts = self._objective.parts(output, self._select_targets)
        said, true = output.logits.argmax(dim=1).cpu().numpy(), self._select.codes
        found = {"loss": float(self._objective.total(parts)), "accuracy": float((said == true).mean())}
        found["balanced_accuracy"] = float(np.mean([(said[true == code] == code).mean() for code in np.unique(true)]))
        found |= {f"{name}_loss": float(part) for name, part in parts.items() if name != CLASS}
        spans, ends = self._select.spans, found_ends(output)
        if ends is not None and spans is not None and spans.known.any():
            for score in span_report(*ends, spans).pointers:
                if score.k == REACHES[-1]:
                    found[f"{score.end}_hit_{score.k}"] = score.hits
        return found

    def _plain_batch(self, rows: Ints) -> WindowBatch:
        at = torch.from_numpy(rows).to(self._device)
        side = None if self._side is None else self._side[at]
        return WindowBatch(self._plain[at], side, self._targets.take(at))

    def _augmented(self, rows: Ints, generator: np.random.Generator) -> WindowBatch:
        """One draw serves bars, side features, classes and spans alike."""
        assert self._augment is not None
        part = self._train.take(rows)
        n, n_bars = part.prices.shape[:2]
        bars = draw_bars(n, n_bars, self._augment, generator)
        x = self._inputs.transform(bars.apply(part.prices)) if self._augment.changes_bars else self._features[rows]
        features = draw_features(x.shape, self._augment, generator)
        mix = draw_mix(n, n_bars, self._augment, generator)
        x, side = features.apply(x), None if part.side is None else features.apply_side(part.side)
        targets = self._targets.take(torch.from_numpy(rows).to(self._device))
        if bars.places is not None and part.spans is not None:
            moved = moved_spans(part.spans, bars.places)
            targets = WindowTargets.of(part.codes, moved, n_bars, self._device)
        if mix is None:
            return WindowBatch(self._sent(x), self._sent(side), targets)
        x, side = mix.apply(x), None if side is None else mix.apply_side(side)
        partner = torch.from_numpy(mix.partner).to(self._device)
        share = torch.from_numpy(mix.share).to(self._device)
        return WindowBatch(self._sent(x), self._sent(side), targets, targets.take(partner), share)

    def _sent(self, x: Features | None) -> Any:
        return None if x is None else torch.from_numpy(np.ascontiguousarray(x)).to(self._device)


def answers(network: nn.Module, x: Tensor, side: Tensor | None = None) -> WindowOutput:
    """Answer for windows in chunks, so that memory does not grow with their number."""
    found = [
        network(x[at : at + CHUNK], **_side(None if side is None else side[at : at + CHUNK]))
        for at in range(0, len(x), CHUNK)
    ]
    return found[0] if len(found) == 1 else joined(found)


def joined(found: Sequence[WindowOutput]) -> WindowOutput:
    """Put the answers of parts together, in their order."""
    names = [name for name in ("logits", "start", "end", "span", "extent") if getattr(found[0], name) is not None]
    return WindowOutput(**{name: torch.cat([getattr(output, name) for output in found]) for name in names})


def heads_of(network: Network) -> list[str]:
    """Name the heads of a window network that have a loss."""
    return [CLASS, *network.settings.get("outputs", [])]


def found_ends(output: WindowOutput) -> tuple[Ints, Ints] | None:
    """Read the most likely span of each window, when a head says one."""
    start, end, extent = (
        None if part is None else part.detach().double().cpu().numpy()
        for part in (output.start, output.end, output.extent)
    )
    return ends_of(start, end, extent)


def _side(side: Tensor | None) -> dict[str, Tensor]:
    return {} if side is None else {"side": side}
