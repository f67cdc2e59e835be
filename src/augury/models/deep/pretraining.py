"""Pre-training of an encoder on windows or on a panel, from bars to the file that is transferred."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from augury.core.errors import InsufficientHistory, UsageError
from augury.core.seeds import derive
from augury.core.typing import Ints, Json
from augury.labels.structure import expansion_factor, structure_labels
from augury.labels.windows import Windows
from augury.labels.windows.folds import refuse_straddling
from augury.learning.loop import History, fit
from augury.learning.pretrain import PRETRAININGS
from augury.learning.pretrain._windows import WindowData
from augury.learning.pretrain.multitask import TASKS
from augury.learning.pretrain.panel import WEIGHTS, PanelData, PanelPretraining
from augury.learning.samplers.panel_samples import PanelSamples
from augury.learning.settings import TrainingSettings
from augury.learning.transfer import write_encoder
from augury.models.deep.blocks.lstm_encoder import LstmEncoder
from augury.models.deep.network import device_of
from augury.models.deep.windows.inputs import RELATIVE, WindowInputs

WINDOW_KINDS: Final = ("multitask", "masked", "contrastive")
SELECT_SHARE: Final = 0.15
"""The latest share of the windows or days, which chooses the epoch."""


@dataclass(frozen=True, slots=True)
class PretrainPlan:
    """The size of an encoder and how it is pre-trained.

    Parameters
    ----------
    hidden, layers : int
        Of the encoder.
    bidirectional : bool
        False for an encoder that goes into a causal network whole; of one that reads both ways it takes half.
    epochs, batch_size : int
    learning_rate : float
        Falls along a cosine to 1e-5.
    patience : int
    seed : int
    threads : int

    Examples
    --------
    >>> PretrainPlan.small().hidden, PretrainPlan().batch_size
    (32, 512)
    """

    hidden: int = 128
    layers: int = 2
    bidirectional: bool = True
    epochs: int = 50
    batch_size: int = 512
    learning_rate: float = 1e-3
    patience: int = 10
    seed: int = 1337
    threads: int = 2

    @classmethod
    def small(cls, **changes: Any) -> PretrainPlan:
        """The profile that trains in minutes: 32 states, batches of 64."""
        return cls(**({"hidden": 32, "batch_size": 64} | changes))

    def training(self) -> TrainingSettings:
        """Return the settings of the loop."""
        return TrainingSettings(
            epochs=self.epochs,
            learning_rate=self.learning_rate,
            weight_decay=1e-4,
            schedule="cosine",
            schedule_settings={"eta_min": min(1e-5, self.learning_rate)},
            patience=self.patience,
            threads=self.threads,
            seed=self.seed,
        )


@dataclass(frozen=True)
class Pretrained:
    """A pre-trained encoder.

    Parameters
    ----------
    encoder : LstmEncoder
    path : Path
        Its file, what ``load_pretrained_encoder`` and ``--load-pretrained`` are given.
    sha256 : str
    history : History
    facts : dict
        What ``encoder.json`` says beside the tensors.
    """

    encoder: LstmEncoder
    path: Path
    sha256: str
    history: History
    facts: Json


def date_split(windows: Windows, share: float = SELECT_SHARE) -> tuple[Ints, Ints]:
    """Divide windows by date: the latest ``share`` selects, and one window length before it is left out.

    Raises
    ------
    InsufficientHistory
        A side would be empty.
    """
    starts, ends = (windows.frame[name].to_physical().to_numpy() for name in ("start_ts", "end_ts"))
    border = np.quantile(starts, 1.0 - share, method="lower")
    length = int(np.median(ends - starts))
    select, train = np.flatnonzero(starts >= border), np.flatnonzero(ends + length < border)
    if not len(select) or not len(train):
        raise InsufficientHistory(
            f"{len(windows)} windows leave {len(train)} to learn from and {len(select)} to select by, with a gap of "
            "one window length between them"
        )
    refuse_straddling(windows, train, select)
    return train, select


def pretrain_windows(
    windows: Windows,
    folder: Path,
    *,
    kind: str = "multitask",
    plan: PretrainPlan | None = None,
    input_dim: int = RELATIVE,
    factor: float | None = None,
    labels: Mapping[str, np.ndarray[Any, Any]] | None = None,
    device: str = "auto",
    **settings: Any,
) -> Pretrained:
    """Pre-train an encoder on windows nobody labelled and write ``<kind>_encoder.safetensors``.

    Parameters
    ----------
    windows : Windows
        Of 105 bars; a label of theirs is not read.
    folder : Path
        Of the file and its ``encoder.json``.
    kind : str
        ``multitask``, ``masked`` or ``contrastive``.
    plan : PretrainPlan, optional
    input_dim : int
        11 relative features, or 4 prices over the first close.
    factor : float, optional
        Of the expansion label; default the smallest of 1, 1.5, 2 whose share of training bars is 0.5 % to 5 %.
    labels : dict, optional
        ``expansion``, ``swing``, ``candle`` codes ``(n, 105)``; absent ones are made from the bars.
    device : str
    **settings
        Of the kind: ``balanced``, ``shape``, ``share``.

    Raises
    ------
    UsageError
        Another kind.
    InsufficientHistory, DataError
        Too few windows, or no factor fits.
    """
    if kind not in WINDOW_KINDS:
        raise UsageError(f"kind='{kind}' is one of {', '.join(WINDOW_KINDS)}; a panel is pre-trained from days")
    plan = plan or PretrainPlan()
    train, select = date_split(windows)
    inputs = WindowInputs(input_dim).fit(windows.prices[train])
    facts: Json = {}
    codes: dict[str, np.ndarray[Any, Any]] = dict(labels or {}) if kind == "multitask" else {}
    if kind == "multitask" and set(TASKS) - set(codes):
        facts["expansion_factor"] = factor or expansion_factor(windows.prices[train])
        made = structure_labels(windows.prices, facts["expansion_factor"])
        codes = {name: codes.get(name, getattr(made, name)) for name in TASKS}
    data = WindowData(inputs.transform(windows.prices), train, select, codes, *_places(windows))
    encoder = _encoder(input_dim, plan, device)
    task = PRETRAININGS.load(kind)(encoder, data, batch_size=plan.batch_size, seed=plan.seed, **settings)
    facts |= {"input_dim": input_dim, "train_windows": len(train), "select_windows": len(select), **settings}
    facts["data_version"] = sorted({str(version) for version in windows.frame["data_version"].unique()})
    scaler = None if inputs.scaler is None else inputs.scaler.to_json()
    return _finished(task, encoder, plan, folder, kind, inputs.feature_set, scaler, facts, device)


def pretrain_panel(
    samples: PanelSamples,
    folder: Path,
    *,
    plan: PretrainPlan | None = None,
    parts: Sequence[str] = (),
    device: str = "auto",
) -> Pretrained:
    """Pre-train a one-way encoder on the days of a panel and write ``panel_encoder.safetensors``.

    Parameters
    ----------
    samples : PanelSamples
        Their first target is the residual return.
    folder : Path
    plan : PretrainPlan, optional
        ``batch_size`` is not read: a batch is a day.
    parts : sequence of str
        Some of ``masked_stocks``, ``temporal_contrast``, ``residual_targets``; empty is the first and the last.
    device : str
    """
    plan = plan or PretrainPlan(hidden=32, layers=1, bidirectional=False)
    days = np.arange(len(samples.days))
    first = int(len(days) * (1.0 - SELECT_SHARE))
    gap = max(samples.reach_rows, samples.lookback - 1)
    data = PanelData(samples, days[: max(0, first - gap)], days[first:])
    encoder = _encoder(samples.n_features, plan, device)
    if unknown := sorted(set(parts) - set(WEIGHTS)):
        raise UsageError(f"--part {', '.join(unknown)} is none of {', '.join(WEIGHTS)}")
    weights = {part: WEIGHTS[part] for part in parts} if parts else None
    task = PanelPretraining(encoder, data, weights=weights, seed=plan.seed)
    task.network.to(device_of(device))
    facts: Json = {"inputs": list(samples.inputs), "lookback": samples.lookback, "parts": list(task.weights)}
    facts["data_version"] = [samples.data_version]
    facts["data_until"] = f"{_known_until(samples):%Y-%m-%d}"
    return _finished(task, encoder, plan, folder, "panel", samples.manifest_hash, None, facts, device)


def _encoder(width: int, plan: PretrainPlan, device: str) -> LstmEncoder:
    # Heads are drawn behind the encoder, from the same state: one seed decides both.
    torch.manual_seed(derive(plan.seed, "pretrain", "weights"))
    return LstmEncoder(width, plan.hidden, plan.layers, plan.bidirectional).to(device_of(device))


def _known_until(samples: PanelSamples) -> datetime:
    """Last moment an encoder may have learnt of, by an input or by a target: nothing up to it may judge it."""
    last: datetime = samples.days[-1]
    ends = samples.label_end[samples.mask]
    return last if not len(ends) else max(last, datetime.fromtimestamp(int(ends.max()) / 1e6, tz=UTC))


def _places(windows: Windows) -> tuple[Ints, Ints, Ints]:
    """Symbol, first and last moment of each window."""
    names = windows.frame["symbol"].rank("dense").to_numpy().astype(np.int64)
    start, end = (windows.frame[name].to_physical().to_numpy().astype(np.int64) for name in ("start_ts", "end_ts"))
    return names, start, end


def _finished(
    task: Any,
    encoder: LstmEncoder,
    plan: PretrainPlan,
    folder: Path,
    kind: str,
    feature_set: str,
    scaler: Json | None,
    facts: Json,
    device: str,
) -> Pretrained:
    task.network.to(device_of(device))
    history = fit(task, plan.training())
    encoder.to("cpu").eval()
    path = folder / f"{kind}_encoder.safetensors"
    # Seconds differ from run to run; what is written down is what the same data and seed give again.
    kept = [
        {"epoch": record.epoch, "loss": record.loss, "measures": record.measures, "rates": record.rates}
        for record in history.epochs
    ]
    facts = facts | {"training": plan.training().to_json(), "history": kept, "best_epoch": history.best_epoch}
    digest = write_encoder(encoder, path, kind=kind, feature_set=feature_set, scaler=scaler, facts=facts)
    return Pretrained(encoder, path, digest, history, facts)
