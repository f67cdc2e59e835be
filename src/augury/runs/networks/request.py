"""What is asked of the training of a network, and what came out."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from augury.core.errors import UsageError
from augury.core.timeframe import Horizon
from augury.core.typing import Json
from augury.records.tracking import Experiment

_LATER: Final = ("horizon", "unfreeze")


@dataclass(frozen=True)
class NetworkRequest:
    """A training of a network from a file.

    Parameters
    ----------
    data : Path
        A window file (with labels), or bars of many symbols in any layout (of one or more for ``signals``).
    model : str
        A model of windows (``simple_lstm`` …), a network of a panel (``atft_gat_fan`` …), or ``signals``.
    epochs : int
        Upper bound.
    pretrained : Path, optional
        Encoder to begin from; it is verified tensor by tensor.
    frozen : bool
        Keep that encoder as it is.
    input_dim : int
        11 relative features, or 4 prices; of windows.
    mode : str
        ``retrospective`` or ``causal``; of windows.
    multitask : bool
        Further heads where a network has them; of panels.
    anti_collapse, variance_regularization, rank_weight : float
        Weights of ``sign_balance``, ``variance_floor`` and ``soft_spearman``; 0 is off. Of panels.
    horizons : tuple of int
        Trading rows ahead; of panels.
    horizon : tuple of str
        The same as it is spoken, ``5d``; of panels and, one of them, of signals. Empty: ``horizons``, and 5d.
    unfreeze : tuple of int
        Epochs at which the encoder of a panel is released; empty: 10, 20 and 30.
    lookback : int
        Rows of a sample; of panels and of signals that read windows.
    entry : str
        ``close``, or ``next_close`` for an entry one day later; of panels.
    folds : int
        Test blocks of the walk forward; of panels.
    network_settings : dict
        What differs from the network's own defaults.
    training : dict
        What differs from ``TrainingSettings``.
    sinks : tuple of str
        Where the run is told besides: ``mlflow``, ``wandb``.
    seed : int
    """

    data: Path
    model: str
    epochs: int = 60
    pretrained: Path | None = None
    frozen: bool = False
    input_dim: int = 11
    mode: str = "retrospective"
    multitask: bool = True
    anti_collapse: float = 0.0
    variance_regularization: float = 0.0
    rank_weight: float = 0.1
    horizons: tuple[int, ...] = (1, 5, 10, 20)
    lookback: int = 20
    entry: str = "next_close"
    folds: int = 1
    network_settings: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    sinks: tuple[str, ...] = ()
    seed: int = 1337
    horizon: tuple[str, ...] = ()
    unfreeze: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.epochs < 1 or self.folds < 1:
            raise UsageError(f"epochs={self.epochs} and folds={self.folds} are at least 1")
        if min(self.anti_collapse, self.variance_regularization, self.rank_weight) < 0:
            raise UsageError("weights of losses are not below 0")

    def in_rows(self) -> NetworkRequest:
        """Return the same request with the horizons of a panel as trading rows.

        Raises
        ------
        UsageError
            A horizon that is no number of sessions.
        """
        if not self.horizon:
            return self
        found = [Horizon.parse(text) for text in self.horizon]
        if other := [str(one) for one in found if one.unit != "d"]:
            raise UsageError(f"--horizon {', '.join(other)}: a panel is ranked some sessions ahead, e.g. 5d")
        return replace(self, horizons=tuple(sorted({one.count for one in found})), horizon=())

    def config(self) -> Json:
        """Every setting that could change the result; the file itself is told by its hash."""
        said = asdict(self)
        for name in ("data", "sinks"):
            del said[name]
        for name in _LATER:  # younger than the first trials: written where they say something
            if not said[name]:
                del said[name]
        said |= {name: list(said[name]) for name in _LATER if name in said}
        return said | {"horizons": list(self.horizons), "pretrained": str(self.pretrained) if self.pretrained else None}


@dataclass(frozen=True)
class NetworkRun:
    """A trained network.

    Parameters
    ----------
    folder : Path
        Of the model.
    experiment : Experiment
        Its line in ``experiment_results.jsonl``.
    lines : tuple of str
        What to tell: figures beside their baselines, warnings.
    """

    folder: Path
    experiment: Experiment
    lines: tuple[str, ...]
