"""DUPLICATE: no bar is there twice."""

from __future__ import annotations

from dataclasses import dataclass

from augury.data.checks._view import BarsView, is_copy
from augury.data.validation.findings import WARNING, CheckContext, Finding, by_symbol


@dataclass(frozen=True)
class Duplicate:
    """Identical rows are dropped, and it is reported."""

    code: str = "DUPLICATE"
    severity: str = WARNING
    ordered: bool = False

    def run(self, view: BarsView, context: CheckContext) -> list[Finding]:
        """Count rows that are equal to an earlier one."""
        bad = view.frame.filter(is_copy(view))
        return by_symbol(self, bad, context, lambda _: "is there twice; the copy is dropped")


CHECK = Duplicate()
