"""Optimisers, one a file: ``OPTIMIZER(groups, lr, weight_decay, **settings)`` gives a ``torch.optim.Optimizer``."""

from collections.abc import Callable
from typing import Any, Final

from augury.core.catalog import Catalog
from augury.core.extras import package_folder

package_folder("torch", extra="deep")

OPTIMIZERS: Final = Catalog[Callable[..., Any]]("optimizer", ("augury.learning.optim",), "OPTIMIZER")

__all__ = ["OPTIMIZERS"]
