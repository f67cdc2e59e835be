"""Position inside a window as a feature: refused where it would give the answer away."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import numpy as np

from augury.core.errors import LeakError, UsageError
from augury.core.typing import Features, Floats
from augury.labels.windows.extraction import Windows

_ANSWERS: Final = frozenset({"expansion_start", "expansion_end", "label", "pointer_start", "pointer_end"})
_PLACE: Final = frozenset(
    ("position", "pos", "index", "idx", "number", "offset", "step", "start", "end", "since", "until", "elapsed")
)
_CONTEXT: Final = frozenset(
    (
        *(
            "window",
            "bar",
            "bars",
            "time",
            "timestep",
            "zone",
            "inner",
            "raw",
            "in",
            "of",
            "the",
            "to",
            "from",
            "within",
        ),
        *("relative", "rel", "norm", "normalized", "normalised", "scaled", "fraction", "frac", "distance", "dist"),
        *("sin", "cos", "encoding", "enc", "embedding", "left"),
    )
)


def is_position(name: str) -> bool:
    """Say whether a feature's name means a place inside the window.

    A place word (position, index, offset, since …) with nothing but words around it that belong to a
    window. ``bb_position`` is a place inside Bollinger bands and ``bars_since_swing`` counts from an
    event; neither is one.

    Examples
    --------
    >>> [is_position(name) for name in ("bar_index", "position_in_window", "bb_position", "close_position")]
    [True, True, False, False]
    """
    words = set(re.findall(r"[a-z]+", re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()))
    return bool(words & _PLACE) and words <= _PLACE | _CONTEXT


def refuse_position(names: Sequence[str], windows: Windows, values: Features | Floats | None = None) -> None:
    """Refuse features that tell where in the window a bar stands, unless windows were cut at random offsets.

    Cut at fixed places, a labelled span always lies at the same bars: a model learns the bar's number
    and nothing of the market.

    Parameters
    ----------
    names : sequence of str
        Features of a model.
    windows : Windows
        What it learns from; ``max_offset`` above 0 allows a position.
    values : array, shape (n_windows, n_bars, n_names), optional
        The features themselves: one that is equal in all windows at every bar, and not at all bars of
        a window, is a position whatever its name.

    Raises
    ------
    LeakError
        Names the features; answers such as ``expansion_start`` are refused at any offset.
    UsageError
        Values of another shape.

    Examples
    --------
    >>> from augury.data.synthetic import SyntheticMarket
    >>> from augury.labels.windows.extraction import extract_windows
    >>> windows = extract_windows(SyntheticMarket(n_symbols=1, n_bars=300).bars())
    >>> refuse_position(["body_ratio", "bar_index"], windows)
    Traceback (most recent call last):
        ...
    augury.core.errors.LeakError: ['bar_index'] tell where in the window a bar stands, ...
    """
    if answers := [name for name in names if name.lower() in _ANSWERS]:
        raise LeakError(f"{answers} are the answer itself, never a feature", features=answers)
    if windows.max_offset > 0:
        return
    found = {name for name in names if is_position(name)} | set(_constant_over_windows(names, values))
    if found:
        listed = [name for name in names if name in found]
        raise LeakError(
            f"{listed} tell where in the window a bar stands, and these windows were cut at fixed places "
            "(max_offset=0): position would predict the span",
            fix="augury windows extract --bars FILE --max-offset 44 --out FILE",
            features=listed,
        )


def _constant_over_windows(names: Sequence[str], values: Features | Floats | None) -> list[str]:
    if values is None:
        return []
    if values.ndim != 3 or values.shape[2] != len(names):
        raise UsageError(f"{len(names)} names and values of shape {values.shape}: one column a name")
    if len(values) < 2:
        return []
    same = np.all(values == values[:1], axis=(0, 1))
    moves = np.any(values[0] != values[0, :1], axis=0)
    return [name for name, constant, moving in zip(names, same, moves, strict=True) if constant and moving]
