"""What a weight rule returns."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from augury.core.typing import Codes, Json, Probabilities


@dataclass(frozen=True)
class Weighed:
    """Weights that are positive and sum to 1, and what a reader should know about them."""

    weights: dict[str, float]
    events: tuple[Json, ...] = ()


Rule: TypeAlias = Callable[[Mapping[str, Probabilities], Codes], Weighed]
"""Out-of-fold probabilities by member, and the codes that came true, to weights."""
