"""Augmentation of training windows: drawn once a sample, applied to every branch; off is bit-equal.

``AugmentSettings`` says how often and how strongly, :func:`draw_bars` changes prices, :func:`draw_features` scaled
features, :func:`draw_mix` puts two windows together. A validation batch is never augmented.
"""

from augury.learning.augment.bars import BarDraw, draw_bars
from augury.learning.augment.features import FeatureDraw, draw_features
from augury.learning.augment.mixing import MixDraw, draw_mix
from augury.learning.augment.settings import OFF, PRETRAINING, AugmentSettings

__all__ = [
    "OFF",
    "PRETRAINING",
    "AugmentSettings",
    "BarDraw",
    "FeatureDraw",
    "MixDraw",
    "draw_bars",
    "draw_features",
    "draw_mix",
]
