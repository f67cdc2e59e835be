"""Adam with decoupled weight decay."""

from typing import Any

import torch


def adamw(groups: list[dict[str, Any]], lr: float, weight_decay: float, **settings: Any) -> torch.optim.Optimizer:
    """Build AdamW (Loshchilov and Hutter 2019) over groups of parameters."""
    return torch.optim.AdamW(groups, lr=lr, weight_decay=weight_decay, **settings)


OPTIMIZER = adamw
