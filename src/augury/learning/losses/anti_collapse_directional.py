"""Direction, with what keeps a network from always saying the same."""

from __future__ import annotations

from torch import Tensor

from augury.core.errors import UsageError
from augury.learning.losses._days import Combined
from augury.learning.losses.directional_huber import DirectionalHuber
from augury.learning.losses.repulsion import Repulsion
from augury.learning.losses.sign_balance import SignBalance
from augury.learning.losses.variance_floor import VarianceFloor


class AntiCollapseDirectional(Combined):
    """:class:`DirectionalHuber` + balance x :class:`SignBalance` + spread x :class:`VarianceFloor` (log form).

    Parameters
    ----------
    base, target_sd : float
        Positive share and spread of the fit slice; :meth:`fit` learns them.
    balance, spread : float
        Weights of the two terms, >= 0, default 1.
    repulsion : float
        Weight of :class:`Repulsion`, default 0: it pays for noise.
    floor : float
        Of the spread ratio, default 0.10.
    penalty : float
        Of a wrong sign, default 2.

    Examples
    --------
    >>> import torch
    >>> y = torch.linspace(-1, 1, 300)
    >>> float(AntiCollapseDirectional()(torch.full((300,), 0.5), y)) > float(AntiCollapseDirectional()(y, y))
    True
    """

    def __init__(
        self,
        base: float = 0.5,
        target_sd: float = 1.0,
        balance: float = 1.0,
        spread: float = 1.0,
        repulsion: float = 0.0,
        floor: float = 0.10,
        penalty: float = 2.0,
    ) -> None:
        if min(balance, spread, repulsion) < 0:
            raise UsageError(f"balance={balance}, spread={spread} and repulsion={repulsion} are at least 0")
        self_balance = SignBalance(base, target_sd)
        terms = [
            (1.0, DirectionalHuber(penalty=penalty)),
            (float(balance), self_balance),
            (float(spread), VarianceFloor(floor, form="log")),
            (float(repulsion), Repulsion()),
        ]
        super().__init__(
            terms,
            base=base,
            target_sd=target_sd,
            balance=balance,
            spread=spread,
            repulsion=repulsion,
            floor=floor,
            penalty=penalty,
        )
        self._sign_balance = self_balance

    def fit(self, targets: Tensor) -> AntiCollapseDirectional:
        """Learn the positive share and the spread of the training targets."""
        super().fit(targets)
        self.settings.update(self._sign_balance.settings)
        return self


LOSS = AntiCollapseDirectional
