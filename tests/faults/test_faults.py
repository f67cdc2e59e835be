"""The planted faults can still be planted: their text and their guards are there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
FAULTS: list[dict[str, Any]] = yaml.safe_load(Path(__file__).with_name("faults.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("fault", FAULTS, ids=[fault["name"] for fault in FAULTS])
def test_a_planted_fault_is_not_stale(fault: dict[str, Any]) -> None:
    assert fault["old"] in (ROOT / "src/augury" / fault["file"]).read_text(encoding="utf-8")
    words = iter(fault["guard"].split())
    guards = [word for word in words if word != "-k" or not next(words)]
    assert guards
    assert all((ROOT / guard).exists() for guard in guards)
