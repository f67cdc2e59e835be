"""Optimisers, one a file: ``OPTIMIZER(groups, lr, weight_decay, *, ...)`` gives a ``torch.optim.Optimizer``.

Its settings are its keyword arguments. It leaves parameters without gradient alone, decay included: that
is how frozen layers stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

from augury.core.catalog import Catalog
from augury.core.extras import package_folder
from augury.learning.keywords import refuse_unknown
from augury.learning.settings import TrainingSettings

if TYPE_CHECKING:
    import torch

package_folder("torch", extra="deep")

OPTIMIZERS: Final = Catalog[Callable[..., Any]]("optimizer", ("augury.learning.optim",), "OPTIMIZER")


def build_optimizer(
    groups: Mapping[str, list[torch.nn.Parameter]], settings: TrainingSettings
) -> torch.optim.Optimizer:
    """Build the optimiser of the settings over named groups, once: later only ``requires_grad`` changes.

    Raises
    ------
    UnknownName
        No such optimiser.
    UsageError
        It has no such setting.
    """
    make = OPTIMIZERS.load(settings.optimizer)
    refuse_unknown(f"optimizer '{settings.optimizer}'", make, settings.optimizer_settings)
    named = [{"params": parameters, "name": name} for name, parameters in groups.items()]
    built: torch.optim.Optimizer = make(
        named, lr=settings.learning_rate, weight_decay=settings.weight_decay, **settings.optimizer_settings
    )
    return built


__all__ = ["OPTIMIZERS", "build_optimizer"]
