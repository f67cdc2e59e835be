"""Ranking the names of a day: what every ranker answers to, the baselines, and walking forward.

ranker         what is fitted on days and ranks other days
ridge          least squares on the last row, the linear baseline
boosted        LightGBM on the last row, the baseline to beat
target_scale   the unit a cross-section is learnt in
slices         which targets a slice of days may use
walk_forward   fold after fold: a RankIC a day, with interval
"""

from augury.models.panel.ranker import Ranker
from augury.models.panel.walk_forward import RankFigure, WalkedRanks, walk_forward_ranks

__all__ = ["RankFigure", "Ranker", "WalkedRanks", "walk_forward_ranks"]
