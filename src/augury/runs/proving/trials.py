"""Training counts as trying: each scored configuration of a cell is one trial of its dataset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from augury.core.errors import DataError
from augury.core.metrics.performance import sharpe
from augury.core.score import Score
from augury.core.typing import Json
from augury.core.version import VersionManifest
from augury.portfolio.backtest import Backtest
from augury.proof.selection import METRICS, Deflated
from augury.records.trials.trials import Trial, Trials

SCORES: Final = ("rank_ic", "ic", "accuracy")
"""The first that is defined on the report slice is the trial's value."""


def dataset_of(symbol: str, timeframe: str) -> str:
    """Name of a symbol's bars, the same however many are added; as in the lineage.

    Examples
    --------
    >>> dataset_of("SPY", "d1")
    'd1/SPY'
    """
    return f"{timeframe}/{symbol}"


def trial_of(manifest: VersionManifest, series: Sequence[float] | None = None) -> Trial:
    """Describe the training of a cell as a trial: its recipe and horizon, and what it scored.

    Parameters
    ----------
    manifest : VersionManifest
    series : sequence of float, optional
        What each report row adds to the RankIC.
    """
    found = {score.name: score for score in manifest.scores if score.slice == "report"}
    metric = next((name for name in SCORES if name in found), SCORES[0])
    score = found.get(metric)
    return Trial(
        dataset=dataset_of(manifest.symbol, manifest.timeframe),
        data_version=manifest.data_version,
        kind="train",
        settings={"horizon": manifest.horizon, "recipe": manifest.recipe.to_json()},
        metric=metric,
        value=None if score is None else score.value,
        n=0.0 if score is None else score.n_eff,
        series=None if series is None or metric != "rank_ic" else np.asarray(series, dtype=np.float64),
        horizon_bars=manifest.label_spec.horizon_bars,
    )


def backtest_trial(done: Backtest, decisions: Json) -> Trial:
    """Describe a backtest as a trial: its decisions, costs and account, and its net returns.

    Parameters
    ----------
    done : Backtest
    decisions : dict
        Where the weights came from: a rule with its settings, or the hash of a file.
    """
    returns = done.net[done.counted]
    moves = len(returns) > 1 and float(returns.std()) > 0.0
    return Trial(
        dataset=done.market.data_version,
        data_version=done.market.data_version,
        kind="backtest",
        settings={"decisions": decisions, "costs": done.costs.to_json(), "account": done.account.to_json()},
        metric="sharpe",
        value=sharpe(returns, done.market.bars_per_year) if moves else None,
        n=float(len(returns)),
        series=np.asarray(returns, dtype=np.float64) if moves else None,
    )


def deflated_of(trials: Trials, manifest: VersionManifest) -> Deflated | None:
    """The version's coefficient beside the number of trials on its dataset; None when it has none."""
    return deflated_trial(trials, trial_of(manifest))


def deflated_scores(trials: Trials, manifest: VersionManifest) -> dict[str, Deflated | None]:
    """Every report score that is selected on, beside the number of trials on the version's dataset.

    Returns
    -------
    dict
        Name of the score to its deflated value; None where that is undefined. Other scores are not in it.
    """
    trial = trial_of(manifest)
    found: dict[str, Score] = {score.name: score for score in manifest.scores if score.slice == "report"}
    return {
        name: deflated_trial(trials, replace(trial, metric=name, value=found[name].value, n=found[name].n_eff))
        for name in METRICS
        if name in found
    }


def deflated_trial(trials: Trials, trial: Trial) -> Deflated | None:
    """Deflate a trial; None for one without a figure that is selected on, or with a perfect one."""
    if trial.metric not in METRICS or (trial.value is None and trial.series is None):
        return None
    try:
        return trials.deflated(trial)
    except DataError:
        return None
