"""Do standardised residuals look like independent draws? Two classic tests, in closed form."""

from __future__ import annotations

import numpy as np

from augury.core.typing import Floats, Json


def diagnostics(z: Floats, lags: int) -> Json:
    """Return the probabilities of Ljung-Box (values and squares) and Jarque-Bera, with moments.

    A small ``ljung_box_p`` says that the mean left something over, a small ``ljung_box_squares_p``
    that the variance did, a small ``jarque_bera_p`` that the shocks are not normal, which Student-t
    shocks need not be.

    Parameters
    ----------
    z : array (n,)
        Standardised residuals.
    lags : int
        Autocorrelations summed.
    """
    centred = z - z.mean()
    variance = float(np.mean(centred**2))
    skew = float(np.mean(centred**3)) / variance**1.5
    kurtosis = float(np.mean(centred**4)) / variance**2
    bera = len(z) / 6 * (skew**2 + (kurtosis - 3) ** 2 / 4)
    return {
        "ljung_box_p": ljung_box(z, lags),
        "ljung_box_squares_p": ljung_box(z**2, lags),
        "jarque_bera_p": _beyond(bera, 2),
        "skew": skew,
        "kurtosis": kurtosis,
    }


def ljung_box(values: Floats, lags: int) -> float:
    """Probability of autocorrelations this large in independent values (Ljung and Box 1978).

    Examples
    --------
    >>> ljung_box(np.random.default_rng(0).normal(size=500), 10) > 0.05
    True
    """
    n, centred = len(values), values - values.mean()
    own = float(centred @ centred)
    shares = [float(centred[lag:] @ centred[:-lag]) / own for lag in range(1, lags + 1)]
    statistic = n * (n + 2) * sum(share**2 / (n - lag) for lag, share in enumerate(shares, start=1))
    return _beyond(statistic, lags)


def _beyond(statistic: float, degrees: int) -> float:
    from scipy.special import chdtrc

    return float(chdtrc(degrees, statistic))
