"""SimpleLSTM and its twin for production, the estimators most windows are learnt with."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from augury.models.deep.windows.classifier import WindowClassifier
from augury.models.deep.windows.settings import SCHEDULE


class SimpleLSTM(WindowClassifier):
    """The window classifier over :class:`augury.models.deep.networks.simple_lstm.SimpleLstmNetwork`.

    Parameters
    ----------
    hidden_size : int
    learning_rate, dropout : float
    **settings
        Of :class:`~augury.models.deep.windows.settings.WindowSettings`: ``mode``, ``input_dim``, ``max_epochs`` …

    Examples
    --------
    >>> SimpleLSTM(mode="causal", max_epochs=5)
    SimpleLSTM(mode='causal', max_epochs=5)
    """

    def __init__(
        self, hidden_size: int = 128, learning_rate: float = 5e-4, dropout: float = 0.1, **settings: Any
    ) -> None:
        super().__init__(hidden_size=hidden_size, learning_rate=learning_rate, dropout=dropout, **settings)


class ProductionSimpleLSTM(WindowClassifier):
    """The same network with the defaults of transfer.

    With a path the encoder is verified here and loaded in every ``fit``; the schedule and the multiplier
    then act. Without one the whole network is trained from the start.

    Parameters
    ----------
    pretrained_encoder_path : Path, optional
    unfreeze_schedule : int or sequence of int
        Epochs that release the last encoder layer, the whole encoder, and all the rest.
    encoder_lr_multiplier : float
        Share of the head's learning rate.
    hidden_size : int
    learning_rate, dropout : float
    **settings
        Of :class:`~augury.models.deep.windows.settings.WindowSettings`.

    Examples
    --------
    >>> model = ProductionSimpleLSTM()
    >>> model.unfreeze_schedule, model.dropout, model.transfer_learning_enabled
    ([10, 20, 30], 0.3, False)
    """

    def __init__(
        self,
        pretrained_encoder_path: Path | str | None = None,
        unfreeze_schedule: int | Sequence[int] = SCHEDULE,
        encoder_lr_multiplier: float = 0.1,
        hidden_size: int = 128,
        learning_rate: float = 5e-4,
        dropout: float = 0.3,
        **settings: Any,
    ) -> None:
        super().__init__(
            pretrained_encoder_path=pretrained_encoder_path,
            unfreeze_schedule=unfreeze_schedule,
            encoder_lr_multiplier=encoder_lr_multiplier,
            hidden_size=hidden_size,
            learning_rate=learning_rate,
            dropout=dropout,
            **settings,
        )
