from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from augury.runs.recipes import load_recipe

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.parametrize("script", sorted((ROOT / "examples").glob("*.py")), ids=lambda path: path.stem)
def test_every_example_runs(script: Path, tmp_path: Path) -> None:
    ran = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout


@pytest.mark.parametrize("path", sorted((ROOT / "recipes").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_recipe_is_understood(path: Path) -> None:
    assert load_recipe(str(path)).name == path.stem
