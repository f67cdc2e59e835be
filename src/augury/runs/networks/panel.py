"""A ranker of a panel, from bars of many symbols: walked forward beside ridge and LightGBM on the same days."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import polars as pl

from augury.core.bars import Bars
from augury.core.errors import Collapsed, UsageError
from augury.core.hashing import sha256_json
from augury.core.seeds import derive
from augury.core.typing import Json
from augury.data.canonical.normalize import normalize
from augury.features.panel.correlation_graph import correlation_graphs
from augury.features.panel.graph import Graphs
from augury.features.panel.market import market_beside
from augury.features.panel.peers import peer_beside
from augury.features.panel.table import PanelTable, panel_table
from augury.labels.splits import WalkForward
from augury.learning.losses.panel import PINBALL, WEIGHTS
from augury.learning.samplers import PanelSamples
from augury.learning.samplers.panel_targets import panel_targets
from augury.learning.settings import TrainingSettings
from augury.learning.transfer import TransferReport
from augury.models.deep import NETWORKS
from augury.models.deep.panels.forecaster import TRAINING, PanelForecaster
from augury.models.deep.panels.transfer import PanelTransfer
from augury.models.panel import Ranker, WalkedRanks, walk_forward_ranks
from augury.models.panel.boosted import BoostedRanker
from augury.models.panel.ridge import RidgeRanker
from augury.proof.holdout import Guard
from augury.proof.selection import deflate
from augury.proof.significance import mean_evidence
from augury.records.tracking import Tracker
from augury.records.trials.trials import Trial, Trials
from augury.runs.networks.request import NetworkRequest, NetworkRun
from augury.runs.proving.trials import deflated_trial

WARM_UP_DAYS = 252
"""First days nobody learns from, while a year's windows fill."""


def train_panel(asked: NetworkRequest, root: Path, trials: Trials, guard: Guard | None) -> NetworkRun:
    """Train, report and keep a ranker; see :func:`augury.runs.networks.train_network`."""
    bars = normalize(asked.data).bars
    if guard is not None:
        bars = bars.with_frame(guard.before(bars.frame))
    graphs = correlation_graphs(bars)
    samples = panel_samples(bars, asked, graphs)
    walk = WalkForward(folds=asked.folds, min_train=None if asked.folds > 1 else _first_block(samples))
    kept: list[PanelForecaster] = []

    def network(seed: int) -> Ranker:
        kept.append(forecaster(asked, graphs, seed))
        return kept[-1]

    split = sha256_json({"folds": asked.folds, "days": len(samples.days), "entry": asked.entry})
    with Tracker.init(
        "train", asked.config(), root, data_version=bars.data_version, split=split, seed=asked.seed, sinks=asked.sinks
    ) as run:
        walked = {name: _walked(samples, make, asked, walk) for name, make in _rankers(network).items()}
        own = walked[asked.model] = walked.pop("network")
        last = _latest(kept, own)
        for record in last.history.epochs:
            run.log({"loss": record.loss} | {f"select_{k}": v for k, v in record.measures.items()}, step=record.epoch)
        folder = root / "networks" / run.experiment_id
        folder.mkdir(parents=True)
        last.save(folder)
        daily = own.series(asked.horizons[0])["rank_ic"].to_numpy()
        for horizon in asked.horizons:
            trials.record(_trial(asked, bars, own, horizon))
        count = trials.count(_dataset(asked))
        told = run.finish(_figures(walked, count), series=daily.tolist(), horizon_bars=asked.horizons[0])
    return NetworkRun(folder, told, (*_loaded(last), *_lines(asked, bars, walked, trials)))


def panel_samples(bars: Bars, asked: NetworkRequest, graphs: Graphs | None = None) -> PanelSamples:
    """Make the samples of a panel: ``panel32`` as far as its sources are there, forward returns beside."""
    found: PanelTable = panel_table(bars, market=market_beside(bars), graph=peer_beside(bars, graphs))
    targets = panel_targets(bars, asked.horizons, entry=asked.entry)
    return PanelSamples.of_frame(
        found.table.frame, found.roles, targets, lookback=asked.lookback, manifest=found.table.manifest,
        data_version=bars.data_version,
    )  # fmt: skip


def forecaster(asked: NetworkRequest, graphs: Graphs | None, seed: int) -> PanelForecaster:
    """Build the ranker a request asks for, not fitted yet."""
    loss = WEIGHTS | {"pinball": PINBALL, "soft_spearman": asked.rank_weight}
    loss |= {"sign_balance": asked.anti_collapse, "variance_floor": asked.variance_regularization}
    settings = dict(asked.network_settings)
    if "multitask" in inspect.signature(NETWORKS.load(asked.model)).parameters:
        settings = {"multitask": asked.multitask} | settings
    training = TrainingSettings.from_json(
        TRAINING.to_json() | asked.training | {"epochs": asked.epochs, "seed": derive(asked.seed, str(seed))}
    )
    weights = {name: value for name, value in loss.items() if value > 0}
    return PanelForecaster(
        asked.model, asked.horizons, asked.lookback, settings, loss=weights, training=training, graphs=graphs,
        pretrained=_transfer(asked),
    )  # fmt: skip


