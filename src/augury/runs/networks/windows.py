"""A classifier of windows, from a window file: the latest fifth reports, what lies before it teaches."""

from __future__ import annotations

import inspect
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from augury.core.errors import DataError, UsageError
from augury.core.hashing import sha256_file, sha256_json
from augury.core.typing import Ints, Json
from augury.labels.windows import Windows
from augury.labels.windows.files import read_windows
from augury.labels.windows.folds import forward_folds
from augury.models.deep.windows.scores import WindowReport, window_report
from augury.models.windows import window_model
from augury.proof.holdout import Guard
from augury.records.tracking import Tracker
from augury.records.trials.trials import Trial, Trials
from augury.runs.networks.request import NetworkRequest, NetworkRun

REPORT_BLOCKS = 5
"""The latest of so many blocks of windows reports."""


def train_windows(asked: NetworkRequest, root: Path, trials: Trials, guard: Guard | None) -> NetworkRun:
    """Train, report and keep a model of windows; see :func:`augury.runs.networks.train_network`."""
    if asked.horizon or asked.unfreeze:
        raise UsageError("--horizon and --unfreeze are not of windows: give --setting unfreeze_schedule=[10,20,30]")
    windows = read_windows(asked.data)
    if windows.frame["label"].null_count():
        raise DataError(
            f"{windows.frame['label'].null_count()} of {len(windows)} windows of {asked.data} have no label",
            fix=f"augury pretrain --kind masked --data {asked.data} --output-dir encoder",
        )
    train, report = forward_folds(windows, REPORT_BLOCKS - 1)[-1]
    if guard is not None:
        for purpose, rows in (("fit", train), ("report", report)):
            guard.allow(purpose, windows.frame[rows].rename({"end_ts": "ts"}), column="ts")
    model = window_model(asked.model, asked.seed, **_settings(asked))
    version = sha256_file(asked.data)
    split = sha256_json({"report": windows.frame[report]["window_id"].to_list()})
    with Tracker.init(
        "train", asked.config(), root, data_version=version, split=split, seed=asked.seed, sinks=asked.sinks
    ) as run:
        fitted = _fit(model, windows, train)
        for record in getattr(getattr(fitted, "history_", None), "epochs", ()):
            run.log({"loss": record.loss} | {f"select_{k}": v for k, v in record.measures.items()}, step=record.epoch)
        found = _reported(fitted, windows, report, asked.mode)
        folder = root / "networks" / run.experiment_id
        if hasattr(fitted, "save"):
            folder.mkdir(parents=True)
            fitted.save(folder)
        told = run.finish(_figures(found), series=found[1].tolist())
    trials.record(_trial(asked, version, found[0]))
    return NetworkRun(folder, told, _lines(fitted, found[0]))


def _settings(asked: NetworkRequest) -> Json:
    """The settings of a request that the model has; a flag it does not have is refused when it was used."""
    from augury.models.deep.windows.settings import WindowSettings

    if not asked.model.endswith("lstm") and asked.model != "cnn_transformer":
        if asked.pretrained:
            raise UsageError(f"{asked.model} has no encoder: --load-pretrained is of simple_lstm and its kin")
        return dict(asked.network_settings)
    known = inspect.signature(WindowSettings).parameters
    said: Json = {"max_epochs": asked.epochs, "input_dim": asked.input_dim, "mode": asked.mode}
    said |= {"training": asked.training} if asked.training else {}
    if asked.pretrained is not None:
        said |= {"pretrained_encoder_path": asked.pretrained} | ({"unfreeze_schedule": -1} if asked.frozen else {})
    for name in (*said, *asked.network_settings):
        if name not in known:
            raise UsageError(f"{asked.model} has no setting '{name}' (known: {', '.join(known)})")
    return said | asked.network_settings


def _fit(model: Any, windows: Windows, train: Ints) -> Any:
    part = windows.take(train)
    ends = part.frame.select("start_ts", "end_ts")
    if "spans" not in inspect.signature(model.fit).parameters:
        return model.fit(part.prices, part.frame["label"].to_numpy(), times=ends["end_ts"].to_numpy())
    return model.fit(part)


def _reported(model: Any, windows: Windows, report: Ints, mode: str) -> tuple[WindowReport, Any]:
    """The report on windows that do not overlap, and what each adds to the accuracy."""
    apart = _apart(windows.frame[report])
    rows = report[apart]
    proba = model.predict_proba(windows.prices[rows])
    names = [str(name) for name in model.classes_]
    given = windows.frame["label"].gather(rows).to_list()
    if unseen := sorted(set(given) - set(names)):
        raise DataError(f"the report slice has windows of class {', '.join(unseen)}, which training had none of")
    codes = np.array([names.index(label) for label in given], dtype=np.int64)
    return window_report(codes, proba, mode), (proba.argmax(axis=1) == codes).astype(np.float64)


def _apart(frame: pl.DataFrame) -> list[int]:
    """Rows, in order of time, of which none overlaps an earlier one of its symbol."""
    kept: list[int] = []
    until: dict[str, datetime] = {}
    for row in frame.with_row_index("at").sort("start_ts", "symbol").iter_rows(named=True):
        if row["symbol"] not in until or row["start_ts"] > until[row["symbol"]]:
            kept.append(row["at"])
            until[row["symbol"]] = row["end_ts"]
    return sorted(kept)


def _figures(found: tuple[WindowReport, Any]) -> dict[str, float | None]:
    report = found[0]
    scores = {name: getattr(report, name) for name in ("accuracy", "balanced_accuracy", "log_loss", "ece", "gain")}
    return {name: score.value for name, score in scores.items()} | {"n": float(report.accuracy.n)}


def _trial(asked: NetworkRequest, version: str, report: WindowReport) -> Trial:
    return Trial(
        dataset=f"windows/{asked.data.name}", data_version=version, kind="train", settings=asked.config(),
        metric="balanced_accuracy", value=report.balanced_accuracy.value, n=float(report.accuracy.n),
    )  # fmt: skip


def _lines(model: Any, report: WindowReport) -> tuple[str, ...]:
    history = getattr(model, "history_", None)
    warned = tuple(f"warning: {word}" for word in getattr(history, "warnings", ()))
    return (*getattr(model, "log_", ()), *warned, report.text(), f"balanced accuracy {report.balanced_accuracy.text()}")
