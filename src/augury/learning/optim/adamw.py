"""Adam with decoupled weight decay."""

from typing import Any

import torch


def adamw(
    groups: list[dict[str, Any]],
    lr: float,
    weight_decay: float,
    *,
    betas: tuple[float, float] = (0.9, 0.999),
    eps: float = 1e-8,
    amsgrad: bool = False,
) -> torch.optim.Optimizer:
    """Build AdamW (Loshchilov and Hutter 2019) over groups of parameters.

    It runs as one pass over each tensor (``fused``), which is faster than the default on every device.
    """
    first, second = betas
    return torch.optim.AdamW(
        groups, lr=lr, weight_decay=weight_decay, betas=(first, second), eps=eps, amsgrad=amsgrad, fused=True
    )


OPTIMIZER = adamw
