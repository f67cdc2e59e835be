"""Examples written from a schema: what a reader of the reference sees, and what fits it."""

from __future__ import annotations

from typing import Any, Final

_MOMENT: Final = "2026-11-20T21:00:00Z"
_PLAIN: Final[dict[str, Any]] = {"string": "text", "integer": 1, "number": 0.5, "boolean": True, "null": None}
_FORMATS: Final = {"date-time": _MOMENT, "date": "2026-11-20", "binary": "", "uri": "https://example.com/hook"}
_NAMES: Final[dict[str, Any]] = {
    "symbol": "^GSPC", "timeframe": "d1", "horizon": "5d", "version": "20261029T210000Z-8e9114", "label": "BULLISH",
    "verdict": "skill", "p_bearish": 0.2, "p_neutral": 0.3, "p_bullish": 0.5, "confidence": 0.5, "id": 1,
}  # fmt: skip
"""What a property of this name holds when its schema has no example of its own."""
_DEPTH: Final = 8


def example_of(schema: dict[str, Any], schemas: dict[str, Any], name: str = "", depth: int = 0) -> Any:
    """Write a value that fits a schema.

    Parameters
    ----------
    schema : dict
        JSON Schema; ``$ref`` into ``schemas`` is followed.
    schemas : dict
        ``components.schemas`` of the document.
    name : str
        Of the property, to choose a speaking value.

    Examples
    --------
    >>> example_of({"type": "object", "properties": {"symbol": {"type": "string"}}, "required": ["symbol"]}, {})
    {'symbol': '^GSPC'}
    """
    if "$ref" in schema:
        return example_of(schemas[schema["$ref"].rpartition("/")[2]], schemas, name, depth + 1)
    if schema.get("examples"):
        return schema["examples"][0]
    for key in ("example", "const", "default"):
        if key in schema and schema[key] is not None:
            return schema[key]
    if "enum" in schema:
        return schema["enum"][0]
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            return example_of(schema[key][0], schemas, name, depth)
    kind = schema.get("type", "object")
    if kind == "object":
        return _object(schema, schemas, depth)
    if kind == "array":
        few = schema.get("minItems", 1) if depth < _DEPTH else 0
        return [example_of(schema.get("items", {}), schemas, name, depth + 1) for _ in range(min(few, 3))]
    if isinstance(_NAMES.get(name), {"string": str, "integer": int, "number": float}.get(kind, bytes)):
        return _NAMES[name]
    return _bounded(schema, _FORMATS.get(schema.get("format", ""), _PLAIN[kind]))


def _object(schema: dict[str, Any], schemas: dict[str, Any], depth: int) -> dict[str, Any]:
    if depth > _DEPTH:
        return {}
    return {
        name: example_of(part, schemas, name, depth + 1) for name, part in schema.get("properties", {}).items()
    }  # fmt: skip


def _bounded(schema: dict[str, Any], value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    low, high = schema.get("minimum", value), schema.get("maximum", value)
    return min(max(value, low), high)
