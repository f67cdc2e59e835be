"""How wide each graph layer is and how many heads it has, for any depth: generated, never written by hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from augury.core.errors import UsageError

LAYERS_MAX: Final = 10
FIRST_HEADS, LATER_HEADS = 8, 4


@dataclass(frozen=True, slots=True)
class LayerLists:
    """One entry a layer; the three are equally long.

    Parameters
    ----------
    channels : tuple of int
        Width of the answer.
    heads : tuple of int
        Attention heads, each a divisor of the width.
    concat : tuple of bool
        Whether heads lie side by side (each ``channels / heads`` wide) or are averaged (each as wide as the answer).
    """

    channels: tuple[int, ...]
    heads: tuple[int, ...]
    concat: tuple[bool, ...]


def layer_lists(layers: int, width: int) -> LayerLists:
    """Generate the lists: ``[H] * n``, heads ``[8] + [4] * (n - 1)``, the last layer averages.

    Parameters
    ----------
    layers : int
        1..10.
    width : int
        H, at least 1; head counts are lowered to the nearest divisor of it.

    Raises
    ------
    UsageError
        Another number of layers, or no width.

    Examples
    --------
    >>> layer_lists(3, 64)
    LayerLists(channels=(64, 64, 64), heads=(8, 4, 4), concat=(True, True, False))
    >>> layer_lists(2, 6).heads
    (6, 3)
    """
    if not 1 <= layers <= LAYERS_MAX or width < 1:
        raise UsageError(f"graph layers={layers} must be 1..{LAYERS_MAX} and width={width} at least 1")
    wanted = (FIRST_HEADS,) + (LATER_HEADS,) * (layers - 1)
    heads = tuple(max(n for n in range(1, want + 1) if width % n == 0) for want in wanted)
    return LayerLists((width,) * layers, heads, (True,) * (layers - 1) + (False,))
