"""Two windows put together: a weighted mean, or a block of one inside the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from augury.core.typing import Bools, Features, Ints
from augury.learning.augment.settings import AugmentSettings


@dataclass(frozen=True)
class MixDraw:
    """Which two samples were put together, and how.

    The loss of a sample is ``share L(own label) + (1 - share) L(partner's label)``.

    Parameters
    ----------
    partner : (N,)
        Row of the other sample.
    share : (N,)
        What is the sample's own, 0..1; for a block, of its bars.
    block : (N, T) bool
        Bars taken from the partner whole; a sample without one is a weighted mean.
    """

    partner: Ints
    share: Features
    block: Bools

    def apply(self, x: Features) -> Features:
        """Put scaled features ``(N, T, F)`` together."""
        cut = self.block.any(axis=1)
        other = x[self.partner]
        share = np.where(cut, np.float32(1.0), self.share)[:, None, None]
        mean = share * x + (np.float32(1.0) - share) * other
        mixed: Features = np.where(self.block[:, :, None], other, mean)
        return mixed

    def apply_side(self, side: Features) -> Features:
        """Put the side features ``(N, S)`` of the same samples together, in the same shares."""
        share = self.share[:, None]
        return share * side + (np.float32(1.0) - share) * side[self.partner]


def draw_mix(n: int, n_bars: int, settings: AugmentSettings, generator: np.random.Generator) -> MixDraw | None:
    """Draw partners and shares for ``n`` samples; None when nothing is mixed.

    A block has ``int(T (1 - l))`` bars with l ~ Beta(``cutmix_alpha``), lies anywhere, and the share is counted from
    it; a mean has a share l ~ Beta(``mixup_alpha``). Without mixup the other samples stay as they are.

    Parameters
    ----------
    n, n_bars : int
    settings : AugmentSettings
    generator : numpy Generator

    Examples
    --------
    >>> from augury.learning.augment.settings import OFF
    >>> draw_mix(4, 105, OFF, np.random.default_rng(0)) is None
    True
    >>> blocks = AugmentSettings(mixup_alpha=0.0, cutmix_prob=1.0)
    >>> drawn = draw_mix(4, 105, blocks, np.random.default_rng(0))
    >>> bool(np.allclose(drawn.share, 1 - drawn.block.mean(axis=1)))
    True

    Notes
    -----
    Zhang et al. (2018), mixup; Yun et al. (2019), cutmix, here along time.
    """
    if not settings.mixes:
        return None
    partner = generator.permutation(n)
    share = generator.beta(settings.mixup_alpha, settings.mixup_alpha, n) if settings.mixup_alpha > 0 else np.ones(n)
    chosen = generator.random(n) < settings.cutmix_prob
    size = (n_bars * (1.0 - generator.beta(settings.cutmix_alpha, settings.cutmix_alpha, n))).astype(np.int64)
    first = np.floor(generator.random(n) * (n_bars - size + 1)).astype(np.int64)
    at = np.arange(n_bars)
    block = chosen[:, None] & (at >= first[:, None]) & (at < (first + size)[:, None])
    share = np.where(chosen, 1.0 - block.mean(axis=1), share)
    return MixDraw(partner, share.astype(np.float32), block)
