"""data: bars in, bars checked. Nothing is filled, dropped or repaired silently."""

from __future__ import annotations

import importlib
from typing import Any

_HOMES = {
    "collect_training_data": "augury.data.feeds.collect",
    "to_freqtrade": "augury.data.canonical.convert",
    "to_multiindex": "augury.data.canonical.convert",
    "to_nixtla": "augury.data.canonical.convert",
    "to_wide": "augury.data.canonical.convert",
    "to_yfinance": "augury.data.canonical.convert",
    "write": "augury.data.canonical.writing",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'augury.data' has no attribute '{name}'")
    return getattr(importlib.import_module(_HOMES[name]), name)
