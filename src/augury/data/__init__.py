"""data: bars in, bars checked. Nothing is filled, dropped or repaired silently."""

from __future__ import annotations

import importlib
from typing import Any

_HOMES = {
    "collect_training_data": "augury.data.collect",
    "to_freqtrade": "augury.data.convert",
    "to_multiindex": "augury.data.convert",
    "to_nixtla": "augury.data.convert",
    "to_wide": "augury.data.convert",
    "to_yfinance": "augury.data.convert",
    "write": "augury.data.writing",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'augury.data' has no attribute '{name}'")
    return getattr(importlib.import_module(_HOMES[name]), name)
