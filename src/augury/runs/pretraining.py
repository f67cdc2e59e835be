"""Pre-training from a file: windows or bars become an encoder in a folder."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from augury.core.errors import DataError, UsageError
from augury.core.extras import require

if TYPE_CHECKING:
    from augury.core.bars import Bars
    from augury.labels.windows import Windows
    from augury.models.deep.pretraining import Pretrained, PretrainPlan

KINDS: Final = ("multitask", "masked", "contrastive", "panel")
_CODES: Final = {"expansion": 2, "swing": 3, "candle": 4}


def pretrain_file(
    data: Path,
    folder: Path,
    *,
    kind: str = "multitask",
    small: bool = False,
    epochs: int | None = None,
    batch_size: int | None = None,
    input_dim: int = 11,
    factor: float | None = None,
    parts: Sequence[str] = (),
    seed: int = 1337,
    stride: int = 52,
    until: date | None = None,
) -> Pretrained:
    """Pre-train an encoder on a file and write it into a folder.

    Parameters
    ----------
    data : Path
        A window file, or bars in any layout, of which windows are cut; for ``panel`` bars of many symbols.
    folder : Path
        Made when it is not there.
    kind : str
        One of ``KINDS``.
    small : bool
        32 states and batches of 64 instead of 128 and 512.
    epochs, batch_size : int, optional
        Default 50, and the profile's.
    input_dim : int
        11 relative features, or 4 prices over the first close.
    factor : float, optional
        Of the expansion label, in average true ranges.
    parts : sequence of str
        Of ``panel``: what is learned; empty is masked stocks and residual targets.
    seed : int
    stride : int
        Bars from one window to the next, when they are cut here.
    until : date, optional
        First day that is kept away: no bar of it or later is read, so that it may choose or judge what begins here.

    Raises
    ------
    UsageError
        Another kind, or parts of something that has none.
    NotFound, DataError
        No such file, or one that can not be read.
    """
    if kind not in KINDS:
        raise UsageError(f"--kind {kind} is not one of {', '.join(KINDS)}")
    if parts and kind != "panel":
        raise UsageError(f"--part is of --kind panel, not of {kind}")
    require("torch", extra="deep")
    from augury.models.deep.pretraining import pretrain_panel, pretrain_windows

    plan = _plan(kind, small, epochs, batch_size, seed)
    if kind == "panel":
        return pretrain_panel(_samples(_bars(data, until)), folder, plan=plan, parts=parts)
    if until is not None and _is_windows(data):
        raise UsageError("--until is of bars: windows are cut already", fix="augury windows extract --help")
    windows = _windows(data, stride, until)
    labels = _labels(data, len(windows)) if kind == "multitask" else None
    return pretrain_windows(windows, folder, kind=kind, plan=plan, input_dim=input_dim, factor=factor, labels=labels)


def _plan(kind: str, small: bool, epochs: int | None, batch_size: int | None, seed: int) -> PretrainPlan:
    from dataclasses import replace

    from augury.models.deep.pretraining import PretrainPlan

    plan = PretrainPlan.small(seed=seed) if small else PretrainPlan(seed=seed)
    if kind == "panel":
        plan = replace(plan, layers=1, bidirectional=False, hidden=32 if small else 64)
    for name, value in (("epochs", epochs), ("batch_size", batch_size)):
        if value is not None and value < 1:
            raise UsageError(f"{name}={value} is below 1")
    return replace(plan, epochs=epochs or plan.epochs, batch_size=batch_size or plan.batch_size)


def _bars(data: Path, until: date | None) -> Bars:
    from augury.data.canonical.normalize import normalize

    bars = normalize(data).bars
    if until is None:
        return bars
    return bars.with_frame(bars.frame.filter(pl.col("ts") < datetime(until.year, until.month, until.day, tzinfo=UTC)))


def _is_windows(data: Path) -> bool:
    """Whether a file holds windows: it has their column of bars."""
    from augury.labels.windows.files import FEATURES

    suffix = data.suffix.lower()
    if not data.is_file() or suffix not in (".parquet", ".arrow", ".feather", ".ipc"):
        return False
    schema = pl.read_parquet_schema(data) if suffix == ".parquet" else pl.read_ipc_schema(data)
    return FEATURES in schema


def _windows(data: Path, stride: int, until: date | None) -> Windows:
    from augury.labels.windows import extract_windows
    from augury.labels.windows.files import read_windows

    return read_windows(data) if _is_windows(data) else extract_windows(_bars(data, until), stride=stride)


def _labels(data: Path, count: int) -> dict[str, np.ndarray[Any, Any]]:
    """Codes of each bar where the file has them, as ``expansion_label`` or ``expansion_labels`` …"""
    if not _is_windows(data):
        return {}
    table = pl.read_parquet(data) if data.suffix.lower() == ".parquet" else pl.read_ipc(data)
    found = {}
    for task, classes in _CODES.items():
        name = next((f"{task}_label{end}" for end in ("", "s") if f"{task}_label{end}" in table.columns), None)
        if name is None:
            continue
        lengths = table[name].list.len().unique().to_list()
        if len(lengths) != 1 or table.height != count:
            raise DataError(f"{data}: {name} holds lists of {sorted(map(str, lengths))} codes, one a bar is needed")
        codes = np.array(table[name].to_list(), dtype=np.int64)[:, -105:]
        if codes.shape[1] != 105 or codes.min() < 0 or codes.max() >= classes:
            raise DataError(
                f"{data}: {name} must hold 105 codes of 0..{classes - 1}, found {codes.min()}..{codes.max()}"
            )
        found[task] = codes
    return found


def _samples(bars: Bars) -> Any:
    """The panel a ranker reads, column by column, with the return that beta does not explain as its target."""
    from augury.features.panel.correlation_graph import correlation_graphs
    from augury.features.panel.market import market_beside
    from augury.features.panel.peers import peer_beside
    from augury.features.panel.table import panel_table
    from augury.learning.samplers.panel_samples import PanelSamples
    from augury.learning.samplers.panel_targets import panel_targets

    found = panel_table(bars, market=market_beside(bars), graph=peer_beside(bars, correlation_graphs(bars)))
    targets = panel_targets(bars, (1,), neutral="beta")
    return PanelSamples.of_frame(
        found.table.frame, found.roles, targets, manifest=found.table.manifest, data_version=bars.data_version
    )
