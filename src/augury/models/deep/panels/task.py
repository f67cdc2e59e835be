"""A cross-section as something the loop can train: batches of days, losses within days, RankIC on the select slice."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

import numpy as np
import torch
from torch import Tensor, nn

from augury.core.clock import iso
from augury.core.errors import UsageError
from augury.core.hashing import sha256_bytes
from augury.core.metrics import ic_by_day
from augury.core.seeds import derive
from augury.core.typing import Features, Floats, Ints, Json
from augury.features.panel.graph import Graphs
from augury.learning.loop.collapse import Liveliness, of_scores
from augury.learning.losses.panel import PanelLoss
from augury.learning.samplers import NAMES_SELECT, DayBatchSampler, PanelBatch, PanelSamples
from augury.models.deep.network import DayGraph, Network, PanelOutput


@dataclass(frozen=True)
class Moved:
    """A batch where it is computed on."""

    x: Tensor
    y: Tensor
    mask: Tensor
    symbols: Tensor
    offsets: tuple[int, ...]
    regimes: Tensor | None
    graph: DayGraph


class PanelTask:
    """Trains a panel network on whole days.

    Parameters
    ----------
    network : Network
    fit, select : DayBatchSampler
        Of samples with scaled targets.
    loss : PanelLoss
        Its shares of the horizons are those of the RankIC that is watched.
    graphs : Graphs, optional
        Who is joined to whom; needed by networks that read it.
    device : torch.device
    regimes : array of int, optional
        Code of each day of the panel, for a loss that weighs by it.
    """

    def __init__(
        self,
        network: Network,
        fit: DayBatchSampler,
        select: DayBatchSampler,
        loss: PanelLoss,
        *,
        graphs: Graphs | None = None,
        device: torch.device,
        regimes: Ints | None = None,
    ) -> None:
        self._network, self._fit, self._select, self._loss = network, fit, select, loss
        self._graphs, self._device, self._regimes = graphs, device, regimes
        self._steps: int | None = None
        self._horizons: tuple[int, ...] | None = None

    @property
    def network(self) -> nn.Module:
        """What is trained."""
        return self._network

    def groups(self) -> Mapping[str, list[nn.Parameter]]:
        """The network's own groups."""
        return self._network.groups()

    def batches(self, epoch: int) -> Iterator[Moved]:
        """Yield the days of the fit slice, as narrow as :meth:`narrow` asks."""
        counted = [self._horizons is None or h in self._horizons for h in self._fit.samples.horizons]
        for batch in self._fit.epoch(epoch):
            moved = self._moved(batch)
            mask = moved.mask & torch.tensor(counted, device=self._device)
            yield replace(moved, x=moved.x[:, -(self._steps or 0) :], mask=mask)

    def narrow(self, steps: int | None, horizons: tuple[int, ...] | None) -> None:
        """Learn from the newest ``steps`` of each sample and count only these horizons; None is everything.

        What is measured stays whole, so that the epochs of all lessons are judged by one figure.

        Raises
        ------
        UsageError
            More steps than a sample has, or a horizon it does not have.
        """
        samples = self._fit.samples
        if steps is not None and not 1 <= steps <= samples.lookback:
            raise UsageError(f"a sample has {samples.lookback} steps, a lesson asks for {steps}")
        if horizons is not None and (not horizons or set(horizons) - set(samples.horizons)):
            raise UsageError(f"the targets have horizons {samples.horizons}, a lesson asks for {horizons}")
        self._steps, self._horizons = steps, horizons

    def halves(self, batch: Moved) -> tuple[Moved, ...]:
        """Cut each day of a batch into two random halves of its names; a day of fewer than 20 stays whole."""
        days = list(pairwise(batch.offsets))
        if min(end - begin for begin, end in days) < 2 * NAMES_SELECT:
            return (batch,)
        draws = torch.Generator().manual_seed(derive(self._fit.seed, "halves", str(len(batch.x))))
        mixed = [torch.randperm(end - begin, generator=draws) for begin, end in days]
        parts = ([order[: len(order) // 2] for order in mixed], [order[len(order) // 2 :] for order in mixed])
        return tuple(_part(batch, [names.sort().values.to(self._device) for names in part]) for part in parts)

    def side_modules(self) -> Mapping[str, nn.Module]:
        """The loss: it may remember errors of an epoch."""
        return {"loss": self._loss}

    def identity(self) -> Json:
        """What makes it this training: the data, the days, the unit of the targets."""
        samples = self._fit.samples
        targets = np.ascontiguousarray(samples.targets[self._fit.mask])
        return {
            "manifest_hash": samples.manifest_hash,
            "data_version": samples.data_version,
            "fit": self._fit.days.tolist(),
            "select": self._select.days.tolist(),
            "targets": sha256_bytes(targets.tobytes()),
        }

    def said(self) -> Json:
        """Days that were left out for too few names, and days that were cut into parts."""
        left = {"fit": self._fit.skipped, "select": self._select.skipped}
        skipped = {name: [[iso(ts), n] for ts, n in days] for name, days in left.items()}
        return {"skipped_days": skipped, "divided_days": [[iso(ts), n] for ts, n in self._fit.divided]}

    def loss(self, batch: Moved) -> Tensor:
        """Mean over the days of the batch, with the further heads and what the network itself adds."""
        return self._loss_of(self._network(batch.x, batch.graph), batch)

    def measures(self) -> Mapping[str, float]:
        """``loss``, ``rank_ic`` (weighted mean of the horizons) and ``rank_ic_<h>d``.

        ``rank_ic`` is NaN when no day has scores that differ.
        """
        losses: list[float] = []
        score, target, day = self.select_scores(losses)
        found = {"loss": float(np.mean(losses))}
        for at, h in enumerate(self._select.samples.horizons):
            known = np.isfinite(target[:, at])
            if known.any():
                args = score[known, at], target[known, at], day[known]
                daily = ic_by_day(*args, ranked=True, min_names=NAMES_SELECT)
                found |= {f"rank_ic_{h}d": float(daily.mean())} if len(daily) else {}
        shares = dict(zip(self._loss.horizons, self._loss.shares, strict=True))
        ranked = [(share, found[f"rank_ic_{h}d"]) for h, share in shares.items() if f"rank_ic_{h}d" in found]
        total = sum(share for share, _ in ranked)
        return found | {"rank_ic": sum(share * value for share, value in ranked) / total if total > 0 else math.nan}

    def select_scores(self, losses: list[float] | None = None) -> tuple[Floats, Floats, Ints]:
        """Scores and targets of the select slice ``(n, H)``, NaN where a target is not known, and the days ``(n,)``."""
        scores, targets, days = [], [], []
        for number, batch in enumerate(self._select.epoch(0)):
            moved = self._moved(batch)
            said = self._network(moved.x, moved.graph)
            if losses is not None:
                losses.append(float(self._loss_of(said, moved).detach()))
            scores.append(middle(said))
            targets.append(np.where(batch.mask, batch.y, np.nan))
            days.append(batch.day + number * self._select.days_per_batch)
        return np.concatenate(scores), np.concatenate(targets).astype(np.float64), np.concatenate(days)

    def liveliness(self, *, about_mean: bool) -> dict[int, Liveliness]:
        """How much the scores of each horizon move on the select slice.

        Parameters
        ----------
        about_mean : bool
            Judge signs about the mean of the scores: where targets have no level of their own.
        """
        self._network.eval()
        with torch.no_grad():
            score, target, _ = self.select_scores()
        found = {}
        for at, h in enumerate(self._select.samples.horizons):
            known = np.isfinite(target[:, at])
            if known.sum() > 1:
                said = score[known, at]
                found[h] = of_scores(said - said.mean() if about_mean else said, target[known, at])
        return found

    def _loss_of(self, said: PanelOutput, batch: Moved) -> Tensor:
        value = self._loss(
            said.quantiles,
            said.levels,
            batch.y,
            batch.mask,
            batch.offsets,
            said.heads,
            batch.regimes,
            symbols=batch.symbols,
        )
        total: Tensor = value if said.penalty is None else value + said.penalty
        return total

    def _moved(self, batch: PanelBatch) -> Moved:
        # 0 where masked: NaN times a weight of 0 is NaN. The mask, not the 0, is what the losses read.
        y = np.where(batch.mask, batch.y, np.float32(0.0))
        samples, rows = self._fit.samples, batch.rows
        arrays = (batch.x, y, batch.mask, samples.codes[rows])
        x, targets, mask, symbols = (torch.from_numpy(values).to(self._device) for values in arrays)
        regimes = None
        if self._regimes is not None:
            codes = self._regimes[samples.day_of[rows[batch.offsets[:-1]]]]
            regimes = torch.from_numpy(codes).to(self._device)
        graph = day_graph(samples, rows, batch.offsets, self._graphs, self._device)
        return Moved(x, targets, mask, symbols, tuple(batch.offsets.tolist()), regimes, graph)


def _part(batch: Moved, names: list[Tensor]) -> Moved:
    """Some names of each day of a batch, given by their places within the day."""
    rows = torch.cat([begin + part for begin, part in zip(batch.offsets, names, strict=False)])
    offsets = tuple(accumulate([len(part) for part in names], initial=0))
    adjacency, edges = (
        tuple(matrix[part][:, part] for matrix, part in zip(matrices, names, strict=True)) if matrices else ()
        for matrices in (batch.graph.adjacency, batch.graph.edges)
    )
    return Moved(
        batch.x[rows],
        batch.y[rows],
        batch.mask[rows],
        batch.symbols[rows],
        offsets,
        batch.regimes,
        DayGraph(offsets, adjacency, edges),
    )


def middle(said: PanelOutput) -> Floats:
    """The scores of an answer, ``(N, H)``."""
    found: Floats = said.quantiles[..., len(said.levels) // 2].detach().cpu().numpy().astype(np.float64)
    return found


def day_graph(
    samples: PanelSamples, rows: Ints, offsets: Ints, graphs: Graphs | None, device: torch.device
) -> DayGraph:
    """Return who is joined to whom among rows, day by day; without graphs only where each day begins.

    A network that joins everyone of a day reads no more than that, and one that needs edges then finds none.

    Raises
    ------
    InsufficientHistory
        A day lies before the first graph.
    """
    if graphs is None:
        return DayGraph(tuple(offsets.tolist()), (), ())
    joined, how = [], []
    for first, end in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True):
        names = [samples.symbols[code] for code in samples.codes[rows[first:end]]]
        adjacency, edges = graphs.at(samples.days[int(samples.day_of[rows[first]])]).dense(names)
        joined.append(torch.from_numpy(adjacency).to(device))
        how.append(torch.from_numpy(edges).to(device))
    return DayGraph(tuple(offsets.tolist()), tuple(joined), tuple(how))


def features_of(x: Features, device: torch.device) -> Tensor:
    """Inputs where they are computed on."""
    return torch.from_numpy(x).to(device)
