"""What a window of bars must be: 105 bars, whole, finite, positive and in order."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from augury.core.errors import InsufficientHistory, UsageError, ValidationError
from augury.core.typing import Bools, Floats

WINDOW_BARS: Final = 105
INNER_FIRST, INNER_LAST = 30, 74
"""The inner zone, both ends included: 30 bars of context before it, 30 bars of buffer behind."""
INNER_BARS: Final = INNER_LAST - INNER_FIRST + 1
PRICES: Final = ("open", "high", "low", "close")


def short_history(have: int, need: int = WINDOW_BARS, who: str = "") -> InsufficientHistory:
    """The error for too few bars; the words ``insufficient_history need= have=`` are stable for programs.

    Examples
    --------
    >>> print(short_history(104, who="window 17"))
    window 17 has 104 bars, needs 105 (insufficient_history need=105 have=104)
    """
    return InsufficientHistory(
        f"{who or 'the series'} has {have} bars, needs {need} (insufficient_history need={need} have={have})",
        need=need,
        have=have,
    )


def broken_bars(prices: Floats) -> Bools:
    """Say which bars break a rule of prices.

    A bar is whole when its four prices are finite and above 0, ``high >= max(open, close)`` and
    ``low <= min(open, close)``. That ``(high - low) / mid <= 2`` follows from prices above 0.

    Parameters
    ----------
    prices : array, shape (..., 4)
        Open, high, low, close.

    Examples
    --------
    >>> broken_bars(np.array([[1.0, 2.0, 0.5, 1.5], [1.0, 1.2, 0.5, 1.5]])).tolist()
    [False, True]
    """
    o, h, low, c = (prices[..., column] for column in range(4))
    # A comparison with NaN is False: every rule is asked for what must hold.
    whole: Bools = (low > 0) & (h < np.inf) & (h >= np.maximum(o, c)) & (low <= np.minimum(o, c))
    return ~whole


def describe_bar(bar: Floats) -> str:
    """Say which rule a broken bar breaks.

    Parameters
    ----------
    bar : array, shape (4,)
        Open, high, low, close.

    Examples
    --------
    >>> describe_bar(np.array([1.0, 1.2, 0.5, 1.5]))
    'high 1.2 < max(open 1, close 1.5) (OHLC_ORDER)'
    """
    o, h, low, c = (float(price) for price in bar)
    for name, price in zip(PRICES, (o, h, low, c), strict=True):
        if not (np.isfinite(price) and price > 0):
            return f"{name} is {price:g}, prices must be finite and above 0 (NON_FINITE)"
    if h < max(o, c):
        return f"high {h:g} < max(open {o:g}, close {c:g}) (OHLC_ORDER)"
    return f"low {low:g} > min(open {o:g}, close {c:g}) (OHLC_ORDER)"


def window_prices(x: Any, n_bars: int = WINDOW_BARS) -> tuple[Floats, tuple[str, ...]]:
    """Bring windows to the door of a model: exactly ``n_bars`` whole bars each.

    Parameters
    ----------
    x : array, shape (n_bars, 4) or (n_windows, n_bars, 4)
        Open, high, low, close, oldest bar first. Of longer windows the last ``n_bars`` are used.
    n_bars : int
        Bars a window must have, default 105.

    Returns
    -------
    prices : array, shape (n_windows, n_bars, 4)
        float64.
    notes : tuple of str
        What was left out; empty when the windows were as long as asked.

    Raises
    ------
    InsufficientHistory
        Fewer bars: ``insufficient_history need=105 have=104``.
    ValidationError
        A bar that breaks a rule, naming window and bar.
    UsageError
        Not numbers of that shape.

    Examples
    --------
    >>> prices, notes = window_prices(np.full((106, 4), 7.0))
    >>> prices.shape, notes
    ((1, 105, 4), ('windows have 106 bars: the last 105 are used',))
    """
    found = np.asarray(x)
    if found.dtype.kind not in "fiu" or found.ndim not in (2, 3) or found.shape[-1] != len(PRICES):
        raise UsageError(
            f"windows must be numbers of shape (n, {n_bars}, 4) or ({n_bars}, 4) for open high low close, "
            f"found {found.dtype} of shape {found.shape}"
        )
    prices = np.asarray(found if found.ndim == 3 else found[None], dtype=np.float64)
    have = prices.shape[1]
    if have < n_bars:
        raise short_history(have, n_bars, "window 0")
    notes = (f"windows have {have} bars: the last {n_bars} are used",) if have > n_bars else ()
    prices = prices[:, have - n_bars :]
    check_prices(prices)
    return prices, notes


def check_prices(prices: Floats) -> None:
    """Refuse windows that hold a broken bar.

    Parameters
    ----------
    prices : array, shape (n_windows, n_bars, 4)

    Raises
    ------
    ValidationError
        Naming the first window and bar, and how many bars are broken.
    """
    broken = broken_bars(prices)
    if broken.any():
        window, bar = (int(at) for at in np.argwhere(broken)[0])
        n = int(broken.sum())
        more = f" and {n - 1} more" if n > 1 else ""
        raise ValidationError(
            f"window {window} bar {bar}: {describe_bar(prices[window, bar])}{more}", window=window, bar=bar, rows=n
        )
