"""The window network ``simple_lstm`` with its batch, layers, heads and focal loss searched as well."""

from augury.runs.tuning.model_families._windows import WindowFamily
from augury.runs.tuning.space import Choice, Real

FAMILY = WindowFamily(
    "simple_lstm",
    {
        "hidden_size": Choice((64, 128, 256)),
        "learning_rate": Real(1e-4, 1e-2, log=True),
        "dropout": Real(0.1, 0.4),
        "batch_size": Choice((32, 64, 128)),
        "network.layers": Choice((1, 2)),
        "network.heads": Choice((1, 2, 4)),
        "gamma": Real(1.0, 3.0),
    },
    objective="speed_and_size",
)
