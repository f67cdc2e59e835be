"""losses: the public names of :mod:`augury.learning.losses`, with the extra ``deep`` installed.

Examples
--------
>>> from augury.losses import RankPreservingLoss
>>> RankPreservingLoss(rank_weight=0.2).config()["settings"]["rank_weight"]
0.2
"""

from augury.learning.losses import LOSSES, DayLoss, Loss, build, get_custom_objects, register_custom_objects
from augury.learning.losses.anti_collapse_directional import AntiCollapseDirectional
from augury.learning.losses.asymmetric_directional import AsymmetricDirectional
from augury.learning.losses.binary_focal import BinaryFocalLoss
from augury.learning.losses.directional_huber import DirectionalHuber
from augury.learning.losses.directional_mse import DirectionalMse
from augury.learning.losses.focal import FocalLoss
from augury.learning.losses.focal_with_alpha import FocalLossWithAlpha
from augury.learning.losses.huber_with_variance_penalty import HuberWithVariancePenalty
from augury.learning.losses.multi_horizon_rank_preserving import MultiHorizonRankPreservingLoss
from augury.learning.losses.panel import PanelLoss
from augury.learning.losses.pinball import Pinball
from augury.learning.losses.rank_preserving import RankPreservingLoss
from augury.learning.losses.regime_weighted import RegimeWeightedLoss
from augury.learning.losses.variance_regularized import VarianceRegularized

__all__ = [
    "LOSSES",
    "AntiCollapseDirectional",
    "AsymmetricDirectional",
    "BinaryFocalLoss",
    "DayLoss",
    "DirectionalHuber",
    "DirectionalMse",
    "FocalLoss",
    "FocalLossWithAlpha",
    "HuberWithVariancePenalty",
    "Loss",
    "MultiHorizonRankPreservingLoss",
    "PanelLoss",
    "Pinball",
    "RankPreservingLoss",
    "RegimeWeightedLoss",
    "VarianceRegularized",
    "build",
    "get_custom_objects",
    "register_custom_objects",
]
