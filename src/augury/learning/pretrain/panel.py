"""Pre-training on days of many symbols: masked stocks, temporal contrast, residual targets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn

from augury.core.errors import DataError, LeakError, UsageError
from augury.core.seeds import derive
from augury.core.typing import Features, Ints
from augury.learning.pretrain.contrastive import info_nce
from augury.learning.samplers.panel_samples import PanelSamples

PARTS: Final = ("masked_stocks", "temporal_contrast", "residual_targets")
WEIGHTS: Final = {"masked_stocks": 1.0, "temporal_contrast": 0.1, "residual_targets": 1.0}
"""What each part counts when it is asked for; at equal weights telling symbols apart drowns the other two."""
USUAL: Final = ("masked_stocks", "residual_targets")
"""Parts when none are named: both are about returns. Telling symbols apart cost steps where it was measured."""
NAMES_MIN: Final = 20
"""Names a day needs."""
SHARE: Final = 0.15
LAGS: Final = (5, 10, 20)
"""Days between two views of one symbol."""
TEMPERATURE: Final = 0.07
_PROJECTION: Final = 64
_HEADS: Final = 4


@dataclass(frozen=True)
class PanelData:
    """The samples of a panel, divided by date.

    Parameters
    ----------
    samples : PanelSamples
        Standardised within each day; the first of its targets is what ``residual_targets`` asks for, so it is
        made with ``neutral="sector"`` or ``"beta"``. A target that is not known is masked, never 0.
    train, select : (n,) int
        Day numbers of the samples.
    returns : str
        The input that is the return of the day: what masked stocks are asked for.

    Raises
    ------
    DataError
        A side has no day, or no input is the return.
    LeakError
        A sample or target of one side reaches into the other.
    """

    samples: PanelSamples
    train: Ints
    select: Ints
    returns: str = "past_ret_1"

    def __post_init__(self) -> None:
        if not len(self.train) or not len(self.select):
            raise DataError(f"{len(self.train)} days to learn from and {len(self.select)} to select by: both needed")
        if self.returns not in self.samples.inputs:
            raise DataError(f"no input is the return of the day '{self.returns}' (inputs: {list(self.samples.inputs)})")
        need = max(self.samples.reach_rows, self.samples.lookback - 1) + 1
        if (gap := int(self.select.min()) - int(self.train.max())) < need:
            raise LeakError(
                f"select begins {gap} days behind train; samples of {self.samples.lookback} days and targets "
                f"{self.samples.reach_rows} days ahead need {need}"
            )

    def rows(self, day: int) -> Ints:
        """Rows of a day at which a sample ends."""
        return self.samples.rows_of(np.array([day])) if day >= 0 else np.empty(0, dtype=np.int64)

    def residuals(self, rows: Ints) -> Features:
        """First target of some rows of one day, standardised over those that are known."""
        found = self.samples.targets[rows, 0].astype(np.float64)
        known = np.isfinite(found)
        if known.sum() < NAMES_MIN:
            return np.full(len(rows), np.nan, np.float32)
        spread = found[known].std()
        middle = found - found[known].mean()
        scaled: Features = (middle / spread if spread > 0 else middle * np.nan).astype(np.float32)
        return scaled


class PanelHeads(nn.Module):
    """What reads the last state of each name.

    Parameters
    ----------
    width, n_features : int
    """

    def __init__(self, width: int, n_features: int) -> None:
        super().__init__()
        self.mask = nn.Parameter(torch.zeros(n_features))
        self.others = nn.MultiheadAttention(width, _HEADS, batch_first=True)
        self.returns = nn.Sequential(nn.Linear(2 * width, width), nn.ReLU(), nn.Linear(width, 1))
        self.projection = nn.Linear(width, _PROJECTION)
        self.residual = nn.Linear(width, 1)


class PanelPretraining:
    """Up to three things to learn from a day; a batch is a day, its loss the weighted sum.

    - ``masked_stocks``: the last step of 15 % of the names is hidden, and their return of the day is told from
      their past and from the other names, over which they attend.
    - ``temporal_contrast``: InfoNCE at temperature 0.07; a symbol is like itself 5, 10 or 20 days before and
      unlike the other symbols of that day.
    - ``residual_targets``: the forward return without market and sector, squared error where it is known.

    Parameters
    ----------
    encoder : Module
        ``(n, steps, F)`` to ``(n, steps, W)`` with ``width``, a multiple of 4, and ``groups()``.
    data : PanelData
    weights : dict, optional
        Part to weight; a part without one is off. Default :data:`USUAL` as in :data:`WEIGHTS`.
    seed : int
        Of order, masks and lags.
    """

    def __init__(
        self, encoder: nn.Module, data: PanelData, *, weights: Mapping[str, float] | None = None, seed: int = 1337
    ) -> None:
        own: Any = encoder
        self.weights = {part: WEIGHTS[part] for part in USUAL} if weights is None else dict(weights)
        if not self.weights or set(self.weights) - set(PARTS) or min(self.weights.values()) <= 0:
            raise UsageError(f"weights={self.weights} must give weights above 0 to some of {', '.join(PARTS)}")
        self.encoder, self.data, self.seed = encoder, data, seed
        self.heads = PanelHeads(int(own.width), data.samples.n_features)
        self.returns_at = data.samples.inputs.index(data.returns)
        for part in set(PARTS) - set(self.weights):
            for name, parameter in self.heads.named_parameters():
                parameter.requires_grad_(parameter.requires_grad and name.split(".")[0] not in _USES[part])
        self.network = nn.ModuleDict({"encoder": encoder, "heads": self.heads})
        self._draws = torch.Generator()
        self._days = {
            side: [int(day) for day in days if len(data.rows(int(day))) >= NAMES_MIN]
            for side, days in (("train", data.train), ("select", data.select))
        }
        if not all(self._days.values()):
            raise DataError(f"no day with {NAMES_MIN} names of {data.samples.lookback} rows in train or select")

    def groups(self) -> Mapping[str, list[nn.Parameter]]:
        """Heads, then the encoder's layers from the last to the first."""
        own: Any = self.encoder
        return {"head": list(self.heads.parameters()), **own.groups()}

    def batches(self, epoch: int) -> Iterator[int]:
        """Yield every day of the train slice once, shuffled."""
        self._draws.manual_seed(derive(self.seed, "pretrain-panel", str(epoch)))
        days = self._days["train"]
        for at in torch.randperm(len(days), generator=self._draws).tolist():
            yield days[at]

    def loss(self, batch: int) -> Tensor:
        """Return the loss of a day."""
        parts = self.parts(batch)
        return torch.stack([self.weights[name] * loss for name, loss in parts.items()]).sum()

    def parts(self, day: int) -> dict[str, Tensor]:
        """Return the loss of each part; one that has nothing to learn from on this day is 0."""
        rows = self.data.rows(day)
        x = self._tensor(self.data.samples.gather(rows))
        states = self.encoder(x)[:, -1] if set(self.weights) - {PARTS[0]} else None
        found = {}
        for name in self.weights:
            if name == "masked_stocks":
                found[name] = self._masked(x)
            elif name == "temporal_contrast" and states is not None:
                found[name] = self._contrast(day, rows, states)
            elif states is not None:
                found[name] = self._residual(states, self._tensor(self.data.residuals(rows)))
        return found

    def measures(self) -> Mapping[str, float]:
        """Loss of the select slice, in all and by part."""
        self._draws.manual_seed(derive(self.seed, "pretrain-panel", "select"))
        parts = [{name: float(loss) for name, loss in self.parts(day).items()} for day in self._days["select"]]
        means = {name: float(np.mean([part[name] for part in parts])) for name in self.weights}
        return {"loss": sum(self.weights[name] * mean for name, mean in means.items())} | means

    def _masked(self, x: Tensor) -> Tensor:
        order = torch.randperm(len(x), generator=self._draws).to(x.device)
        count = max(1, round(SHARE * len(x)))
        hidden, shown = order[:count], order[count:]
        truth = x[hidden, -1, self.returns_at]
        x = x.clone()
        x[hidden, -1] = self.heads.mask
        states = self.encoder(x)[:, -1]
        asked, others = states[hidden][None], states[shown][None]
        read, _ = self.heads.others(asked, others, others, need_weights=False)
        told = self.heads.returns(torch.cat([asked, read], dim=-1))[0, :, 0]
        error: Tensor = (told - truth).square().mean()
        return error

    def _contrast(self, day: int, rows: Ints, states: Tensor) -> Tensor:
        lag = LAGS[int(torch.randint(len(LAGS), (1,), generator=self._draws))]
        before = self.data.rows(day - lag)
        codes = self.data.samples.codes
        _, now, then = np.intersect1d(codes[rows], codes[before], return_indices=True)
        if len(now) < 2:
            return states.sum() * 0.0
        earlier = self.encoder(self._tensor(self.data.samples.gather(np.sort(before[then]))))[:, -1]
        # Rows of a day are sorted by symbol, so both sides are in the same order.
        own = states[torch.from_numpy(np.sort(now)).to(states.device)]
        nobody = torch.zeros(len(now), len(now), dtype=torch.bool, device=states.device)
        return info_nce(self.heads.projection(own), self.heads.projection(earlier), nobody, TEMPERATURE)

    def _residual(self, states: Tensor, residuals: Tensor) -> Tensor:
        known = torch.isfinite(residuals)
        if not bool(known.any()):
            return states.new_zeros(()) + 0.0 * states.sum()
        told = self.heads.residual(states)[:, 0]
        error: Tensor = (told[known] - residuals[known]).square().mean()
        return error

    def _tensor(self, values: Features) -> Tensor:
        device = next(self.network.parameters()).device
        return torch.from_numpy(np.ascontiguousarray(values, dtype=np.float32)).to(device)


_USES: Final = {
    "masked_stocks": ("mask", "others", "returns"),
    "temporal_contrast": ("projection",),
    "residual_targets": ("residual",),
}
"""Part to the heads it alone uses."""
PRETRAIN = PanelPretraining
