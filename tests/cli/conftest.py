from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from augury.cli.app import run
from augury.data.lake import Lake
from augury.data.synthetic import SyntheticMarket


@dataclass(frozen=True)
class Ran:
    """Exit code and streams of one command line."""

    code: int
    out: str
    err: str


Call = Callable[..., Ran]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Call]:
    """Run one command line in this process, with a store of its own."""
    monkeypatch.chdir(tmp_path)

    def line(*arguments: str) -> Ran:
        code = run([*arguments, "--data-dir", str(tmp_path / "store")], environ=os.environ)
        said = capsys.readouterr()
        return Ran(code, said.out, said.err)

    return line


@pytest.fixture
def market(tmp_path: Path) -> Path:
    """Put one synthetic symbol of 500 daily bars into the store's lake; return the store."""
    Lake(tmp_path / "store" / "lake").write(SyntheticMarket(n_symbols=1, n_bars=500).bars())
    return tmp_path / "store"


@pytest.fixture
def recipe(tmp_path: Path) -> str:
    """A recipe file with one small member."""
    path = tmp_path / "tiny.yaml"
    path.write_text("members: {gb: {n_estimators: 5, max_depth: 3}}\nfolds: 2\nhorizons: [5d]\n")
    return str(path)
