"""The estimator of windows: prices and labels in, classes with probabilities out, in one of two modes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch

from augury.core.errors import NotAForecast, NotTrained, UsageError
from augury.core.typing import Floats, Ints, Json
from augury.labels.windows import Windows
from augury.labels.windows.rules import INNER_FIRST
from augury.labels.windows.spans import targets_of
from augury.learning.loop import History, Hook
from augury.learning.transfer import TransferReport
from augury.models.deep.blocks.window_modes import is_causal
from augury.models.deep.network import Network, WindowOutput, device_of
from augury.models.deep.storage import load_network, save_network
from augury.models.deep.windows.calibration import Temperature
from augury.models.deep.windows.door import (
    codes_of,
    prices_of,
    scaled_side,
    side_of,
    spans_of,
)
from augury.models.deep.windows.fitting import Plan, check_encoder, fit_windows, transfer, unfreezing
from augury.models.deep.windows.inputs import WindowInputs
from augury.models.deep.windows.parts import answer_in_parts
from augury.models.deep.windows.scaler import WindowScaler
from augury.models.deep.windows.scores import WindowReport, window_report
from augury.models.deep.windows.settings import WindowSettings
from augury.models.deep.windows.slices import WindowSlices, slice_windows
from augury.models.deep.windows.task import WindowSet, found_ends


class WindowClassifier(WindowSettings):
    """A network over windows of 105 bars, as a scikit-learn classifier.

    ``retrospective`` says what a window contained and sees all of it; ``causal`` says what comes after
    the last bar and sees nothing later at any bar. The mode is part of the saved model, and only a
    causal one answers ``forecast``.

    Its settings are those of :class:`augury.models.deep.windows.settings.WindowSettings`.

    Attributes
    ----------
    classes_ : array
        In the order of the probabilities.
    network_ : Network
    history_ : History
        Epoch by epoch, with warnings such as ``too_few_steps``.
    log_ : list of str
        After a transfer three lines: weights loaded, unfreezing scheduled, learning rates.
    transfer_report_ : TransferReport or None
    events_ : tuple of dict
        What the unfreezing did.

    Examples
    --------
    >>> bars = np.cumprod(1 + np.random.default_rng(0).normal(0, 0.01, (40, 105)), axis=1)[:, :, None]
    >>> windows = np.concatenate([bars, bars * 1.01, bars * 0.99, bars], axis=2)
    >>> labels = np.where(bars[:, -1, 0] > bars[:, 0, 0], "expansion", "retracement")
    >>> model = WindowClassifier(hidden_size=4, max_epochs=1).fit(windows, labels)
    >>> model.predict_proba(windows[:2]).shape, model.classes_.tolist(), model.history_.warnings
    ((2, 2), ['expansion', 'retracement'], ('too_few_steps',))
    """

    classes_: Any
    network_: Network
    history_: History
    slices_: WindowSlices

    def _set_up(self) -> None:
        self.log_: list[str] = []
        self.events_: tuple[Json, ...] = ()
        self.transfer_report_: TransferReport | None = None
        self.side_scaler_: WindowScaler | None = None
        if self.pretrained_encoder_path is not None:
            self.load_pretrained_encoder(self.pretrained_encoder_path, freeze_encoder=self.unfreeze_schedule != -1)

    def fit(
        self,
        X: Any,
        y: Any = None,
        *,
        spans: Any = None,
        times: Any = None,
        side: Any = None,
        pretrained_encoder_path: Path | str | None = None,
        hooks: Sequence[Hook] = (),
    ) -> Self:
        """Learn from labelled windows.

        Parameters
        ----------
        X : array, shape (N, 105, 4), or Windows
            Open, high, low, close. Of ``Windows`` labels, spans and times are taken where none are given.
        y : sequence, shape (N,)
            Labels, text or numbers.
        spans : SpanTargets or array, shape (N, 2), optional
            First and last bar of the pattern, 30..74; below 0 or NaN where there is none.
        times : array, shape (N,) or (N, 2), optional
            Ends of the windows, or starts and ends; without them rows are in order of time.
        side : array, shape (N, S), optional
            Up to 25 features of the whole window.
        pretrained_encoder_path : Path, optional
            Instead of the constructor's.
        hooks : sequence of Hook
            What else acts between epochs: pruning, tracking.

        Raises
        ------
        DataError
            Windows, labels or spans that break a rule.
        InsufficientHistory
            Too few windows for a slice or a class.
        TransferMismatch
            The encoder does not fit.
        """
        if pretrained_encoder_path is not None:
            self.pretrained_encoder_path = pretrained_encoder_path
        if isinstance(X, Windows):
            y = X.frame["label"] if y is None else y
            times = X.frame.select("start_ts", "end_ts") if times is None else times
            spans = targets_of(X) if spans is None and X.frame["expansion_start"].count() else spans
        prices, self.notes_ = prices_of(X)
        self.classes_, codes = codes_of(y, len(prices))
        self.slices_ = slice_windows(prices, times, calibrate=self.calibration is not None)
        columns = side_of(side, len(prices), 0)
        self.side_scaler_ = None if columns is None else WindowScaler().fit(columns[self.slices_.fit, None, :])
        windows = WindowSet(prices, codes, spans_of(spans, len(prices)), scaled_side(columns, self.side_scaler_))
        plan = self.plan(self._side_width())
        fitted = fit_windows(plan, windows, self.slices_, len(self.classes_), hooks)
        self.network_, self.inputs_, self.history_ = fitted.network, fitted.inputs, fitted.history
        self.events_, self.batch_size_ = fitted.events, fitted.batch_size
        self._log_transfer(fitted.transfer, plan)
        self.temperature_ = Temperature()
        if self.calibration is not None:
            kept = self.slices_.calibrate
            output = self._answer(prices[kept], None if columns is None else columns[kept])
            self.temperature_ = Temperature.fit(_logits(output), codes[kept])
        return self

    def predict_proba(self, X: Any, *, side: Any = None) -> Floats:
        """Return probabilities ``(N, C)`` in the order of ``classes_``; rows sum to 1."""
        return self.temperature_.apply(_logits(self._answer(X, side)))

    def predict(self, X: Any, *, side: Any = None) -> Any:
        """Return the most likely class of each window."""
        self._check()
        return self.classes_[self.predict_proba(X, side=side).argmax(axis=1)]

    def predict_spans(self, X: Any, *, side: Any = None) -> tuple[Ints, Ints]:
        """Return first and last bar of the pattern in each window, 30..74.

        Raises
        ------
        UsageError
            The network was built without a pointer or extent head.
        """
        ends = found_ends(self._answer(X, side))
        if ends is None:
            raise UsageError("no head says where the pattern lies: fit with network_settings={'outputs': ['pointer']}")
        return ends[0] + INNER_FIRST, ends[1] + INNER_FIRST

    def report(self, X: Any, y: Any, *, side: Any = None) -> WindowReport:
        """Score windows that were neither trained nor selected on and do not overlap each other.

        Raises
        ------
        UsageError
            A label the model does not know.
        """
        self._check()
        given = np.asarray(y)
        unknown = np.unique(given[~np.isin(given, self.classes_)])
        if len(unknown):
            raise UsageError(f"labels {unknown.tolist()} are unknown to the model (known: {self.classes_.tolist()})")
        proba = self.predict_proba(X, side=side)
        return window_report(np.searchsorted(self.classes_, given).astype(np.int64), proba, self.mode)

    def forecast(self, X: Any, *, side: Any = None) -> Floats:
        """Return the probabilities of what comes after the last bar; the one door to the forecast ledger.

        Raises
        ------
        NotAForecast
            The model is retrospective: it recognises what has happened.
        """
        if not is_causal(self.mode):
            raise NotAForecast(
                f"a {self.mode} model saw the bars after the pattern: its answer is a recognition, never a forecast",
                fix="augury train --model simple_lstm --mode causal",
            )
        return self.predict_proba(X, side=side)

    def load_pretrained_encoder(self, path: Path | str, freeze_encoder: bool = True) -> TransferReport:
        """Load encoder weights and prove it; the next ``fit`` starts from them too.

        Before a fit the file is proved on a network of the same settings, and ``fit`` loads it again into the
        one it trains. After a fit the trained encoder is replaced at once.

        Parameters
        ----------
        path : Path
        freeze_encoder : bool
            True: released by ``unfreeze_schedule``. False: trained from the start.

        Raises
        ------
        TransferMismatch, CorruptArtifact, NotFound
            The file does not fit; the model is as it was.
        """
        before = self.pretrained_encoder_path, self.unfreeze_schedule
        self.pretrained_encoder_path = path
        self.unfreeze_schedule = self.unfreeze_schedule if freeze_encoder else -1
        loaded = False
        try:
            plan = self.plan(self._side_width())
            unfreezing(plan)
            if hasattr(self, "network_"):
                report = transfer(plan, self.network_, self.inputs_, freeze=freeze_encoder)
            else:
                report = check_encoder(plan)
            loaded = True
        finally:
            if not loaded:
                self.pretrained_encoder_path, self.unfreeze_schedule = before
        self._log_transfer(report, plan)
        return report

    @property
    def transfer_learning_enabled(self) -> bool:
        """True when a transfer passed its proof; never because a path was given."""
        return self.transfer_report_ is not None and self.transfer_report_.passed

    def save(self, folder: Path | str) -> None:
        """Write network, scaler, classes, mode and history into a folder; safetensors and JSON only."""
        self._check()
        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        save_network(self.network_, self.network, folder, self.facts())

    @classmethod
    def load(cls, folder: Path | str) -> Self:
        """Read what :meth:`save` wrote; answers are equal bit for bit.

        Raises
        ------
        NotFound, CorruptArtifact
            Nothing, or something else, is there.
        """
        network, name, facts = load_network(Path(folder))
        # The encoder file may be gone by now: what it gave is in the weights.
        given = facts["params"] | {"network": name, "pretrained_encoder_path": None}
        model = cls(**given)
        model.pretrained_encoder_path = facts["params"]["pretrained_encoder_path"]
        report = facts["transfer"]
        model.classes_ = np.array(facts["classes"])
        model.network_, model.inputs_ = network, WindowInputs.from_json(facts["inputs"])
        model.history_ = History.from_json(facts["history"])
        model.temperature_ = Temperature(**facts["temperature"])
        model.transfer_report_ = None if report is None else TransferReport.from_json(report)
        model.events_, model.log_ = tuple(facts["events"]), facts["log"]
        model.side_scaler_ = None if facts["side_scaler"] is None else WindowScaler.from_json(facts["side_scaler"])
        return model

    def facts(self) -> Json:
        """What the fit decided, and all that :meth:`load` needs beside the weights."""
        self._check()
        params = self.get_params() | {
            "pretrained_encoder_path": None
            if self.pretrained_encoder_path is None
            else str(self.pretrained_encoder_path)
        }
        inputs = self.inputs_.to_json()
        return {
            "mode": self.mode,
            "params": params,
            "classes": self.classes_.tolist(),
            "inputs": inputs,
            "feature_set": inputs["feature_set"],
            "scaler": inputs["scaler"],
            "history": self.history_.to_json(),
            "temperature": self.temperature_.to_json(),
            "transfer": None if self.transfer_report_ is None else self.transfer_report_.to_json(),
            "events": list(self.events_),
            "log": self.log_,
            "side_scaler": None if self.side_scaler_ is None else self.side_scaler_.to_json(),
        }

    def _log_transfer(self, report: TransferReport | None, plan: Plan) -> None:
        self.transfer_report_ = report
        if report is None:
            self.log_ = []
            return
        stages = unfreezing(plan).stages
        head, share = plan.training.learning_rate, plan.training.encoder_rate
        when = ", ".join(f"epoch {epoch} {stage}" for epoch, stage in stages.items())
        idle = "never" if plan.schedule == 0 else "trainable from the start"
        self.log_ = [
            report.lines()[0],
            f"unfreezing scheduled: {when or idle}",
            f"learning rates: encoder {head * share:g}, head {head:g}",
        ]

    def _answer(self, X: Any, side: Any) -> WindowOutput:
        self._check()
        prices, _ = prices_of(X)
        columns = scaled_side(side_of(side, len(prices), self._side_width()), self.side_scaler_)
        device = device_of(self.device)
        network = self.network_
        # Moving even to where it is takes the weights apart and together again: others may be asking meanwhile.
        if network.training or next(network.parameters()).device != device:
            network = network.to(device).eval()
        side = None if columns is None else torch.from_numpy(columns).to(device)
        return answer_in_parts(network, prices, self.inputs_.transform, side)

    def _side_width(self) -> int:
        return 0 if self.side_scaler_ is None else len(self.side_scaler_.mean_)

    def _check(self) -> None:
        if not hasattr(self, "network_"):
            raise NotTrained(f"{type(self).__name__} was not fitted", fix="augury train --model simple_lstm")


def _logits(output: WindowOutput) -> Floats:
    logits: Floats = output.logits.double().cpu().numpy()
    return logits
