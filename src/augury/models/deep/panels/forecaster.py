"""From a panel to a trained network that ranks the names of a day.

    forecaster = PanelForecaster("lstm", lookback=20, training=TrainingSettings(epochs=20, seed=1))
    forecaster.fit(samples, fit_days, select_days)
    forecaster.predict(samples, report_days)      # symbol, ts, horizon_1d, horizon_1d_q05 …

The select slice chooses the epoch and is never the reported figure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import polars as pl
import torch

from augury.core.clock import iso
from augury.core.errors import NotTrained, SchemaMismatch
from augury.core.seeds import derive
from augury.core.typing import Floats, Ints, Json
from augury.features.panel.graph import Graphs
from augury.learning.loop import EpochRecord, History, Hook, fit
from augury.learning.loop.surroundings import own_surroundings
from augury.learning.losses.panel import PINBALL, WEIGHTS, PanelLoss
from augury.learning.samplers import NAMES_SELECT, NAMES_TRAIN, DayBatchSampler, PanelSamples
from augury.learning.settings import TrainingSettings
from augury.learning.task import Task
from augury.models.deep import NETWORKS
from augury.models.deep.network import LEVELS, Network, device_of, parameter_count
from augury.models.deep.panels.task import PanelTask, day_graph, features_of
from augury.models.deep.panels.transfer import PanelTransfer
from augury.models.deep.storage import load_network, save_network
from augury.models.panel.slices import check_purge, known_by
from augury.models.panel.target_scale import TargetScale

SELECT_DAYS: Final = 8
"""Days measured at once: fewer, larger steps where nothing is learnt."""
TRAINING: Final = TrainingSettings(epochs=30, patience=9, watch="rank_ic", larger_is_better=True)


class PanelForecaster:
    """A network of ``models/deep/networks`` of KIND ``panel``, trained on whole days.

    Parameters
    ----------
    network : str
        Name of its file, default ``lstm``.
    horizons : sequence of int
        Trading rows ahead; those of the samples.
    lookback : int
        Rows of a sample, default 20; that of the samples.
    network_settings : mapping, optional
        What differs from the network's own defaults.
    loss : mapping of str to float, optional
        Term to weight, see :class:`~augury.learning.losses.panel.PanelLoss`; default mse 0.7, huber 0.3, ic 0.2,
        soft_spearman 0.1, pinball 0.3, and what a network with further heads weighs those.
    loss_settings : mapping, optional
        Term to what differs from its defaults.
    regime_mode : str, optional
        ``equal`` or ``hard``: days weigh by their regime, which :meth:`fit` is then given.
    training : TrainingSettings, optional
        Default 30 epochs, patience 9, the epoch of best ``rank_ic`` is kept.
    days_per_batch : int
        Whole days in a step, default 1.
    names_max : int, optional
        Days with more names are learnt in random halves; default whole.
    target_scale : str
        ``same_day`` (default) or ``fit_sd``, see :class:`~augury.models.panel.target_scale.TargetScale`.
    horizon_weights : mapping of int to float, optional
        Default 1.0, 0.6, 0.3, 0.2 for 1, 5, 10, 20, normalised.
    graphs : Graphs, optional
        For networks that read who is joined to whom; not kept in the folder.
    pretrained : PanelTransfer, optional
        Encoder to begin from, see :class:`~augury.models.deep.panels.transfer.PanelTransfer`.
    device : str
        ``auto`` is CUDA when present.
    """

    def __init__(
        self,
        network: str = "lstm",
        horizons: Sequence[int] = (1, 5, 10, 20),
        lookback: int = 20,
        network_settings: Mapping[str, Any] | None = None,
        loss: Mapping[str, float] | None = None,
        loss_settings: Mapping[str, Json] | None = None,
        regime_mode: str | None = None,
        training: TrainingSettings = TRAINING,
        days_per_batch: int = 1,
        names_max: int | None = None,
        target_scale: str = "same_day",
        horizon_weights: Mapping[int, float] | None = None,
        graphs: Graphs | None = None,
        pretrained: PanelTransfer | None = None,
        device: str = "auto",
    ) -> None:
        TargetScale(target_scale)
        self.network, self.horizons, self.lookback = network, tuple(horizons), lookback
        self.network_settings, self.loss = dict(network_settings or {}), None if loss is None else dict(loss)
        self.loss_settings, self.regime_mode = dict(loss_settings or {}), regime_mode
        self.training = training if pretrained is None else pretrained.training(training)
        self.days_per_batch, self.names_max, self.pretrained = days_per_batch, names_max, pretrained
        self.target_scale = target_scale
        self.horizon_weights = None if horizon_weights is None else dict(horizon_weights)
        self.graphs, self.device = graphs, device
        self._module: Network | None = None
        self._facts: Json = {}

    def fit(
        self,
        samples: PanelSamples,
        fit_days: Ints,
        select_days: Ints,
        *,
        regimes: Ints | None = None,
        folder: Path | None = None,
        hooks: Sequence[Hook] = (),
    ) -> Self:
        """Learn from some days, choose the epoch on later ones.

        Parameters
        ----------
        samples : PanelSamples
        fit_days, select_days : array of int
            Numbers of days. At least ``samples.reach_rows`` days lie between the last fit day and the first
            select day; labels that end later all the same (a suspended symbol's) are masked.
        regimes : array of int, optional
            Code of each day of the panel, with ``regime_mode``.
        folder : Path, optional
            Where the state is kept after each epoch.
        hooks : sequence of Hook
            See :func:`augury.learning.loop.fit`.

        Raises
        ------
        LeakError
            The purge is too short.
        SchemaMismatch
            The samples have other horizons or another lookback.
        Collapsed
            The scores of the select slice do not depend on the inputs.
        TransferMismatch
            The encoder does not fit.
        """
        self._check_shape(samples)
        fit_days, select_days = np.unique(fit_days), np.unique(select_days)
        check_purge(samples, fit_days, select_days)
        scale, scaled, stragglers = self._scaled(samples, fit_days, int(select_days[0]))
        device = device_of(self.device)
        module = self._built(samples.n_features)
        began = None if self.pretrained is None else self.pretrained.load(module, samples, select_days)
        module.to(device)
        loss = self._loss(module, None if regimes is None else regimes[fit_days]).to(device)
        task = self._task(module, loss, scaled, fit_days, select_days, regimes)
        history = fit(task, self.training, folder=folder, hooks=[_EpochEnds(loss), *self._releases(), *hooks])
        with own_surroundings(self.training.threads):
            lively = task.liveliness(about_mean=self.target_scale == "same_day")
        for found in lively.values():
            found.refuse_collapsed()
        self._module = module.eval().requires_grad_(True)
        self._facts = self._told(samples, fit_days, select_days, task) | {
            "history": history.to_json(),
            "target": scale.to_json() | {"unit": scale.unit},
            "liveliness": {str(h): asdict(found) for h, found in lively.items()},
            "masked_stragglers": stragglers,
            "transfer": None if began is None else began.to_json(),
        }
        return self

    def predict(self, samples: PanelSamples, days: Ints) -> pl.DataFrame:
        """Rank the names of some days.

        Parameters
        ----------
        samples : PanelSamples
            With the features the network was trained on.
        days : array of int

        Returns
        -------
        pl.DataFrame
            ``symbol, ts``, then for each horizon ``horizon_<h>d`` (the score: the median) and
            ``horizon_<h>d_q05`` …; sorted on (ts, symbol), in the unit of ``facts()["target"]``. Names with
            fewer than ``lookback`` rows are not answered.

        Raises
        ------
        NotTrained
            Before :meth:`fit`.
        SchemaMismatch
            Other features, another lookback, another feature manifest.
        """
        rows, quantiles = self._answers(samples, days)
        named: dict[str, Floats] = {}
        for at, h in enumerate(self.horizons):
            named[f"horizon_{h}d"] = quantiles[:, at, len(LEVELS) // 2]
            named |= {f"horizon_{h}d_q{round(100 * q):02d}": quantiles[:, at, k] for k, q in enumerate(LEVELS)}
        keys = {"symbol": [samples.symbols[code] for code in samples.codes[rows]]}
        return pl.DataFrame(keys | {"ts": samples.days.gather(samples.day_of[rows])} | named)

    def score(self, samples: PanelSamples, days: Ints) -> tuple[Ints, Floats]:
        """Return the rows of the panel that can be ranked on some days, and their scores ``(n, H)``."""
        rows, quantiles = self._answers(samples, days)
        return rows, quantiles[..., len(LEVELS) // 2]

    def facts(self) -> Json:
        """What the fit decided: history, slices, scale, data version, manifest; JSON-ready."""
        return dict(self._facts)

    @property
    def history(self) -> History:
        """The training, epoch by epoch."""
        self._need()
        return History.from_json(self._facts["history"])

    @property
    def module(self) -> Network:
        """The trained network, in evaluation mode."""
        return self._need()

    def save(self, folder: Path) -> None:
        """Write into an existing folder; graphs are not written, they belong to a day."""
        save_network(self._need().cpu(), self.network, folder, {"forecaster": self._configuration()} | self._facts)
        self._need().to(device_of(self.device))

    @classmethod
    def load(cls, folder: Path, *, graphs: Graphs | None = None, device: str = "auto") -> Self:
        """Read what :meth:`save` wrote; answers are equal bit for bit.

        Parameters
        ----------
        folder : Path
        graphs : Graphs, optional
            Of the days that will be asked about, when the network reads them.
        device : str

        Raises
        ------
        NotFound, CorruptArtifact
            Nothing was saved there, or it was changed.
        """
        module, _, facts = load_network(folder)
        settings = facts.pop("forecaster")
        settings["training"] = TrainingSettings.from_json(settings["training"])
        weights = settings["horizon_weights"]
        settings["horizon_weights"] = None if weights is None else {int(h): w for h, w in weights.items()}
        begun = settings.get("pretrained")  # versions of before transfer do not say
        settings["pretrained"] = None if begun is None else PanelTransfer.from_json(begun)
        made = cls(**settings, graphs=graphs, device=device)
        made._module, made._facts = module.to(device_of(device)), facts
        return made

    def _answers(self, samples: PanelSamples, days: Ints) -> tuple[Ints, Floats]:
        """Rows and their quantiles ``(n, H, Q)`` in the declared unit, a day at a time."""
        module = self._need()
        self._check_shape(samples)
        if samples.manifest_hash != self._facts["manifest_hash"] or list(samples.inputs) != self._facts["inputs"]:
            raise SchemaMismatch(
                f"the network reads features of manifest {self._facts['manifest_hash'][:12]}, "
                f"the samples hold {samples.manifest_hash[:12]}: it is not rebuilt to fit"
            )
        device, scale = device_of(self.device), TargetScale.from_json(self._facts["target"])
        rows, parts = [np.empty(0, np.int64)], [np.empty((0, len(self.horizons), len(LEVELS)))]
        module.eval()
        with own_surroundings(self.training.threads), torch.no_grad():
            for day in np.unique(days).tolist():
                of_day = samples.rows_of(np.array([day]))
                if not len(of_day):
                    continue
                offsets = np.array([0, len(of_day)])
                graph = day_graph(samples, of_day, offsets, self.graphs, device)
                said = module(features_of(samples.gather(of_day), device), graph)
                rows.append(of_day)
                parts.append(scale.restore(said.quantiles.cpu().numpy()))
        return np.concatenate(rows), np.concatenate(parts)

    def _releases(self) -> list[Hook]:
        return [] if self.pretrained is None else [self.pretrained.hook(self.training)]

    def _built(self, n_features: int) -> Network:
        settings: dict[str, Any] = {"horizons": self.horizons} | self.network_settings
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derive(self.training.seed, "network", self.network))
            made = NETWORKS.load(self.network)(n_features=n_features, **settings)
        if made.KIND != "panel":
            raise SchemaMismatch(f"'{self.network}' reads windows, not a panel (KIND {made.KIND})")
        return made

    def _scaled(
        self, samples: PanelSamples, fit_days: Ints, first_select: int
    ) -> tuple[TargetScale, PanelSamples, int]:
        """The scale, samples with scaled targets, and how many targets end too late to be learnt from."""
        known = known_by(samples, samples.days[first_select], first_select)
        scale = TargetScale.fitted(self.target_scale, samples, fit_days, known)
        late = samples.mask & ~known
        return scale, scale.apply(samples, known), int(late[np.isin(samples.day_of, fit_days)].sum())

    def _loss(self, module: Network, regimes: Ints | None) -> PanelLoss:
        """The loss asked for, with the heads the network has beside its quantiles."""
        asked = WEIGHTS | {"pinball": PINBALL} if self.loss is None else self.loss
        weights = dict(getattr(module, "head_weights", {})) | asked
        counts = None if regimes is None else {int(code): int((regimes == code).sum()) for code in np.unique(regimes)}
        return PanelLoss(
            weights,
            self.horizons,
            self.horizon_weights,
            self.loss_settings,
            self.regime_mode,
            counts if self.regime_mode else None,
        )

    def _task(
        self,
        module: Network,
        loss: PanelLoss,
        scaled: PanelSamples,
        fit_days: Ints,
        select_days: Ints,
        regimes: Ints | None,
    ) -> PanelTask:
        sampler = DayBatchSampler(
            scaled,
            fit_days,
            days_per_batch=self.days_per_batch,
            min_names=NAMES_TRAIN,
            seed=derive(self.training.seed, "days"),
            names_max=self.names_max,
            known_before=scaled.days[int(select_days[0])],
            ahead=self.training.workers,
        )
        select = DayBatchSampler(scaled, select_days, days_per_batch=SELECT_DAYS, min_names=NAMES_SELECT, shuffle=False)
        device = next(module.parameters()).device
        return PanelTask(module, sampler, select, loss, graphs=self.graphs, device=device, regimes=regimes)

    def _told(self, samples: PanelSamples, fit_days: Ints, select_days: Ints, task: PanelTask) -> Json:
        slices = {}
        for name, days in (("fit", fit_days), ("select", select_days)):
            ends = {"first": iso(samples.days[int(days[0])]), "last": iso(samples.days[int(days[-1])])}
            slices[name] = ends | {"n": len(days)}
        return task.said() | {
            "manifest_hash": samples.manifest_hash,
            "inputs": list(samples.inputs),
            "data_version": samples.data_version,
            "slices": slices,
            "parameters": parameter_count(self._need()),
        }

    def _configuration(self) -> Json:
        weights = self.horizon_weights
        return {
            "network": self.network,
            "horizons": list(self.horizons),
            "lookback": self.lookback,
            "network_settings": self.network_settings,
            "loss": self.loss,
            "loss_settings": self.loss_settings,
            "regime_mode": self.regime_mode,
            "training": self.training.to_json(),
            "days_per_batch": self.days_per_batch,
            "names_max": self.names_max,
            "target_scale": self.target_scale,
            "horizon_weights": None if weights is None else {str(h): w for h, w in weights.items()},
            "pretrained": None if self.pretrained is None else self.pretrained.to_json(),
        }

    def _check_shape(self, samples: PanelSamples) -> None:
        if samples.horizons != self.horizons or samples.lookback != self.lookback:
            raise SchemaMismatch(
                f"the forecaster has horizons {self.horizons} and lookback {self.lookback}, "
                f"the samples {samples.horizons} and {samples.lookback}"
            )

    def _need(self) -> Network:
        if self._module is None:
            raise NotTrained(f"the panel forecaster '{self.network}' was asked before it was fitted")
        return self._module


class _EpochEnds:
    """Tells the loss that an epoch is over: what it found weighs the next one."""

    def __init__(self, loss: PanelLoss) -> None:
        self._loss = loss

    def before_epoch(self, epoch: int, task: Task) -> Sequence[Json]:
        return ()

    def after_epoch(self, record: EpochRecord) -> str | None:
        self._loss.epoch_ended()
        return None
