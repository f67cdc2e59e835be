"""What a model says of windows of 105 bars."""

from __future__ import annotations

from itertools import chain
from typing import Final

import numpy as np

from augury.core.errors import InsufficientHistory, UsageError, ValidationError
from augury.core.typing import Floats
from augury.labels.windows.rules import WINDOW_BARS, check_prices, short_history
from augury.service.backend import Backend
from augury.service.problems import FieldError
from augury.service.serving.windows import window_classifier
from augury.service.strict import Answer, Strict

WINDOWS_MAX: Final = 100
_WIDTH: Final = 4


class WindowsBody(Strict):
    """Windows of 105 bars, the oldest bar first; a bar is open, high, low, close."""

    data: list[list[list[float]]]


class WindowAnswer(Answer):
    """What the model says of one window; ``confidence`` is the probability of ``prediction``."""

    prediction: str
    confidence: float
    probabilities: dict[str, float]
    model_version: str


class WindowAnswers(Answer):
    """One answer a window, in their order. ``mode`` retrospective: a recognition of what was, never a forecast."""

    predictions: list[WindowAnswer]
    model_version: str
    mode: str


def predict(backend: Backend, body: WindowsBody) -> WindowAnswers:
    """Classify windows with the published model.

    Raises
    ------
    UsageError, InsufficientHistory, ValidationError
        Windows that break a rule; each with its field.
    NotTrained
        No model is published.
    """
    prices = windows_of(body)
    served, model = window_classifier(backend)
    proba = model.predict_proba(prices)
    answers = [
        WindowAnswer(
            prediction=served.classes[top], confidence=row[top], model_version=served.version,
            probabilities=dict(zip(served.classes, row, strict=True)),
        )
        for row, top in zip(proba.tolist(), proba.argmax(axis=1).tolist(), strict=True)
    ]  # fmt: skip
    return WindowAnswers(predictions=answers, model_version=served.version, mode=served.mode)


def windows_of(body: WindowsBody) -> Floats:
    """Bring the windows of a body into one array ``(n, 105, 4)``.

    Raises
    ------
    UsageError
        None or more than 100 windows, more than 105 bars, or bars that are not four prices.
    InsufficientHistory
        Fewer than 105 bars: ``insufficient_history need=105 have=1``.
    ValidationError
        A price that is not above 0, or a high or low that is not the highest or lowest.
    """
    n = len(body.data)
    if not 1 <= n <= WINDOWS_MAX:
        raise UsageError(f"data holds {n} windows, 1 to {WINDOWS_MAX} are answered", fields=[_at("data", None, n)])
    for row, window in enumerate(body.data):
        _check_shape(row, window)
    flat = chain.from_iterable(chain.from_iterable(body.data))
    prices: Floats = np.fromiter(flat, np.float64, n * WINDOW_BARS * _WIDTH).reshape(n, WINDOW_BARS, _WIDTH)
    try:
        check_prices(prices)
    except ValidationError as error:
        broken, bar = error.facts["window"], error.facts["bar"]
        found = FieldError(field=f"data.{broken}.{bar}", row=int(str(broken)), message=error.message)
        raise ValidationError(error.message, fields=[found]) from None
    return prices


def _check_shape(row: int, window: list[list[float]]) -> None:
    have = len(window)
    if have < WINDOW_BARS:
        error = short_history(have, who=f"window {row}")
        found = FieldError(field=f"data.{row}", row=row, message=error.message)
        raise InsufficientHistory(error.message, fields=[found], need=WINDOW_BARS, have=have)
    if have > WINDOW_BARS:
        raise UsageError(f"window {row} has {have} bars, needs {WINDOW_BARS}", fields=[_at(f"data.{row}", row, have)])
    if set(map(len, window)) != {_WIDTH}:
        bar = next(bar for bar, prices in enumerate(window) if len(prices) != _WIDTH)
        said = f"window {row} bar {bar} has {len(window[bar])} numbers, needs {_WIDTH}: open, high, low, close"
        raise UsageError(said, fields=[FieldError(field=f"data.{row}.{bar}", row=row, message=said)])


def _at(field: str, row: int | None, found: int) -> FieldError:
    return FieldError(field=field, row=row, message=f"found {found}")
