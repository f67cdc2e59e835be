"""An LSTM over the rows of each name."""

from augury.runs.tuning.model_families._panels import PanelFamily
from augury.runs.tuning.space import Choice, Real

FAMILY = PanelFamily(
    "lstm",
    {
        "learning_rate": Real(1e-5, 1e-3, log=True),
        "hidden": Choice((16, 32, 64)),
        "rank_weight": Choice((0.0, 0.05, 0.1, 0.2)),
    },
)
