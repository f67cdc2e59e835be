"""GARCH(1,1) with Student-t shocks: fitted by ``arch``, carried forward by our own recursion."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Final, Self

import numpy as np

from augury.core.errors import ModelError
from augury.core.extras import require
from augury.core.typing import Floats, Json

_LEAST_TAIL: Final = 0.25
"""Distance of the degrees of freedom from 4 taken for shocks whose fourth moment is infinite."""


@dataclass(frozen=True)
class GarchT:
    """``v[t+1] = omega + alpha e[t]^2 + beta v[t]``, shocks ``e / sqrt(v)`` Student-t.

    Parameters
    ----------
    omega, alpha, beta : float
        Not negative, ``alpha + beta <= 1``; a larger sum remembers longer.
    tail : float
        Degrees of freedom of the shocks, above 2.
    start : float
        Variance before the first value: that of the fit slice.

    Examples
    --------
    The standard deviation over h bars is the root of the summed variance:

    >>> garch = GarchT(2e-6, 0.08, 0.9, 8.0, 2e-4)
    >>> [round(float(garch.cumulated_sd(2e-4, h)), 6) for h in (1, 5, 10)]
    [0.014142, 0.031311, 0.043757]

    Notes
    -----
    Bollerslev (1987), *A conditionally heteroskedastic time series model*. Fitted on values divided
    by their spread, so the parameters found do not depend on the unit.
    """

    omega: float
    alpha: float
    beta: float
    tail: float
    start: float

    @classmethod
    def fit(cls, values: Floats) -> Self:
        """Estimate by maximum likelihood on values with mean near zero.

        Raises
        ------
        ModelError
            The values do not move, or the search did not converge.
        MissingExtra
            The package ``arch`` is not installed.
        """
        univariate = require("arch.univariate", extra="stats")
        spread = float(np.sqrt(np.mean(values**2)))
        if not spread > 0:
            raise ModelError(f"a GARCH needs values that move: {len(values)} of them are all {values[:1]}")
        volatility, shocks = univariate.GARCH(p=1, q=1), univariate.StudentsT()
        model = univariate.ZeroMean(values / spread, volatility=volatility, distribution=shocks, rescale=False)
        found = model.fit(disp="off", show_warning=False)
        if found.convergence_flag != 0 or not all(math.isfinite(value) for value in found.params):
            raise ModelError(f"the GARCH fit on {len(values)} values did not converge (code {found.convergence_flag})")
        omega, alpha, beta, tail = (float(value) for value in np.asarray(found.params))
        return cls(omega * spread**2, alpha, beta, tail, spread**2)

    def next_variance(self, values: Floats) -> Floats:
        """Variance of the value after each one, known once it is seen, ``(n,)``."""
        from scipy.signal import lfilter  # the recursion, in compiled code

        found: Floats = lfilter([1.0], [1.0, -self.beta], self.omega + self.alpha * values**2, zi=[self._held])[0]
        return found

    def path(self, next_variance: Floats | float, steps: int) -> Floats:
        """Expected variance of each of the next ``steps`` values, ``(n, steps)``.

        Parameters
        ----------
        next_variance : array (n,) or float
            Variance of the very next value.
        steps : int
            At least 1.
        """
        columns = [np.atleast_1d(np.asarray(next_variance, dtype=np.float64))]
        for _ in range(steps - 1):
            columns.append(self.omega + (self.alpha + self.beta) * columns[-1])
        return np.column_stack(columns)

    def cumulated_sd(self, next_variance: Floats | float, steps: int) -> Floats | float:
        """Standard deviation of the sum of the next ``steps`` values."""
        sd: Floats = np.sqrt(self.path(next_variance, steps).sum(axis=1))
        return sd if np.ndim(next_variance) else float(sd[0])

    def tail_of_sum(self, steps: int) -> float:
        """Degrees of freedom that give the t the kurtosis of a sum of independent shocks.

        The excess kurtosis ``6 / (tail - 4)`` of one shock falls to its ``steps``-th part.
        """
        return self.tail if steps == 1 else 4 + steps * max(self.tail - 4, _LEAST_TAIL)

    def to_json(self) -> Json:
        """Write as a JSON object."""
        return asdict(self)

    @property
    def _held(self) -> float:
        """What the recursion carries into the first value."""
        return self.beta * self.start
