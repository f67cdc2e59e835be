"""EMPTY: a frame without bars."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from augury.data.findings import ERROR, CheckContext, Finding


@dataclass(frozen=True)
class Empty:
    """An empty feed is a failed feed until someone has looked."""

    code: str = "EMPTY"
    severity: str = ERROR
    ordered: bool = False

    def run(self, frame: pl.DataFrame, context: CheckContext) -> list[Finding]:
        """Count the rows."""
        if frame.height:
            return []
        return [Finding(self.code, self.severity, "", 0, None, f"{context.origin}: no bars ({self.code})", context.fix)]


CHECK = Empty()
