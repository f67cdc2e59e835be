"""Buy and sell signals from bars: the latest fifth of the moments reports, what lies before it teaches."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from augury.core.errors import InsufficientHistory, UsageError
from augury.core.hashing import sha256_json
from augury.core.metrics.uncertainty import wilson
from augury.core.score import Score
from augury.core.suggestion import did_you_mean
from augury.core.tables import LABEL_END
from augury.core.timeframe import Horizon
from augury.core.typing import Floats, Ints, Json
from augury.data.calendar import market_calendar
from augury.data.canonical.normalize import normalize
from augury.models.signals import SignalClassifier
from augury.models.signals.classifier import SIDES
from augury.models.signals.model import SEQUENCE, SignalModel, SignalRows
from augury.proof.holdout import Guard
from augury.proof.significance import mean_evidence
from augury.records.tracking import Tracker
from augury.records.trials.trials import Trial, Trials
from augury.runs.networks.request import NetworkRequest, NetworkRun

SIGNALS: Final = "signals"
"""Its name among the models of ``augury train --data``."""
HORIZON: Final = "5d"
REPORT_SHARE: Final = 0.2


@dataclass(frozen=True)
class _Judged:
    """What signals were worth on the report slice: ``gain`` is one value a moment, in order."""

    gain: Floats
    figures: dict[str, float | None]
    lines: list[str]


def train_signals(asked: NetworkRequest, root: Path, trials: Trials, guard: Guard | None) -> NetworkRun:
    """Train, report and keep buy and sell signals; see :func:`augury.runs.networks.train_network`."""
    if asked.pretrained is not None or len(asked.horizon) > 1:
        raise UsageError(
            "signals have no encoder and one horizon: --load-pretrained and a second --horizon are of others"
        )
    bars = normalize(asked.data).bars
    if guard is not None:
        bars = bars.with_frame(guard.before(bars.frame))
    horizon = Horizon.parse(asked.horizon[0] if asked.horizon else HORIZON)
    ahead = horizon.bars(bars.timeframe, market_calendar(bars.calendar))
    model = SignalModel(str(horizon), ahead, bars.timeframe, **_settings(asked))
    rows = model.rows(bars)
    taught, reported = _divided(rows)
    split = sha256_json({"report_from": str(rows.frame["ts"][int(reported[0])]), "rows": len(reported)})
    with Tracker.init(
        "train", asked.config(), root, data_version=bars.data_version, split=split, seed=asked.seed, sinks=asked.sinks
    ) as run:
        model.fit(bars, rows, taught)
        judged = _judge(model, rows, reported, ahead)
        folder = root / "networks" / run.experiment_id
        folder.mkdir(parents=True)
        model.save(folder)
        told = run.finish(judged.figures, series=judged.gain.tolist(), horizon_bars=ahead)
    trials.record(
        Trial(
            dataset=f"panel/{asked.data.name}", data_version=bars.data_version, kind="train", settings=asked.config(),
            metric="brier_gain", value=float(judged.gain.mean()), n=len(judged.gain) / ahead, horizon_bars=ahead,
        )
    )  # fmt: skip
    return NetworkRun(folder, told, tuple(judged.lines))


def _settings(asked: NetworkRequest) -> Json:
    """Settings of the model: those that were asked for, and seed, epochs and lookback of the request."""
    taken = ("self", "horizon", "horizon_bars", "timeframe", "settings")
    known = [*inspect.signature(SignalModel).parameters, *inspect.signature(SignalClassifier).parameters]
    said = dict(asked.network_settings)
    for name in said:
        if name not in known or name in taken:
            choices = sorted(set(known) - set(taken))
            raise UsageError(
                f"{SIGNALS} has no setting '{name}'{did_you_mean(name, choices)} (known: {', '.join(choices)})"
            )
    body = dict(said.pop("body_settings", {}))
    if said.get("body") == SEQUENCE:
        usual = {"epochs": asked.epochs, "seed": asked.seed} | asked.training
        body["training"] = usual | body.get("training", {})
        said.setdefault("lookback", asked.lookback)
    else:
        body.setdefault("random_state", asked.seed)
    return said | {"body_settings": body}


def _divided(rows: SignalRows) -> tuple[Ints, Ints]:
    """Rows that teach, and later ones that report; an outcome that teaches is known before the report begins."""
    known = np.flatnonzero(np.isfinite(rows.returns))
    made, ends = (rows.frame[name].to_physical().to_numpy() for name in ("ts", LABEL_END))
    if not len(known):
        raise InsufficientHistory("no row has both its features and its outcome: nothing to learn from")
    moments = np.unique(made[known])
    first = moments[int(len(moments) * (1.0 - REPORT_SHARE))]
    taught = known[(made[known] < first) & (ends[known] < first)]
    return taught, known[made[known] >= first]


def _judge(model: SignalModel, rows: SignalRows, reported: Ints, ahead: int) -> _Judged:
    """Score the report slice: skill over the base rate of the fit slice, and how often a signal was right."""
    part = SignalRows(rows.frame[reported], rows.X[reported], rows.returns[reported])
    said = model.predict(part)
    labels = model.classifier.labels_
    assert labels is not None
    came = {"buy": part.returns > labels.buy_return, "sell": part.returns < labels.sell_return}
    usual = {"buy": 1 - labels.buy_percentile / 100, "sell": labels.sell_percentile / 100}
    figures: dict[str, float | None] = {}
    gained: list[Floats] = []
    lines: list[str] = []
    for side, label in SIDES.items():
        hit, given = came[side], (said["signal"] == side).to_numpy()
        gained.append((usual[side] - hit) ** 2 - (said[f"p_{side}"].to_numpy() - hit) ** 2)
        moments = part.frame["ts"].filter(pl.Series(given)).n_unique()
        if not moments:
            figures[f"{side}_precision"] = None
            lines.append(f"{label}: never said in {len(hit)} rows")
            continue
        share, counted = float(hit[given].mean()), moments / ahead
        low, high = wilson(share * counted, counted)
        score = Score("precision", share, low, high, float(hit.mean()), int(given.sum()), counted)
        figures |= {f"{side}_precision": share, f"{side}_base": float(hit.mean()), f"{side}_said": float(given.sum())}
        lines.append(f"{label}: right where said {score.text()}")
    frame = part.frame.select("ts").with_columns(gain=pl.Series(np.mean(gained, axis=0)))
    daily = frame.group_by("ts").agg(pl.col("gain").mean()).sort("ts")["gain"].to_numpy()
    lines.append(f"Brier score less that of the base rates, per row: {mean_evidence(daily, ahead).text()}")
    return _Judged(daily, figures | {"brier_gain": float(daily.mean()), "n": float(len(reported))}, lines)
