"""SCHEMA: the columns of the canonical frame, in order and of the right types."""

from __future__ import annotations

from dataclasses import dataclass

from augury.core.bars import BAR_SCHEMA
from augury.data.checks._view import BarsView
from augury.data.layouts import LINE
from augury.data.validation.findings import ERROR, CheckContext, Finding


@dataclass(frozen=True)
class Schema:
    """Nothing else can be judged before the columns are known."""

    code: str = "SCHEMA"
    severity: str = ERROR
    ordered: bool = False

    def run(self, view: BarsView, context: CheckContext) -> list[Finding]:
        """Compare columns and types with ``BAR_SCHEMA``."""
        found = {name: dtype for name, dtype in view.frame.schema.items() if name not in (LINE, "adj_close")}
        wrong = [
            f"{name} is {found.get(name, 'missing')}, needed {dtype}"
            for name, dtype in BAR_SCHEMA.items()
            if found.get(name) != dtype
        ]
        if not wrong:
            return []
        message = f"{context.origin}: {'; '.join(wrong[:4])} ({self.code})"
        return [Finding(self.code, self.severity, "", view.frame.height, None, message, "augury data import FILE")]


CHECK = Schema()
