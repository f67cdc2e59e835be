"""Settings of a window classifier, in the manner of scikit-learn, and the plan of a training they make."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Self

from augury.core.typing import Json
from augury.learning.settings import TrainingSettings
from augury.models.deep import NETWORKS
from augury.models.deep.blocks.window_modes import RETROSPECTIVE, is_causal
from augury.models.deep.windows.door import augmentation, known_calibration
from augury.models.deep.windows.fitting import Plan

SCHEDULE: Final = [10, 20, 30]
"""Epochs that release the last encoder layer, the whole encoder, and all the rest."""


class WindowSettings:
    """What a window classifier is asked for; nothing is learnt here.

    Parameters
    ----------
    network : str
        Of kind window, by the name of its file: ``simple_lstm``, ``compact_lstm``, ``cnn_transformer``.
    hidden_size : int, optional
        States of the encoder in each direction; None is the network's own.
    learning_rate : float
        Of the head.
    dropout : float, optional
        None is the network's own.
    mode : str
        ``retrospective`` or ``causal``.
    input_dim : int
        11: relative features, scaled by the training windows. 4: prices over the close of the first bar.
    raw : bool
        With 4: prices as they are.
    network_settings : dict, optional
        What differs from the network's defaults: ``layers``, ``heads``, ``outputs`` (``pointer``, ``extent``,
        ``span``), ``fusion`` …
    max_epochs : int
    batch_size : int, optional
        None: an eighth of the training windows, between 16 and 512.
    patience : int
        Epochs without a smaller loss on the select slice, the latest 15 %, before training stops.
    gamma : float
        Of the focal loss; 0 is cross-entropy.
    class_weight : str or sequence of float, optional
        ``balanced``: from the training labels.
    augment : bool or dict
        False: batches are the windows, bit for bit. True: the defaults of :class:`AugmentSettings`; or some of them.
    balance : str
        Of several heads: ``fixed``, ``sigma`` or ``projection``.
    calibration : str, optional
        ``temperature``: the latest 10 % of the windows are kept from training and selection and fit one temperature.
    pretrained_encoder_path : Path, optional
        Verified here, loaded in every ``fit``.
    unfreeze_schedule : int or sequence of int
        Epochs that release a transferred encoder; see :class:`augury.learning.unfreezing.Unfreezing`.
    encoder_lr_multiplier : float
        Share of the head's rate a transferred encoder learns at. Without transfer the encoder learns at the full
        rate from the start.
    allow_scaler_change : bool
        Fit a scaler anew although the encoder brings one.
    training : dict, optional
        Further settings of :class:`augury.learning.settings.TrainingSettings`: ``optimizer``, ``precision``, ``ema`` …
    device : str
        ``auto`` is CUDA when present.
    random_state : int
    """

    def __init__(
        self,
        network: str = "simple_lstm",
        hidden_size: int | None = None,
        learning_rate: float = 5e-4,
        dropout: float | None = None,
        mode: str = RETROSPECTIVE,
        input_dim: int = 11,
        raw: bool = False,
        network_settings: Mapping[str, Any] | None = None,
        max_epochs: int = 60,
        batch_size: int | None = None,
        patience: int = 20,
        weight_decay: float = 1e-4,
        gamma: float = 2.0,
        class_weight: str | Sequence[float] | None = "balanced",
        augment: bool | Mapping[str, Any] = True,
        balance: str = "fixed",
        calibration: str | None = None,
        pretrained_encoder_path: Path | str | None = None,
        unfreeze_schedule: int | Sequence[int] = SCHEDULE,
        encoder_lr_multiplier: float = 0.1,
        allow_scaler_change: bool = False,
        training: Mapping[str, Any] | None = None,
        device: str = "auto",
        random_state: int = 1337,
    ) -> None:
        self.network = network
        self.hidden_size = hidden_size
        self.learning_rate = learning_rate
        self.dropout = dropout
        self.mode = mode
        self.input_dim = input_dim
        self.raw = raw
        self.network_settings = network_settings
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.patience = patience
        self.weight_decay = weight_decay
        self.gamma = gamma
        self.class_weight = class_weight
        self.augment = augment
        self.balance = balance
        self.calibration = calibration
        self.pretrained_encoder_path = pretrained_encoder_path
        self.unfreeze_schedule = unfreeze_schedule
        self.encoder_lr_multiplier = encoder_lr_multiplier
        self.allow_scaler_change = allow_scaler_change
        self.training = training
        self.device = device
        self.random_state = random_state
        is_causal(mode)
        known_calibration(calibration)
        self._set_up()

    def _set_up(self) -> None:
        """What an estimator does when its settings are known; not at ``clone``'s ``get_params``."""

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the settings of the constructor, those of the base included."""
        return {name: getattr(self, name) for name in self._names()}

    def set_params(self, **params: Any) -> Self:
        """Change settings, as in scikit-learn.

        Raises
        ------
        ValueError
            A setting that does not exist.
        """
        for name, value in params.items():
            if name not in self._names():
                raise ValueError(f"{type(self).__name__} has no setting '{name}' (known: {', '.join(self._names())})")
            setattr(self, name, value)
        return self

    def __sklearn_tags__(self) -> Any:
        """Say to scikit-learn what this is; the package is imported only when it asks."""
        from sklearn.utils import ClassifierTags, InputTags, Tags, TargetTags

        return Tags(
            estimator_type="classifier",
            target_tags=TargetTags(required=True),
            classifier_tags=ClassifierTags(),
            input_tags=InputTags(two_d_array=False, three_d_array=True, positive_only=True),
        )

    def __sklearn_is_fitted__(self) -> bool:
        """Whether there is a network to ask."""
        return hasattr(self, "network_")

    def __repr__(self) -> str:
        plain, usual = inspect.signature(type(self)).parameters, inspect.signature(WindowSettings).parameters
        changed = {
            name: value
            for name, value in self.get_params().items()
            if value != (plain if name in plain else usual)[name].default
        }
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in changed.items())})"

    @classmethod
    def _names(cls) -> list[str]:
        return list(inspect.signature(WindowSettings).parameters)

    def plan(self, side: int = 0) -> Plan:
        """Make the plan of a training; ``side`` is how many side features a window has."""
        transferred = self.pretrained_encoder_path is not None
        schedule = self.unfreeze_schedule
        stages = tuple(schedule) if not isinstance(schedule, int) else (schedule,) if schedule > 0 else ()
        settings = TrainingSettings(
            epochs=self.max_epochs,
            learning_rate=self.learning_rate,
            encoder_rate=self.encoder_lr_multiplier if transferred else 1.0,
            weight_decay=self.weight_decay,
            patience=self.patience,
            seed=self.random_state,
            unfreeze=stages if transferred else (),
        ).replace(**(self.training or {}))
        return Plan(
            network=self.network,
            network_settings=self._network_settings(side),
            input_dim=self.input_dim,
            raw=self.raw,
            training=settings,
            batch_size=self.batch_size,
            gamma=self.gamma,
            class_weight=self.class_weight,
            augment=augmentation(self.augment),
            balance=self.balance,
            device=self.device,
            path=Path(self.pretrained_encoder_path) if self.pretrained_encoder_path is not None else None,
            schedule=schedule,
            allow_scaler_change=self.allow_scaler_change,
        )

    def _network_settings(self, side: int) -> Json:
        """Settings of the network: only what it knows, so that one without a hidden size is not given one."""
        known = inspect.signature(NETWORKS.load(self.network)).parameters
        asked = {"hidden": self.hidden_size, "dropout": self.dropout, "mode": self.mode, "side": side or None}
        given = {name: value for name, value in asked.items() if name in known and value is not None}
        return given | dict(self.network_settings or {})
