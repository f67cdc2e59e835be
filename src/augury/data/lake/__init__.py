"""The lake: bars at rest, in a folder or behind any fsspec URL."""

from augury.data.lake.lake import Lake

__all__ = ["Lake"]
