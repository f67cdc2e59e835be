"""FLAT_VOLUME: no 30 volumes of 0 in a row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from augury.data.checks._runs import run_lengths
from augury.data.checks._view import BarsView
from augury.data.validation.findings import WARNING, CheckContext, Finding, by_symbol

RUN: Final = 30


@dataclass(frozen=True)
class FlatVolume:
    """A market without volume has null; zeros in a row are a feed without volume."""

    code: str = "FLAT_VOLUME"
    severity: str = WARNING
    ordered: bool = True

    def run(self, view: BarsView, context: CheckContext) -> list[Finding]:
        """Count runs of volumes of 0."""
        none = view.column("volume") == 0
        same = none & (view.shifted(view.column("volume")) == 0)
        long = none & (run_lengths(view, same) >= RUN)
        return by_symbol(self, view.rows(long), context, lambda _: f"{RUN} or more volumes of 0 in a row")


CHECK = FlatVolume()
