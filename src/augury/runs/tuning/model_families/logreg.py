"""Logistic regression for one cell."""

from augury.runs.tuning.model_families._cell import CellFamily
from augury.runs.tuning.space import Real

FAMILY = CellFamily("logreg", {"C": Real(1e-4, 10.0, log=True)})
