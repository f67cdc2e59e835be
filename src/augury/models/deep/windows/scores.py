"""What a window classifier is worth: each figure beside its baseline, its number of windows and its interval."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from augury.core.errors import UsageError
from augury.core.metrics.bootstrap import bootstrap_mean
from augury.core.metrics.uncertainty import wilson
from augury.core.score import ENOUGH, Score
from augury.core.typing import Floats, Ints, Json

COLLAPSED: Final = 0.95
"""Share of windows with one and the same answer above which a model is ``collapsed``, whatever its accuracy."""
BINS: Final = 10


@dataclass(frozen=True, slots=True)
class WindowReport:
    """Scores of one slice and the word they earn.

    Parameters
    ----------
    word : str
        ``collapsed``, ``insufficient`` (below 50 windows), ``better`` (the lower bound of the paired difference to
        the majority class is above 0) or ``not better``.
    accuracy, balanced_accuracy, log_loss, ece : Score
    gain : Score
        Accuracy less that of the majority class, window by window.
    mode : str
    """

    word: str
    accuracy: Score
    balanced_accuracy: Score
    log_loss: Score
    ece: Score
    gain: Score
    mode: str

    def to_json(self) -> Json:
        """Write as a JSON object."""
        names = ("accuracy", "balanced_accuracy", "log_loss", "ece", "gain")
        return {"word": self.word, "mode": self.mode} | {name: getattr(self, name).to_json() for name in names}

    def text(self) -> str:
        """One line: the mode, the word, the accuracy."""
        return f"{self.mode}: {self.word}; accuracy {self.accuracy.text()}"


def window_report(codes: Ints, proba: Floats, mode: str) -> WindowReport:
    """Score probabilities of windows that do not overlap.

    Parameters
    ----------
    codes : array of int, shape (n,)
        True classes, 0..C-1.
    proba : array, shape (n, C)
    mode : str
        Of the model; printed with each score.

    Examples
    --------
    >>> codes = np.array([0] * 14 + [1] * 6)
    >>> window_report(codes, np.tile([0.9, 0.1], (20, 1)), "causal").word
    'collapsed'
    >>> report = window_report(codes, np.eye(2)[codes] * 0.8 + 0.1, "causal")
    >>> report.text(), report.accuracy.low < 1.0
    ('causal: insufficient; accuracy insufficient (n=20)', True)
    """
    n = len(codes)
    if not n or proba.ndim != 2 or len(proba) != n:
        raise UsageError(f"{n} classes and probabilities of shape {proba.shape}: one row a window, at least one")
    said, counts = proba.argmax(axis=1), np.bincount(codes, minlength=proba.shape[1])
    hit, major = said == codes, float(counts.max() / n)
    low, high = wilson(float(hit.sum()), n)
    gained = hit.astype(np.float64) - (codes == counts.argmax())
    bounds = _bounds(gained)
    gain = Score("gain", float(gained.mean()), *bounds, 0.0, n, n)
    word = "better" if bounds[0] is not None and bounds[0] > 0 else "not better"
    word = word if n >= ENOUGH else "insufficient"
    named = np.bincount(said, minlength=proba.shape[1]).max() / n
    losses = -np.log(np.clip(proba[np.arange(n), codes], 1e-15, 1.0))
    shares = counts[counts > 0] / n
    entropy = float(-(shares * np.log(shares)).sum())
    present = np.unique(codes)
    balanced = float(np.mean([hit[codes == code].mean() for code in present]))
    return WindowReport(
        word="collapsed" if named > COLLAPSED else word,
        accuracy=Score("accuracy", float(hit.mean()), low, high, major, n, n),
        balanced_accuracy=Score("balanced_accuracy", balanced, None, None, 1 / len(present), n, n),
        log_loss=Score("log_loss", float(losses.mean()), *_bounds(losses), entropy, n, n),
        ece=Score("ece", _ece(proba.max(axis=1), hit), None, None, None, n, n),
        gain=gain,
        mode=mode,
    )


def _bounds(values: Floats) -> tuple[float | None, float | None]:
    return bootstrap_mean(values, 1) if len(values) >= ENOUGH else (None, None)


def _ece(confidence: Floats, hit: Any) -> float:
    """Naeini et al. (2015): ten bins of equal width on the top class."""
    place = np.minimum((confidence * BINS).astype(np.int64), BINS - 1)
    return float(
        sum(
            (place == number).mean() * abs(confidence[place == number].mean() - hit[place == number].mean())
            for number in np.unique(place)
        )
    )
