"""LightGBM for one cell."""

from augury.runs.tuning.model_families._cell import CellFamily
from augury.runs.tuning.space import Real, Whole

FAMILY = CellFamily(
    "lgbm",
    {
        "learning_rate": Real(0.01, 0.2, log=True),
        "num_leaves": Whole(4, 63, log=True),
        "min_samples_leaf": Whole(10, 200, log=True),
        "reg_lambda": Real(1e-3, 10.0, log=True),
    },
)
