"""Which samples a network sees, and in which order.

panel_targets   what follows each row of a panel, at several horizons
panel_samples   the L rows of a symbol up to a day, found through an index of dates
day_batches     whole days together, each once an epoch
"""

from augury.learning.samplers.day_batches import NAMES_SELECT, NAMES_TRAIN, DayBatchSampler, PanelBatch
from augury.learning.samplers.panel_samples import LOOKBACK, PanelSamples
from augury.learning.samplers.panel_targets import HORIZONS, PanelTargets, panel_targets

__all__ = [
    "HORIZONS",
    "LOOKBACK",
    "NAMES_SELECT",
    "NAMES_TRAIN",
    "DayBatchSampler",
    "PanelBatch",
    "PanelSamples",
    "PanelTargets",
    "panel_targets",
]
