"""Changes of scaled features: noise in units of their spread, and one factor a sample."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from augury.core.typing import Features
from augury.learning.augment.settings import AugmentSettings


@dataclass(frozen=True)
class FeatureDraw:
    """What was drawn for the features of each sample.

    Parameters
    ----------
    factor : (N,), optional
        On all features of the sample.
    noise : (N, T, F), optional
        Added behind the factor; zero for samples that were not chosen.
    """

    factor: Features | None
    noise: Features | None

    def apply(self, x: Features) -> Features:
        """Change scaled features ``(N, T, F)``; what was not drawn is the input itself."""
        scaled = x if self.factor is None else x * self.factor[:, None, None]
        return scaled if self.noise is None else scaled + self.noise

    def apply_side(self, side: Features) -> Features:
        """Change the side features ``(N, S)`` of the same samples by the same factor; noise is the bars' own."""
        return side if self.factor is None else side * self.factor[:, None]


def draw_features(shape: tuple[int, ...], settings: AugmentSettings, generator: np.random.Generator) -> FeatureDraw:
    """Draw factor and noise for scaled features of a shape ``(N, T, F)``.

    Parameters
    ----------
    shape : tuple of int
    settings : AugmentSettings
    generator : numpy Generator

    Examples
    --------
    >>> from augury.learning.augment.settings import OFF
    >>> x = np.ones((2, 3, 1), np.float32)
    >>> draw_features(x.shape, OFF, np.random.default_rng(0)).apply(x) is x
    True
    """
    n = shape[0]
    factor = noise = None
    if settings.scaling_prob > 0:
        chosen = generator.random(n) < settings.scaling_prob
        factor = np.where(chosen, generator.normal(1.0, settings.scaling_sd, n), 1.0).astype(np.float32)
    if settings.jitter_prob > 0:
        chosen = generator.random(n) < settings.jitter_prob
        noise = np.zeros(shape, dtype=np.float32)
        drawn = generator.standard_normal((int(chosen.sum()), *shape[1:]), dtype=np.float32)
        noise[chosen] = drawn * np.float32(settings.jitter_sd)
    return FeatureDraw(factor, noise)
