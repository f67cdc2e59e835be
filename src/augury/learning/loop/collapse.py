"""Has a network given up and answers the same whatever it is shown?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from augury.core.errors import Collapsed, DataError
from augury.core.typing import Floats

RATIO_MIN: Final = 0.005
"""Smallest sd of the predictions in sds of the target. It is low on purpose: with a correlation of 0.03
the ratio of least squared error is 0.03."""
SIGN_SHARE_MAX: Final = 0.98
"""Largest share of predictions of one sign, where the target has both."""
CLASS_SHARE_MAX: Final = 0.95
"""Largest share of answers of one class."""


@dataclass(frozen=True, slots=True)
class Liveliness:
    """How much an output moves; unit-free, so that returns and scaled targets are judged alike.

    Parameters
    ----------
    n : int
        Rows looked at.
    sd_ratio : float, optional
        sd of the predictions over sd of the target.
    sign_share : float, optional
        Share of the more frequent sign of the predictions; None where the target itself is one-sided.
    correlation, slope : float, optional
        With the target, and of the target on the predictions: a small ratio beside a correlation as
        small is honest shrinkage. Neither clears a verdict.
    class_share : float, optional
        Share of the most frequent class answered.
    """

    n: int
    sd_ratio: float | None = None
    sign_share: float | None = None
    correlation: float | None = None
    slope: float | None = None
    class_share: float | None = None

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why the output counts as collapsed; empty when it does not."""
        found = []
        if self.sd_ratio is not None and self.sd_ratio < RATIO_MIN:
            found.append(f"spread ratio {self.sd_ratio:.2g} < {RATIO_MIN:g}")
        if self.sign_share is not None and self.sign_share > SIGN_SHARE_MAX:
            found.append(f"{self.sign_share:.1%} of one sign > {SIGN_SHARE_MAX:.0%}")
        if self.class_share is not None and self.class_share > CLASS_SHARE_MAX:
            found.append(f"{self.class_share:.1%} of one class > {CLASS_SHARE_MAX:.0%}")
        return tuple(found)

    def refuse_collapsed(self) -> None:
        """Refuse an output that does not depend on its input.

        Raises
        ------
        Collapsed
            With every reason, and what was measured beside it.
        """
        if self.reasons:
            beside = [
                f"{name} {value:.3g}"
                for name, value in (("correlation", self.correlation), ("slope", self.slope))
                if value is not None
            ]
            raise Collapsed(f"collapsed over n={self.n}: {'; '.join(self.reasons)} ({', '.join(beside) or 'classes'})")


def of_scores(predictions: Floats, targets: Floats) -> Liveliness:
    """Measure predictions of a number.

    Parameters
    ----------
    predictions, targets : (n,)
        Rows without a target are left out before; at least 2.

    Examples
    --------
    >>> y = np.array([-1.0, 1.0, -2.0, 2.0])
    >>> of_scores(0.1 * y, y).reasons, of_scores(np.full(4, 0.3), y).reasons
    ((), ('spread ratio 0 < 0.005', '100.0% of one sign > 98%'))
    """
    p, y = np.asarray(predictions, np.float64), np.asarray(targets, np.float64)
    if p.shape != y.shape or p.ndim != 1 or p.size < 2 or not (np.isfinite(p).all() and np.isfinite(y).all()):
        raise DataError(f"liveliness needs two equal rows of finite numbers, got shapes {p.shape} and {y.shape}")
    if (spread := float(y.std())) == 0.0:
        raise DataError(f"the target does not move over n={y.size}: nothing can be said of the predictions")
    own = float(p.std())
    both = _sign_share(y) <= SIGN_SHARE_MAX
    covariance = float(np.mean((p - p.mean()) * (y - y.mean())))
    return Liveliness(
        n=p.size,
        sd_ratio=own / spread,
        sign_share=_sign_share(p) if both else None,
        correlation=covariance / (own * spread) if own else None,
        slope=covariance / own**2 if own else None,
    )


def of_classes(answers: Floats, n_classes: int) -> Liveliness:
    """Measure answered classes, codes 0 to ``n_classes - 1``.

    Examples
    --------
    >>> of_classes(np.zeros(20), 2).reasons
    ('100.0% of one class > 95%',)
    """
    counts = np.bincount(np.asarray(answers, np.int64), minlength=n_classes)
    if not counts.sum():
        raise DataError("no class was answered: there is nothing to judge")
    return Liveliness(n=int(counts.sum()), class_share=float(counts.max() / counts.sum()))


def _sign_share(values: Floats) -> float:
    return max(float(np.mean(values > 0)), float(np.mean(values < 0)))
