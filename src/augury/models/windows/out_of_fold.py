"""What models say about windows they had not seen: the past trains, the next block is answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from augury.core.errors import DataError
from augury.core.seeds import DEFAULT_SEED
from augury.core.typing import Bools, Floats, Ints
from augury.labels.windows import Windows
from augury.labels.windows.folds import forward_folds
from augury.models.windows.names import window_model


@dataclass(frozen=True)
class WindowAnswers:
    """Answers out of fold.

    Parameters
    ----------
    classes : tuple of str
        Sorted; the columns of the probabilities.
    given : tuple of str
        Label of each window.
    proba : dict
        Model to ``(n, classes)``; NaN in rows that no fold answered for (the first block), never zeros.
    folds : tuple of (train, test)
        Row numbers of each fold.
    """

    classes: tuple[str, ...]
    given: tuple[str, ...]
    proba: dict[str, Floats]
    folds: tuple[tuple[Ints, Ints], ...]

    @property
    def answered(self) -> Bools:
        """Rows every model answered for."""
        found: Bools = np.all([np.isfinite(said).all(axis=1) for said in self.proba.values()], axis=0)
        return found

    @property
    def codes(self) -> Ints:
        """Column of each given label."""
        place = {name: at for at, name in enumerate(self.classes)}
        return np.array([place[label] for label in self.given], dtype=np.int64)


def answer_out_of_fold(
    windows: Windows,
    models: Sequence[str],
    *,
    folds: int = 5,
    seed: int = DEFAULT_SEED,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
) -> WindowAnswers:
    """Fit each model from scratch on the past of each fold, and let it answer for the fold.

    Parameters
    ----------
    windows : Windows
        All labelled.
    models : sequence of str
        Names of ``WINDOW_MODELS``.
    folds : int
        At least 1; the first of ``folds + 1`` blocks only trains.
    seed : int
    settings : mapping, optional
        Model to what differs from its defaults; a pre-trained encoder is loaded in every fold.

    Raises
    ------
    DataError
        A window has no label, a model was not named, or a fold's past lacks a class.
    """
    given = windows.frame["label"]
    if given.null_count() or not models:
        raise DataError(
            f"{given.null_count()} of {len(windows)} windows have no label; {len(models)} models were named"
        )
    classes = tuple(sorted(set(given.to_list())))
    cuts = forward_folds(windows, folds)
    y, times = given.to_numpy(), windows.frame["end_ts"].to_numpy()
    said = {name: np.full((len(windows), len(classes)), np.nan) for name in models}
    for number, (past, test) in enumerate(cuts):
        for name in models:
            model = window_model(name, seed, **dict((settings or {}).get(name, {})))
            model.fit(windows.prices[past], y[past], times=times[past])
            said[name][test] = _in_order(model.predict_proba(windows.prices[test]), model.classes_, classes, number)
    return WindowAnswers(classes, tuple(given.to_list()), said, tuple(cuts))


def _in_order(proba: Floats, known: Any, classes: tuple[str, ...], fold: int) -> Floats:
    columns = [str(name) for name in known]
    if missing := [name for name in classes if name not in columns]:
        raise DataError(f"the past of fold {fold + 1} has no window of class {', '.join(missing)}: use fewer folds")
    return proba[:, [columns.index(name) for name in classes]]
