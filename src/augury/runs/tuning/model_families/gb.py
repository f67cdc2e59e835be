"""Gradient boosting for one cell."""

from augury.runs.tuning.model_families._cell import CellFamily
from augury.runs.tuning.space import Real, Whole

FAMILY = CellFamily(
    "gb",
    {
        "n_estimators": Whole(20, 200, log=True),
        "learning_rate": Real(0.01, 0.3, log=True),
        "max_depth": Whole(2, 6),
    },
)
