"""What trading costs, and what the account may do."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace
from typing import Final

from augury.core.errors import UsageError
from augury.core.typing import Json

FILLS: Final = ("open", "close")
NO_BAR: Final = ("wait", "drop")


@dataclass(frozen=True, slots=True)
class Costs:
    """Prices of trading and of holding.

    Parameters
    ----------
    commission_bps : float
        Of the value traded, >= 0; default 10.
    commission_min : float
        Least commission of one trade in money, >= 0; default 1.00.
    slippage_bps : float
        A purchase pays so much more, a sale gets so much less, >= 0; default 5.
    borrow_rate : float
        A year on the value of what is short, and on cash that is owed, as a fraction; by calendar
        days of 1/365; default 0.02.
    impact : float
        Coefficient Y of the square-root law: a trade of value v moves its own price by
        ``Y sigma sqrt(v / ADV)`` with the daily sd and the average daily value of the 20 bars
        before. 0 (default) is none; about 1 is usual.

    Examples
    --------
    >>> Costs().times(2).commission_bps, Costs.none().slippage_bps
    (20.0, 0.0)
    """

    commission_bps: float = 10.0
    commission_min: float = 1.0
    slippage_bps: float = 5.0
    borrow_rate: float = 0.02
    impact: float = 0.0

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if not (math.isfinite(value) and value >= 0):
                raise UsageError(f"{name}={value} is not a cost: it must be finite and >= 0")
        if self.commission_bps + self.slippage_bps >= 5000:
            raise UsageError(f"{self.commission_bps} + {self.slippage_bps} bps would take half of every trade")

    @classmethod
    def none(cls) -> Costs:
        """Free trading, to see what is left of a strategy before costs."""
        return cls(0.0, 0.0, 0.0, 0.0, 0.0)

    def times(self, factor: float) -> Costs:
        """Every cost ``factor`` times as high."""
        return replace(self, **{name: factor * value for name, value in asdict(self).items()})

    def to_json(self) -> Json:
        """Write as a JSON object."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Account:
    """What the account starts with and may do.

    Parameters
    ----------
    capital : float
        Cash on the first day, > 0.
    whole_shares : bool
        True (default): shares are cut to whole numbers, towards zero.
    margin : float
        Equity that must stand behind each unit of gross exposure when an order fills, in (0, 1].
        0.5 (default) allows twice the equity; 1 allows no leverage.
    fill : str
        ``open`` (default): what is decided at close t fills at open t+1; ``close``: at close t+1.
    no_bar : str
        An order for a symbol without a bar on its day: ``wait`` (default) for the next bar unless a
        newer decision replaces it, or ``drop``.
    """

    capital: float = 1_000_000.0
    whole_shares: bool = True
    margin: float = 0.5
    fill: str = "open"
    no_bar: str = "wait"

    def __post_init__(self) -> None:
        if not (math.isfinite(self.capital) and self.capital > 0):
            raise UsageError(f"capital={self.capital} must be above 0")
        if not 0 < self.margin <= 1:
            raise UsageError(f"margin={self.margin} is outside (0, 1]: 0.5 is half of the gross exposure")
        if self.fill not in FILLS or self.no_bar not in NO_BAR:
            raise UsageError(f"fill='{self.fill}' (known: {FILLS}), no_bar='{self.no_bar}' (known: {NO_BAR})")

    def to_json(self) -> Json:
        """Write as a JSON object."""
        return asdict(self)
