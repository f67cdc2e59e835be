"""The unit a cross-section is learnt in, declared and kept with the model."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from augury.core.errors import InsufficientHistory, UnknownName
from augury.core.suggestion import did_you_mean
from augury.core.typing import Bools, Features, Floats, Ints, Json
from augury.learning.samplers import PanelSamples

SCALES: Final = ("same_day", "fit_sd")
CLIP: Final = 5.0
"""Bound of a scaled target in standard deviations."""


@dataclass(frozen=True)
class TargetScale:
    """How targets become numbers of about unit spread, and answers become returns again.

    Parameters
    ----------
    kind : str
        ``same_day``: minus the mean and over the standard deviation of the names of that day; the answer says
        where a name will stand among the others, in their standard deviations, and no market level.
        ``fit_sd``: minus the mean and over the standard deviation of the fit slice, one of each a
        horizon; the answer is a return.
    mean, sd : tuple of float
        Of the fit slice, one a horizon; 0 and 1 for ``same_day``.

    Examples
    --------
    >>> TargetScale("daily")
    Traceback (most recent call last):
        ...
    augury.core.errors.UnknownName: unknown target scale 'daily' (known: same_day, fit_sd)
    """

    kind: str
    mean: tuple[float, ...] = field(default=())
    sd: tuple[float, ...] = field(default=())

    def __post_init__(self) -> None:
        if self.kind not in SCALES:
            hint = did_you_mean(self.kind, SCALES)
            raise UnknownName(f"unknown target scale '{self.kind}'{hint} (known: {', '.join(SCALES)})", name=self.kind)

    @property
    def unit(self) -> str:
        """Of the answers: ``return`` or ``same_day_sd``."""
        return "return" if self.kind == "fit_sd" else "same_day_sd"

    @classmethod
    def fitted(cls, kind: str, samples: PanelSamples, days: Ints, known: Bools) -> TargetScale:
        """Learn what there is to learn from the known targets of the fit days.

        Raises
        ------
        InsufficientHistory
            A horizon has no spread there.
        """
        scale = cls(kind, (0.0,) * len(samples.horizons), (1.0,) * len(samples.horizons))
        if kind == "same_day":
            return scale
        chosen = np.isin(samples.day_of, days)[:, None] & known
        columns = [samples.targets[chosen[:, at], at].astype(np.float64) for at in range(len(samples.horizons))]
        if any(len(values) < 2 or values.std() == 0 for values in columns):
            raise InsufficientHistory(f"a horizon of {samples.horizons} has no two different targets in the fit slice")
        means, sds = (tuple(float(f(values)) for values in columns) for f in (np.mean, np.std))
        return replace(scale, mean=means, sd=sds)

    def apply(self, samples: PanelSamples, known: Bools) -> PanelSamples:
        """Return the samples with scaled targets; those that are not ``known`` (n_rows, H) become unknown."""
        values = np.where(known, samples.targets, np.nan).astype(np.float64)
        scaled = _within_day(values, samples.day_starts) if self.kind == "same_day" else (values - self.mean) / self.sd
        return replace(samples, targets=np.clip(scaled, -CLIP, CLIP).astype(np.float32))

    def restore(self, quantiles: Features) -> Floats:
        """Turn answers ``(n, H, Q)`` into the unit said by :attr:`unit`."""
        restored: Floats = quantiles.astype(np.float64) * np.array(self.sd)[:, None] + np.array(self.mean)[:, None]
        return restored

    def to_json(self) -> Json:
        """Write as a JSON object."""
        return {"kind": self.kind, "mean": list(self.mean), "sd": list(self.sd)}

    @classmethod
    def from_json(cls, value: Json) -> TargetScale:
        """Read what :meth:`to_json` wrote."""
        return cls(value["kind"], tuple(value["mean"]), tuple(value["sd"]))


def _within_day(values: Floats, starts: Ints) -> Floats:
    """Standardise each column within each day; days of one name, or without spread, become unknown."""
    known = np.isfinite(values)
    firsts, sizes = starts[:-1], np.diff(starts)
    count = np.add.reduceat(known, firsts, axis=0, dtype=np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.add.reduceat(np.where(known, values, 0.0), firsts, axis=0) / count
        centred = values - np.repeat(mean, sizes, axis=0)
        sd = np.sqrt(np.add.reduceat(np.where(known, centred, 0.0) ** 2, firsts, axis=0) / count)
        sd[~(sd > 0)] = np.nan
        scaled: Floats = centred / np.repeat(sd, sizes, axis=0)
    return scaled
