from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.slow
def test_killed_before_any_durable_step_the_store_is_the_old_or_the_new_one_whole(tmp_path: Path) -> None:
    script = Path(__file__).with_name("_sweep.py")
    ran = subprocess.run([sys.executable, str(script), str(tmp_path)], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    result = json.loads(ran.stdout)
    assert result["deaths"] == result["steps"] >= 15
    assert result["torn"] == [], ran.stderr
