"""Parts of the user's own: one file in a folder named by ``AUGURY_PLUGINS``, found like those of the house."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

FAMILY = '''"""A family of the user."""

from augury.features.family import Family, Feature
from augury.features.language import close, lag

FAMILY = Family("mine", "an example", (Feature("mine_3d", 4, close / lag(close, 3) - 1.0),))
'''
SCRIPT = """
from augury.data.synthetic import SyntheticMarket
from augury.features import build
from augury.features.feature_sets import FAMILIES
bars = SyntheticMarket(n_symbols=1, n_bars=60).bars()
print("mine" in FAMILIES.names(), build(bars, "all").frame["mine_3d"].count())
"""


def run(plugins: Path | None) -> subprocess.CompletedProcess[str]:
    settings = {name: value for name, value in os.environ.items() if name != "AUGURY_PLUGINS"}
    settings |= {"AUGURY_PLUGINS": str(plugins)} if plugins else {}
    return subprocess.run([sys.executable, "-c", SCRIPT], env=settings, capture_output=True, text=True, check=False)


def test_a_family_in_the_users_folder_is_part_of_the_catalogue(tmp_path: Path) -> None:
    (tmp_path / "families").mkdir()
    (tmp_path / "families" / "mine.py").write_text(FAMILY)
    done = run(tmp_path)
    assert done.stdout.split() == ["True", "57"], done.stderr


def test_without_the_variable_or_with_an_empty_folder_nothing_is_added(tmp_path: Path) -> None:
    for plugins in (None, tmp_path, tmp_path / "absent"):
        done = run(plugins)
        assert "mine_3d" in done.stderr
        assert done.returncode == 1
