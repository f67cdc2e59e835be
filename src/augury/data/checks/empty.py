"""EMPTY: a frame without bars."""

from __future__ import annotations

from dataclasses import dataclass

from augury.data.checks._view import BarsView
from augury.data.validation.findings import ERROR, CheckContext, Finding


@dataclass(frozen=True)
class Empty:
    """An empty feed is a failed feed until someone has looked."""

    code: str = "EMPTY"
    severity: str = ERROR
    ordered: bool = False

    def run(self, view: BarsView, context: CheckContext) -> list[Finding]:
        """Count the rows."""
        if view.frame.height:
            return []
        return [Finding(self.code, self.severity, "", 0, None, f"{context.origin}: no bars ({self.code})", context.fix)]


CHECK = Empty()
