"""SVG elements as escaped text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markupsafe import Markup


def tag(name: str, *children: Markup | str, **attributes: object) -> Markup:
    """Write one element; text and attribute values are escaped, ``_`` in names becomes ``-``.

    A trailing ``_`` is dropped, so that ``class_`` can be written. Floats keep one decimal: a tenth
    of a unit is less than a pixel.

    Examples
    --------
    >>> str(tag("text", "a < b", class_="tick", x=1.25))
    '<text class="tick" x="1.2">a &lt; b</text>'
    """
    from markupsafe import Markup, escape

    pairs = Markup("").join(
        Markup(' {}="{}"').format(key.removesuffix("_").replace("_", "-"), _short(value))
        for key, value in attributes.items()
    )
    inner = Markup("").join(escape(child) for child in children)
    if not inner:
        return Markup("<{}{}/>").format(Markup(name), pairs)
    return Markup("<{0}{1}>{2}</{0}>").format(Markup(name), pairs, inner)


def points(xs: list[float], ys: list[float]) -> str:
    """Write coordinates the way ``polyline`` and ``polygon`` want them."""
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(xs, ys, strict=True))


def _short(value: object) -> str:
    return f"{value:.1f}".removesuffix(".0") if isinstance(value, float) else str(value)
