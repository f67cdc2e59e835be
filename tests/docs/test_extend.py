"""The page "add a feature, a check, a source": its files are written, its commands are run, as printed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "extend.md"
FILES = re.findall(r"```python file=(\S+)\n(.*?)```", PAGE.read_text(), re.DOTALL)
COMMANDS = re.findall(r"```console\n\$ (.*?)\n(.*?)\n```", PAGE.read_text())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as the page describes it, with the two files its commands read."""
    folder = tmp_path_factory.mktemp("newcomer")
    for name, text in FILES:
        (folder / "my_parts" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "my_parts" / name).write_text(text)
    days = [
        day
        for k in range(60)
        if (day := date(2024, 6, 3) + timedelta(days=k)).weekday() < 5
        and day != date(2024, 6, 19)
        and day != date(2024, 7, 4)
    ]
    rows = [f"{day},{100 + k % 5},{104 + k % 5},{96 + k % 3},{101 + k % 4},{1000 + k}" for k, day in enumerate(days)]
    for name in ("whole.csv", "ledger.csv"):
        (folder / name).write_text("\n".join(["date,open,high,low,close,volume", *rows]) + "\n")
    return folder


def test_the_page_shows_one_file_of_each_kind() -> None:
    assert [name.partition("/")[0] for name, _ in FILES] == ["families", "checks", "sources"]
    assert len(COMMANDS) == 4


@pytest.mark.parametrize(("command", "shown"), COMMANDS, ids=[command for command, _ in COMMANDS])
def test_a_command_of_the_page_prints_what_the_page_shows(command: str, shown: str, folder: Path) -> None:
    words = command.split()
    settings = dict(word.split("=", 1) for word in words if re.fullmatch(r"[A-Z_]+=.*", word))
    words = [word for word in words if word.split("=")[0] not in settings]
    assert words[0] == "augury"
    done = subprocess.run(
        [sys.executable, "-m", "augury", *words[1:], "--data-dir", str(folder / "store")],
        cwd=folder, env=os.environ | settings, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert shown in done.stdout + done.stderr
