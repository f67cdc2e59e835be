"""Random forest for one cell."""

from augury.runs.tuning.model_families._cell import CellFamily
from augury.runs.tuning.space import Whole

FAMILY = CellFamily(
    "rf",
    {
        "n_estimators": Whole(50, 400, log=True),
        "max_depth": Whole(3, 16),
        "min_samples_leaf": Whole(1, 60, log=True),
    },
)
