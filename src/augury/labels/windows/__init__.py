"""Windows of 105 bars: cut, checked, kept, reviewed."""

from augury.labels.windows.extraction import (
    Windows,
    extract_windows,
)

__all__ = [
    "Windows",
    "extract_windows",
]
