from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

README = (Path(__file__).parents[2] / "README.md").read_text()


@pytest.mark.slow
def test_the_python_block_runs_as_pasted(tmp_path: Path) -> None:
    (block,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    ran = subprocess.run(
        [sys.executable, "-c", block],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"AUGURY_DATA_DIR": str(tmp_path), "PATH": "/usr/bin:/bin", "OMP_NUM_THREADS": "1"},
    )
    assert ran.returncode == 0, ran.stderr
    assert "NEUTRAL" in ran.stdout or "BULLISH" in ran.stdout or "BEARISH" in ran.stdout


@pytest.mark.slow
def test_the_commands_for_own_bars_run_as_pasted(tmp_path: Path) -> None:
    from augury.data.synthetic import SyntheticMarket

    bars = SyntheticMarket(n_symbols=1, n_bars=400).bars().frame
    bars.write_parquet(tmp_path / "prices.parquet")
    bars.drop("symbol").write_csv(tmp_path / "prices.csv")
    page = (Path(__file__).parents[2] / "docs" / "extend.md").read_text()
    (family,) = re.findall(r"```python file=families/range_shape\.py\n(.*?)```", page, re.DOTALL)
    (tmp_path / "my_family.py").write_text(family.replace("range_shape", "my_family"))
    lines = re.findall(r"^    \.venv/bin/augury (.+)$", README, re.MULTILINE)
    assert len(lines) == 8
    for line in lines:
        extra = ["--horizon", "5d", "--workers", "1"] if line.startswith("train") else []
        words = [*shlex.split(line, comments=True), *extra, "--data-dir", str(tmp_path / "store")]
        command = [sys.executable, "-m", "augury", *words]
        ran = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
        assert ran.returncode == 0, f"{line}: {ran.stderr}"
