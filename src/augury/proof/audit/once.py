"""What several stages of one history share is made once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from augury.core.bars import Bars

T = TypeVar("T")


@dataclass
class Once:
    """Keeps the newest history's answers: stages of the same history ask one after the other.

    Examples
    --------
    >>> from augury.data.synthetic import SyntheticMarket
    >>> once, bars, asked = Once(), SyntheticMarket(n_symbols=1, n_bars=20).bars(), []
    >>> [once("rows", bars, lambda given: asked.append(1) or given.frame.height) for _ in range(2)], len(asked)
    ([20, 20], 1)
    """

    made: dict[str, tuple[Bars, Any]] = field(default_factory=dict)

    def __call__(self, name: str, bars: Bars, make: Callable[[Bars], T]) -> T:
        """Return what ``make`` says about these bars, asked once for the same object."""
        kept = self.made.get(name)
        if kept is None or kept[0] is not bars:
            kept = self.made[name] = (bars, make(bars))
        answer: T = kept[1]
        return answer
