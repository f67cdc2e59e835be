"""Before hours are spent: five parts that training a window network stands on, each tried for real."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from augury.core.errors import AuguryError, UsageError
from augury.core.typing import Features
from augury.data.synthetic import SyntheticMarket
from augury.labels.windows import Windows, extract_windows

SCALE: Final = 1.3
"""Prices in another unit, which the relative features must not notice."""
CLOSE: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Part:
    """One part, tried.

    Parameters
    ----------
    name : str
    passed : bool
    message : str
        The figure it was judged by, or what broke.
    """

    name: str
    passed: bool
    message: str


def preflight() -> Iterator[Part]:
    """Try the five parts on synthetic windows, the smallest networks, one epoch."""
    windows = extract_windows(SyntheticMarket(n_symbols=2, n_bars=2200, seed=11).bars())
    for name, part in PARTS.items():
        try:
            yield Part(name, *part(windows))
        except (AuguryError, ValueError, RuntimeError, AssertionError) as error:
            yield Part(name, False, f"{type(error).__name__}: {error}")


def _raw(windows: Windows) -> tuple[bool, str]:
    """Four prices reach the network over the close of the first bar, or as they are when asked for."""
    from augury.models.deep.windows.inputs import WindowInputs

    prices = windows.prices
    said, raw = WindowInputs(4).features(prices), WindowInputs(4, raw=True).fit(prices).transform(prices)
    off = max(float(np.abs(said - prices / prices[:, :1, 3:]).max()), float(np.abs(raw / prices - 1).max()))
    return said.shape[1:] == (105, 4) and off < CLOSE, f"{said.shape[2]} inputs, max diff {off:.6f}"


def _relative(windows: Windows) -> tuple[bool, str]:
    """Eleven features that do not change with the unit of the prices."""
    from augury.features.relative import RelativeFeatureTransform

    said, scaled = (RelativeFeatureTransform().fit_transform(one) for one in (windows.prices, windows.prices * SCALE))
    off = float(np.abs(said - scaled).max())
    return said.shape[2] == 11 and off <= CLOSE, f"{said.shape[2]} inputs, max diff {off:.6f} at x{SCALE}"


def _multitask(windows: Windows) -> tuple[bool, str]:
    """Three heads answer for each bar."""
    import torch

    from augury.learning.pretrain.multitask import TASKS, Heads
    from augury.models.deep.blocks.lstm_encoder import LstmEncoder

    with torch.random.fork_rng():
        torch.manual_seed(0)
        encoder, heads = LstmEncoder(11, hidden=8, layers=2), Heads(16)
        with torch.no_grad():
            said = heads.eval()(encoder.eval()(torch.from_numpy(_features(windows)[:2])))
    shapes = {name: tuple(logits.shape) for name, logits in said.items()}
    wanted = {name: (2, 105, classes) for name, (classes, _) in TASKS.items()}
    return shapes == wanted, ", ".join(f"{name} {list(shape)}" for name, shape in shapes.items())


def _transfer(windows: Windows) -> tuple[bool, str]:
    """A pre-trained encoder arrives whole, and is not what was there before."""
    from augury.models.deep.pretraining import PretrainPlan, pretrain_windows
    from augury.models.deep.windows.simple_lstm import SimpleLSTM

    with tempfile.TemporaryDirectory() as folder:
        plan = PretrainPlan.small(hidden=8, layers=1, epochs=1, threads=1)
        made = pretrain_windows(windows, Path(folder), kind="masked", plan=plan, device="cpu")
        report = SimpleLSTM(hidden_size=8, max_epochs=31).load_pretrained_encoder(made.path)
    kept = f"{len(report.matched)} tensors kept, ratio {report.match_ratio:.1f}"
    told = f"{kept}, difference to the file {report.difference:g}, change {report.change:.3f}"
    return report.passed and report.difference == 0.0 and report.change > 0.0, told


def _warp(windows: Windows) -> tuple[bool, str]:
    """Time is not warped unless somebody asks for it."""
    from augury.learning.augment.settings import NAMES, AugmentSettings

    said = AugmentSettings.from_environment(os.environ).time_warp_prob
    return said == 0.0, f"time_warp_prob = {said} (set by {', '.join(NAMES)})"


PARTS: Final[dict[str, Callable[[Windows], tuple[bool, str]]]] = {
    "raw OHLC pipeline": _raw,
    "relative transform": _relative,
    "multi-task model": _multitask,
    "encoder transfer": _transfer,
    "time warp off": _warp,
}


def _features(windows: Windows) -> Features:
    from augury.features.relative import RelativeFeatureTransform

    said: Features = RelativeFeatureTransform().fit_transform(windows.prices)
    if not np.isfinite(said).all():
        raise UsageError("relative features of whole windows are not finite")
    return said
