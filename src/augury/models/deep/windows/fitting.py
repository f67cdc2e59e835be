"""One training of a window network, from windows to weights: slices, inputs, transfer, loop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch

from augury.core.errors import InsufficientHistory, UsageError
from augury.core.seeds import derive
from augury.core.typing import Json
from augury.learning.augment import AugmentSettings
from augury.learning.loop import History, Hook, fit
from augury.learning.losses.focal import FocalLoss
from augury.learning.settings import TrainingSettings
from augury.learning.transfer import TransferReport, load_encoder
from augury.learning.unfreezing import Unfreezing
from augury.models.deep import NETWORKS
from augury.models.deep.network import Network, device_of
from augury.models.deep.windows.inputs import WindowInputs
from augury.models.deep.windows.objective import WindowObjective
from augury.models.deep.windows.scaler import WindowScaler
from augury.models.deep.windows.slices import WindowSlices
from augury.models.deep.windows.task import WindowSet, WindowTask

BATCH_LEAST: Final = 16
BATCH_MOST: Final = 512


@dataclass(frozen=True)
class Plan:
    """What a training is asked for.

    Parameters
    ----------
    network : str
        Name of its file in ``networks/``.
    network_settings : dict
        Without ``n_features`` and ``n_classes``.
    input_dim, raw
        See :class:`WindowInputs`.
    training : TrainingSettings
    batch_size : int, optional
        None: an eighth of the windows, between 16 and 512, never more than there are.
    gamma : float
    class_weight : str or sequence of float, optional
        ``balanced`` from the training labels, one a class, or None for equal weights.
    augment : AugmentSettings, optional
    balance : str
        Of several heads: ``fixed`` weights, learnt ``sigma``, or ``projection`` of gradients that conflict.
    device : str
    path : Path, optional
        Of pre-trained encoder weights.
    schedule : int or sequence of int
        When they are released.
    allow_scaler_change : bool
        Fit the scaler on the training windows although the encoder brings one, and take an encoder of other columns.
    """

    network: str
    network_settings: Json
    input_dim: int
    raw: bool
    training: TrainingSettings
    batch_size: int | None
    gamma: float
    class_weight: str | Sequence[float] | None
    augment: AugmentSettings | None
    balance: str
    device: str
    path: Path | None = None
    schedule: int | Sequence[int] = -1
    allow_scaler_change: bool = False

    def build(self, n_classes: int) -> Network:
        """Build the network on the processor, its weights drawn from the seed."""
        with torch.random.fork_rng():
            torch.manual_seed(derive(self.training.seed, "weights"))
            kind = NETWORKS.load(self.network)
            if kind.KIND != "window":
                raise UsageError(f"network '{self.network}' reads a {kind.KIND}, not windows")
            return kind(n_features=self.input_dim, n_classes=n_classes, **self.network_settings)


@dataclass(frozen=True)
class Fitted:
    """What came of it."""

    network: Network
    inputs: WindowInputs
    history: History
    transfer: TransferReport | None
    events: tuple[Json, ...]
    batch_size: int


def fit_windows(
    plan: Plan, windows: WindowSet, slices: WindowSlices, n_classes: int, more: Sequence[Hook] = ()
) -> Fitted:
    """Train a network on the fit slice, keep the weights that did best on the select slice.

    Raises
    ------
    InsufficientHistory
        A class has no window in the fit slice.
    TransferMismatch
        The encoder does not fit.
    """
    train, select = windows.take(slices.fit), windows.take(slices.select)
    counts = np.bincount(train.codes, minlength=n_classes)
    if (counts == 0).any():
        raise InsufficientHistory(
            f"class number {int(counts.argmin())} has no window among the {len(train)} to train on"
        )
    inputs, network = WindowInputs(plan.input_dim, plan.raw), plan.build(n_classes)
    report = None if plan.path is None else transfer(plan, network, inputs)
    if inputs.scaler is None:
        inputs.fit(train.prices)
    device = device_of(plan.device)
    network.to(device)
    batch_size = plan.batch_size or max(BATCH_LEAST, min(BATCH_MOST, len(train) // 8))
    span_weight = 1.0 if train.spans is None or not train.spans.known.any() else train.spans.positive_weight
    focal = FocalLoss(plan.gamma, plan.class_weight).fit(torch.from_numpy(train.codes))
    task = WindowTask(
        network,
        inputs,
        train,
        select,
        WindowObjective(focal, n_classes, span_weight, device),
        batch_size=min(batch_size, len(train)),
        augment=plan.augment,
        balance=plan.balance,
        seed=plan.training.seed,
    )
    hooks = [] if report is None else [unfreezing(plan)]
    history = fit(task, plan.training, hooks=[*hooks, *more])
    network.eval().to("cpu")
    for parameter in network.parameters():
        parameter.requires_grad_(True)
    events = tuple(event for hook in hooks for event in hook.events)
    return Fitted(network, inputs, history, report, events, min(batch_size, len(train)))


def transfer(plan: Plan, network: Network, inputs: WindowInputs, *, freeze: bool = True) -> TransferReport:
    """Load the encoder of a plan into a network, and its scaler into the inputs."""
    assert plan.path is not None
    report = load_encoder(
        network,
        plan.path,
        freeze=freeze,
        allow_scaler_change=plan.allow_scaler_change,
        feature_set=None if plan.allow_scaler_change else inputs.feature_set,
    )
    if report.scaler is not None and not plan.allow_scaler_change:
        inputs.scaler = WindowScaler.from_json(report.scaler)
    return report


def unfreezing(plan: Plan) -> Unfreezing:
    """The hook that releases the encoder."""
    training = plan.training
    return Unfreezing(
        plan.schedule,
        max_epochs=training.epochs,
        encoder_rate=training.encoder_rate,
        stop_before_unfreeze=training.stop_before_unfreeze,
    )


def check_encoder(plan: Plan) -> TransferReport:
    """Prove that an encoder fits before anything is trained; nothing is kept of it."""
    return transfer(plan, plan.build(n_classes=2), WindowInputs(plan.input_dim, plan.raw))
