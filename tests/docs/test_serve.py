"""``docs/serve.md`` as it stands: its commands, its curl and its Python against a real server."""

from __future__ import annotations

import json
import os
import re
import shlex
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "serve.md").read_text()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("serve") / "store"
    cell = ["--symbol", "^GSPC", "--timeframe", "d1", "--horizon", "5d"]
    run(["train", *cell, "--workers", "1", "--recipe", "demo"], folder)
    run(["forecast", "--symbol", "^GSPC"], folder)
    return folder


@pytest.fixture(scope="module")
def address(store: Path) -> Iterator[str]:
    """``augury serve`` as a process of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "augury", "--data-dir", str(store), "serve", "--port", str(port)]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert server.stderr is not None
    said = ""
    while "answers at" not in said:
        line = server.stderr.readline()
        assert line, said
        said += line
    assert "/welcome?code=" in said, "while nobody has an account, the link to the first one is printed"
    yield f"http://127.0.0.1:{port}"
    server.terminate()
    server.communicate(timeout=30)
    assert server.returncode in (0, -15, 143)


def run(words: list[str], store: Path) -> str:
    command = [sys.executable, "-m", "augury", *words, "--data-dir", str(store)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, f"{words}: {ran.stderr}"
    return ran.stdout


@pytest.mark.slow
def test_the_page_runs_as_it_stands(store: Path, address: str) -> None:
    commands = re.findall(r"^\$ (augury .+)$", PAGE, re.MULTILINE)
    assert len(commands) == 2
    key, listed = (run(shlex.split(line)[1:], store) for line in commands)
    assert json.loads(listed)[0]["name"] == "notebook"

    (curl,) = re.findall(r"^\$ (curl .+)$", PAGE, re.MULTILINE)
    environment = os.environ | {"ADDRESS": address, "KEY": key.strip()}
    asked = subprocess.run(["sh", "-c", curl], env=environment, capture_output=True, text=True, check=False)
    assert asked.returncode == 0, asked.stderr
    assert json.loads(asked.stdout)["forecasts"][0]["symbol"] == "^GSPC"

    (block,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    code = f"ADDRESS, KEY = {address!r}, {key.strip()!r}\n{block}"
    path = {"PYTHONPATH": str(ROOT / "clients"), "PATH": os.environ["PATH"]}
    ran = subprocess.run([sys.executable, "-c", code], env=path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert "403 Forbidden" in ran.stdout

    for place in ("/healthz", "/metrics", "/docs/api", "/openapi.json"):
        assert place in PAGE
    with urllib.request.urlopen(f"{address}/healthz") as answer:
        assert answer.status == 200
