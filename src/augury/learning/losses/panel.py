"""The loss of a cross-section: terms weighed by name, days apart, horizons weighed by length."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, ClassVar, Final, cast

import torch
from torch import Tensor, nn

from augury.core.errors import UsageError
from augury.core.typing import Json
from augury.learning.losses._base import ANY, Loss
from augury.learning.losses._days import DayLoss, Fold, Rows, full, masked
from augury.learning.losses._horizons import horizon_shares
from augury.learning.losses._regimes import RegimeWeights
from augury.learning.losses._registry import build

WEIGHTS: Final = {"mse": 0.7, "huber": 0.3, "ic": 0.2, "soft_spearman": 0.1}
PINBALL: Final = 0.3
"""Default weight of the quantiles, where a network gives more than the middle one."""
ROW_EXTRAS: Final = ("exposures", "symbols")


@dataclass(frozen=True)
class _Batch:
    """A batch folded into days, horizons in front: ``(H, D, M)``."""

    fold: Fold
    y: Tensor
    mask: Tensor
    weights: Tensor | None
    extra: Mapping[str, Any]

    def rows(self, x: Tensor) -> Rows:
        """Fold an output ``(N, H)`` or ``(N, H, K)``."""
        # In one piece: sums along the names would otherwise stride over the horizons.
        p = self.fold(full(x)).movedim(2, 0).contiguous()
        return Rows(masked(p, self.mask), self.y, self.mask, True, self.weights, self.extra)

    def across(self, x: Tensor) -> Rows:
        """Fold an output ``(N, H)`` with the horizons behind: a row counts where all its targets are known."""
        mask = self.mask.all(0)
        return Rows(masked(self.fold(full(x)), mask), masked(self.y[0], mask), mask, True, self.weights, self.extra)


class PanelLoss(Loss):
    """``sum_k w_k sum_h v_h mean_days loss_k``: every term on every horizon of every day, in one pass.

    Parameters
    ----------
    weights : mapping of str to float, optional
        Names of losses that are measured by day, each at least 0; 0 is off. Default mse 0.7, huber 0.3,
        ic 0.2, soft_spearman 0.1, and pinball 0.3 where the network gives more than one quantile.
        ``sign``, ``volatility`` and ``student_t`` read the head of their name.
    horizons : sequence of int
        In trading rows, in the order of the output. Default 1, 5, 10, 20.
    horizon_weights : mapping of int to float, optional
        Default 1.0 / 0.6 / 0.3 / 0.2; normalised to 1, and a horizon without weight is an error.
    settings : mapping of str to object, optional
        What differs from the defaults of a term: ``{"soft_spearman": {"temperature": 0.3}}``.
    regime_mode : str, optional
        ``equal`` or ``hard``, see :class:`RegimeWeightedLoss`; then ``regimes`` must be given.
    regime_days : mapping of int to int, optional
        Days of each regime in the fit slice.

    Raises
    ------
    UnknownName
        A term that is no loss.
    UsageError
        A term that is not measured by day, a negative weight, a horizon without weight, terms whose
        targets have different units.

    Examples
    --------
    >>> loss = PanelLoss({"soft_spearman": 1.0}, horizons=(1, 5))
    >>> y = torch.arange(24.0).reshape(12, 2)
    >>> known = torch.ones(12, 2, dtype=torch.bool)
    >>> round(float(loss(y[..., None], (0.5,), y, known, (0, 12))), 1)
    0.0
    >>> loss.terms(y[..., None], (0.5,), y, known, (0, 12)).keys()
    dict_keys(['soft_spearman'])
    """

    READS: ClassVar[str] = "quantiles"

    def __init__(
        self,
        weights: Mapping[str, float] | None = None,
        horizons: Sequence[int] = (1, 5, 10, 20),
        horizon_weights: Mapping[int, float] | Sequence[tuple[int, float]] | None = None,
        settings: Mapping[str, Json] | None = None,
        regime_mode: str | None = None,
        regime_days: Mapping[int, int] | Sequence[tuple[int, int]] | None = None,
    ) -> None:
        own = {name: dict(value) for name, value in (settings or {}).items()}
        super().__init__(
            weights=weights,
            horizons=list(horizons),
            horizon_weights=None if horizon_weights is None else dict(horizon_weights),
            settings=own,
            regime_mode=regime_mode,
            regime_days=None if regime_days is None else dict(regime_days),
        )
        asked = WEIGHTS | {"pinball": PINBALL} if weights is None else weights
        self._quantiles_asked = weights is not None
        self.weights = {name: float(asked[name]) for name in sorted(asked) if asked[name] != 0}
        if not self.weights or min(self.weights.values()) < 0 or set(own) - set(asked):
            raise UsageError(f"weights {dict(asked)} need one above 0 and none below, and settings {list(own)} a term")
        self.parts = nn.ModuleDict({name: _term(name, own.get(name, {})) for name in self.weights})
        self.horizons = tuple(int(h) for h in horizons)
        self.shares = horizon_shares(self.horizons, None if horizon_weights is None else dict(horizon_weights))
        self.regimes = None if regime_mode is None else RegimeWeights(regime_mode, regime_days)
        self._unit = self._one_unit()
        if "consistency" in self.weights and len(self.horizons) < 2:
            raise UsageError("consistency compares neighbouring horizons, only one was asked for")

    @property
    def target_unit(self) -> str:
        """The unit of the terms that have one."""
        return self._unit

    @property
    def days_min(self) -> int:
        """Days a batch needs for every term to speak: 2 with sharpe or turnover, else 1."""
        return max(part.days_min for part in self._parts().values())

    @property
    def needs(self) -> tuple[str, ...]:
        """What must be given beside targets: ``exposures``, ``symbols``, ``regimes``."""
        found = {need for part in self._parts().values() for need in part.NEEDS}
        return (*sorted(found), *(("regimes",) if self.regimes else ()))

    def forward(
        self,
        output_quantiles: Tensor,
        levels: Sequence[float],
        targets: Tensor,
        mask: Tensor,
        offsets: Sequence[int],
        heads: Mapping[str, Tensor] | None = None,
        regimes: Tensor | None = None,
        *,
        exposures: Tensor | None = None,
        symbols: Tensor | None = None,
    ) -> Tensor:
        """Measure a batch of whole days.

        Parameters
        ----------
        output_quantiles : (N, H, Q)
            With the middle one in the middle: it is the score.
        levels : sequence of Q floats
        targets, mask : (N, H)
            Masked and NaN targets reach neither value nor gradient.
        offsets : sequence of int
            Where each day begins, and behind the last one N.
        heads : mapping of str to Tensor, optional
            ``(N, H)`` or ``(N, H, K)``, for terms that read a head.
        regimes : (D,) int, optional
            Code of each day's regime.
        exposures : (N, K), symbols : (N,) int, optional
            For ``exposure`` and ``turnover``.

        Returns
        -------
        scalar
        """
        found = self.terms(
            output_quantiles, levels, targets, mask, offsets, heads, regimes, exposures=exposures, symbols=symbols
        )
        return torch.stack([self.weights[name] * value for name, value in found.items()]).sum()

    def terms(
        self,
        output_quantiles: Tensor,
        levels: Sequence[float],
        targets: Tensor,
        mask: Tensor,
        offsets: Sequence[int],
        heads: Mapping[str, Tensor] | None = None,
        regimes: Tensor | None = None,
        *,
        exposures: Tensor | None = None,
        symbols: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """Measure each term by itself, before its weight; arguments as of :meth:`forward`."""
        self._check(output_quantiles, levels, targets, mask, offsets)
        given = {"exposures": exposures, "symbols": symbols, "regimes": regimes}
        lost = [name for name in self.needs if given[name] is None]
        if lost:
            raise UsageError(f"the panel loss of {list(self.weights)} needs {', '.join(lost)}")
        with torch.autocast(output_quantiles.device.type, enabled=False):
            fold = Fold.of_offsets(offsets, output_quantiles.device)
            known = fold.rows(mask.bool() & ~torch.isnan(targets)).movedim(-1, 0).contiguous()
            y = masked(fold(targets.to(full(output_quantiles).dtype)).movedim(-1, 0).contiguous(), known)
            extra = {name: fold(value) for name in ROW_EXTRAS if (value := given[name]) is not None}
            weights = None if self.regimes is None or regimes is None else self.regimes(regimes)
            batch = _Batch(fold, y, known, weights, extra | {"levels": tuple(levels)})
            found = self._measured(batch, output_quantiles, heads or {})
        if regimes is not None:
            self._remember(batch, output_quantiles, regimes)
        return found

    def epoch_ended(self) -> None:
        """Let the next epoch weigh regimes by what this one found (mode ``hard``)."""
        if self.regimes is not None:
            self.regimes.epoch_ended()

    def fit(self, targets: Tensor) -> PanelLoss:
        """Let every term learn from the training targets."""
        for name, part in self._parts().items():
            fitted = part.fit(targets).config()["settings"]
            if fitted != build(name).settings:
                self.settings["settings"][name] = fitted
        return self

    def _parts(self) -> dict[str, DayLoss]:
        return {name: cast(DayLoss, part) for name, part in self.parts.items()}

    def _measured(self, batch: _Batch, quantiles: Tensor, heads: Mapping[str, Tensor]) -> dict[str, Tensor]:
        score = quantiles[..., quantiles.shape[-1] // 2]
        shares = quantiles.new_tensor(self.shares, dtype=full(score).dtype)
        read = {"score": batch.rows(score)}
        found = {}
        for name, part in self._parts().items():
            if name == "pinball" and not self._quantiles_asked and quantiles.shape[-1] == 1:
                continue
            if part.READS == "horizons":
                found[name] = part.score(batch.across(score))
                continue
            if part.READS not in read:
                read[part.READS] = batch.rows(quantiles if part.READS == "quantiles" else _head(heads, part.READS))
            found[name] = (part.score(read[part.READS]) * shares).sum()
        return found

    def _remember(self, batch: _Batch, quantiles: Tensor, regimes: Tensor) -> None:
        """Keep the squared error of each day for the weights of the next epoch."""
        if self.regimes is None or self.regimes.mode != "hard" or not (self.training and torch.is_grad_enabled()):
            return
        with torch.no_grad():
            rows = batch.rows(quantiles[..., quantiles.shape[-1] // 2])
            error = masked((rows.p - rows.y).square(), rows.mask).sum((0, -1)) / rows.mask.sum((0, -1)).clamp(min=1)
            self.regimes.seen(regimes, error, rows.mask.any(-1).any(0))

    def _check(
        self, quantiles: Tensor, levels: Sequence[float], targets: Tensor, mask: Tensor, offsets: Sequence[int]
    ) -> None:
        n, wide = len(targets), len(self.horizons)
        if quantiles.shape != (n, wide, len(levels)) or targets.shape != (n, wide) or mask.shape != (n, wide):
            raise UsageError(
                f"{wide} horizons and {len(levels)} levels were asked for; the output is {tuple(quantiles.shape)}, "
                f"targets {tuple(targets.shape)}, mask {tuple(mask.shape)}"
            )
        rising = all(a < b for a, b in pairwise(offsets))
        if len(offsets) < 2 or offsets[0] != 0 or offsets[-1] != n or not rising:
            raise UsageError(f"offsets {tuple(offsets)} must rise from 0 to the {n} rows: no day is empty")
        if len(levels) % 2 == 0 or abs(levels[len(levels) // 2] - 0.5) > 1e-9:
            raise UsageError(f"levels {tuple(levels)} need 0.5 in the middle: it is what ranks")

    def _one_unit(self) -> str:
        units = {part.target_unit for part in self._parts().values()} - {ANY}
        if len(units) > 1:
            raise UsageError(f"one target cannot have the units {', '.join(sorted(units))}")
        return units.pop() if units else ANY


def _term(name: str, settings: Json) -> DayLoss:
    part = build({"loss": name, "settings": settings})
    if not isinstance(part, DayLoss) or "regimes" in part.NEEDS:
        raise UsageError(f"'{name}' is not a term of a panel: it is not measured by day and horizon")
    return part


def _head(heads: Mapping[str, Tensor], name: str) -> Tensor:
    if name not in heads:
        raise UsageError(f"a term reads the head '{name}', the network gives {sorted(heads)}")
    return heads[name]


LOSS = PanelLoss
