"""The window network ``simple_lstm``."""

from augury.runs.tuning.model_families._windows import WindowFamily
from augury.runs.tuning.space import Choice, Real

FAMILY = WindowFamily(
    "simple_lstm",
    {
        "hidden_size": Choice((64, 128, 256)),
        "learning_rate": Real(1e-4, 1e-2, log=True),
        "dropout": Real(0.1, 0.4),
    },
)
