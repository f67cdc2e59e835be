"""What a training computes in, and the way back to float32."""

from __future__ import annotations

import math
from typing import Any, Final

import torch
from torch import Tensor

from augury.core.errors import ModelError
from augury.core.typing import Json
from augury.learning.task import Task

_TYPES: Final = {"bf16": torch.bfloat16, "fp16": torch.float16}


def resolve(asked: str, device: torch.device) -> str:
    """Turn ``auto`` into bf16 where the processor computes in it, else float32.

    Having the type is not enough: without instructions for it every product is slower than in float32.
    """
    if asked != "auto":
        return asked
    if device.type == "cuda":
        return "bf16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float32"
    capabilities = torch.cpu.get_capabilities()
    return "bf16" if capabilities.get("avx512_bf16") or capabilities.get("amx_bf16") else "float32"


class Precision:
    """Losses in reduced precision while they are finite, and in float32 from the first that is not.

    bf16 and fp16 compute products in half the width and keep weights in float32. fp16 has a narrow
    range, so its gradients are scaled up before and down after.

    Parameters
    ----------
    asked : str
        One of ``augury.learning.settings.PRECISIONS``.
    device : torch.device
        Where the network is.
    """

    def __init__(self, asked: str, device: torch.device) -> None:
        self.device = device
        self.name = resolve(asked, device)
        self._scaler = torch.amp.GradScaler(device.type) if self.name == "fp16" else None
        self._events: list[Json] = []

    def loss(self, task: Task, batch: Any) -> Tensor:
        """Return the loss of a batch, computed again in float32 when it was not finite.

        Raises
        ------
        ModelError
            It is not finite in float32 either.
        """
        if self.name != "float32":
            with torch.autocast(self.device.type, dtype=_TYPES[self.name]):
                loss = task.loss(batch)
            if math.isfinite(value := float(loss.detach())):
                return loss
            self._events.append({"event": "fell_back", "from": self.name, "to": "float32", "loss": str(value)})
            self.name, self._scaler = "float32", None
        loss = task.loss(batch)
        # On an accelerator a look at each loss would stop the queue: there the mean of the epoch is looked at.
        if self.device.type == "cpu":
            refuse_infinite(float(loss.detach()))
        return loss

    def backward(self, loss: Tensor, optimizer: torch.optim.Optimizer) -> None:
        """Fill the gradients, in their true scale."""
        if self._scaler is None:
            loss.backward()  # type: ignore[no-untyped-call]
            return
        self._scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
        self._scaler.unscale_(optimizer)

    def step(self, optimizer: torch.optim.Optimizer) -> None:
        """Step, unless fp16 gradients overflowed: then their scale is halved."""
        if self._scaler is None:
            optimizer.step()
            return
        self._scaler.step(optimizer)
        self._scaler.update()

    def events(self) -> list[Json]:
        """Give what happened since the last call."""
        happened, self._events = self._events, []
        return happened

    def state(self) -> Json:
        """What a resumed training needs."""
        return {"name": self.name, "scaler": self._scaler.state_dict() if self._scaler else None}

    def restore(self, state: Json) -> None:
        """Take back what :meth:`state` gave."""
        self.name = state["name"]
        self._scaler = None
        if state["scaler"] is not None:
            self._scaler = torch.amp.GradScaler(self.device.type)
            self._scaler.load_state_dict(state["scaler"])


def refuse_infinite(loss: float) -> None:
    """Refuse a loss that is not finite in float32.

    Raises
    ------
    ModelError
        Training on would ruin the weights; the last checkpoint is as it was.
    """
    if not math.isfinite(loss):
        raise ModelError(
            f"the loss became {loss} in float32: the inputs hold a value that is not finite, or the learning rate is "
            "too large; lower learning_rate, set clip_norm above 0, or check the scaling of the inputs"
        )
