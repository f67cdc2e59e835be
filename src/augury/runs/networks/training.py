"""One door for both kinds of data: the file says which it is."""

from __future__ import annotations

from pathlib import Path

from augury.core.errors import NotFound, UnknownName
from augury.core.extras import require
from augury.core.suggestion import did_you_mean
from augury.models.windows import WINDOW_MODELS
from augury.proof.holdout import Guard
from augury.records.trials.trials import Trials
from augury.runs.networks.request import NetworkRequest, NetworkRun
from augury.runs.networks.signals import SIGNALS, train_signals


def train_network(asked: NetworkRequest, root: Path, trials: Trials, guard: Guard | None = None) -> NetworkRun:
    """Train a network, score it on later rows, keep it, and write down that it was tried.

    Parameters
    ----------
    asked : NetworkRequest
    root : Path
        Data folder: the model goes to ``networks/<experiment id>``, the line to
        ``experiment_results.jsonl``.
    trials : Trials
        Where the trial is counted.
    guard : Guard, optional
        Of the holdout of the data.

    Raises
    ------
    NotFound
        No such file.
    UnknownName
        No such model.
    Collapsed
        Its answers do not depend on what it reads: nothing is kept.
    """
    if not asked.data.is_file():
        raise NotFound(f"no such file: {asked.data}", fix="augury windows extract --help")
    if asked.model == SIGNALS:
        return train_signals(asked, root, trials, guard)
    require("torch", extra="deep")
    from augury.models.deep import NETWORKS

    panels = [name for name in NETWORKS.names() if NETWORKS.load(name).KIND == "panel"]
    if asked.model in WINDOW_MODELS:
        from augury.runs.networks.windows import train_windows

        return train_windows(asked, root, trials, guard)
    if asked.model in panels:
        from augury.runs.networks.panel import train_panel

        return train_panel(asked.in_rows(), root, trials, guard)
    known = sorted({*WINDOW_MODELS, *panels, SIGNALS})
    hint = did_you_mean(asked.model, known)
    raise UnknownName(f"unknown network '{asked.model}'{hint} (known: {', '.join(known)})", name=asked.model)