def _transfer(asked: NetworkRequest) -> PanelTransfer | None:
    """What a request says of an encoder to begin from."""
    if asked.pretrained is None:
        if asked.frozen or asked.unfreeze:
            raise UsageError("--freeze-encoder and --unfreeze are of --load-pretrained")
        return None
    if asked.frozen and asked.unfreeze:
        raise UsageError("--freeze-encoder keeps the encoder as it is, --unfreeze releases it: one of them")
    began = PanelTransfer(asked.pretrained)
    if asked.frozen:
        return replace(began, unfreeze=0)
    return replace(began, unfreeze=asked.unfreeze) if asked.unfreeze else began


def _loaded(made: PanelForecaster) -> list[str]:
    """What was transferred, when it is released, at which rates it learned; nothing from scratch."""
    if made.pretrained is None:
        return []
    return made.pretrained.lines(TransferReport.from_json(made.facts()["transfer"]), made.training)


def _first_block(samples: PanelSamples) -> int:
    return int((len(samples.days) - WARM_UP_DAYS) * 0.75)


def _latest(made: list[PanelForecaster], walked: WalkedRanks) -> PanelForecaster:
    """The ranker of the latest fold that did not collapse.

    Raises
    ------
    Collapsed
        All of them did: nothing is kept, and nothing is reported in their place.
    """
    failed = {fold: reason for _, fold, reason in walked.failed}
    ready = [one for fold, one in enumerate(made) if fold not in failed]
    if not ready:
        reason = next(iter(failed.values()))
        raise Collapsed(f"every fold of {made[0].network} collapsed: {reason}", fix="augury train --help")
    return ready[-1]


def _rankers(network: Callable[[int], Ranker]) -> dict[str, Callable[[int], Ranker]]:
    return {"network": network, "ridge": lambda seed: RidgeRanker(), "lightgbm": lambda seed: BoostedRanker(seed)}


def _walked(
    samples: PanelSamples, make: Callable[[int], Ranker], asked: NetworkRequest, walk: WalkForward
) -> WalkedRanks:
    return walk_forward_ranks(samples, make, seeds=(asked.seed,), walk=walk, warm_up_days=WARM_UP_DAYS)


def _figures(walked: dict[str, WalkedRanks], trials: int) -> dict[str, float | None]:
    """Every RankIC, and beside it the chance that it is more than the best of so many trials by luck."""
    found: dict[str, float | None] = {}
    for name, one in walked.items():
        for horizon in one.daily["horizon"].unique().sort().to_list():
            # The mean alone: whether so few days carry an interval is said where it is told.
            daily = one.series(horizon)["rank_ic"].to_numpy()
            found[f"{name}_rank_ic_{horizon}d"] = float(daily.mean())
            deflated = deflate(daily, trials=trials, metric="rank_ic", horizon_bars=horizon)
            found[f"{name}_dsr_{horizon}d"] = deflated.dsr
    return found


def _dataset(asked: NetworkRequest) -> str:
    return f"panel/{asked.data.name}"


def _trial(asked: NetworkRequest, bars: Bars, own: WalkedRanks, horizon: int) -> Trial:
    daily: pl.DataFrame = own.series(horizon)
    settings: Json = asked.config() | {"horizon": horizon}
    return Trial(
        dataset=_dataset(asked), data_version=bars.data_version, kind="train", settings=settings,
        metric="rank_ic", value=float(daily["rank_ic"].mean()), n=float(daily.height),  # type: ignore[arg-type]
        series=daily["rank_ic"].to_numpy(), horizon_bars=horizon,
    )  # fmt: skip


def _lines(asked: NetworkRequest, bars: Bars, walked: dict[str, WalkedRanks], trials: Trials) -> list[str]:
    lines = []
    for horizon in asked.horizons:
        own = deflated_trial(trials, _trial(asked, bars, walked[asked.model], horizon))
        for name in (asked.model, "ridge", "lightgbm"):
            daily = walked[name].series(horizon)["rank_ic"].to_numpy()
            luck = deflate(daily, trials=trials.count(_dataset(asked)), metric="rank_ic", horizon_bars=horizon)
            beside = own if name == asked.model and own else luck
            lines.append(f"{horizon} d {name}: RankIC {mean_evidence(daily, horizon).text()}; {beside.text()}")
    return lines
