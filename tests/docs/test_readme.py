from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

README = (Path(__file__).parents[2] / "README.md").read_text()
SMALLER = {
    "train --data windows": ["--n-epochs", "1", "--setting", "hidden_size=4"],
    "train --data panel": ["--n-epochs", "1", "--setting", "hidden=8", "--lookback", "5"],
    "train": ["--horizon", "5d", "--workers", "1"],
    "scheduler": ["--once"],
    "worker": ["--drain"],
    "simulate": ["--sessions", "5", "--drift", "none"],
}
"""What makes a line end soon; the first that fits."""


def write_network_files(folder: Path) -> None:
    """A small file of labelled windows and a small panel, under the names of the README."""
    import numpy as np
    import polars as pl

    from augury.data.synthetic import SyntheticMarket
    from augury.labels.windows import extract_windows
    from augury.labels.windows.files import write_windows

    found = extract_windows(SyntheticMarket(n_symbols=4, n_bars=1800, seed=3).bars(), stride=35)
    up = found.prices[:, -1, 3] > found.prices[:, -20, 3]
    label = pl.Series("label", np.where(up, "up", "down"))
    write_windows(
        type(found)(found.prices, found.frame.with_columns(label), found.timeframe), folder / "windows.parquet"
    )
    SyntheticMarket(n_symbols=22, n_bars=520, ic=0.2).bars().frame.write_parquet(folder / "panel.parquet")


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
    assert len(lines) == 15
    write_network_files(tmp_path)
    for line in lines:
        extra = next((words for start, words in SMALLER.items() if line.startswith(start)), [])
        words = [*shlex.split(line, comments=True), *extra, "--data-dir", str(tmp_path / "store")]
        command = [sys.executable, "-m", "augury", *words]
        ran = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
        assert ran.returncode == 0, f"{line}: {ran.stderr}"
