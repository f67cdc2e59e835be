"""The one metrics package: what it offers and how light it is."""

from __future__ import annotations

import subprocess
import sys

from augury.core import metrics


def test_everything_offered_exists() -> None:
    assert all(callable(getattr(metrics, name)) for name in metrics.__all__)
    assert list(metrics.__all__) == sorted(metrics.__all__)


def test_importing_metrics_loads_neither_scipy_nor_sklearn() -> None:
    code = "import sys, augury.core.metrics; print([m for m in ('scipy', 'sklearn', 'pandas') if m in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
