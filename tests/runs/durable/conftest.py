from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from augury.core.settings import Settings
from augury.runs.durable.worker import Worker
from augury.runs.workspace import Workspace

NOTES = '''
"""Writes a line into a file for each part."""
from pathlib import Path
from augury.runs.durable.kind import Kind

def plan(bench):
    return [{"name": f"line {i}", "i": i} for i in range(bench.job.settings["lines"])]

def make(bench, part):
    return {"line": f"{bench.job.settings['text']} {part['i']}", "moment": bench.moment.isoformat()}

def write(bench, part, made):
    with Path(bench.job.settings["file"]).open("a") as stream:
        stream.write(made["line"] + "\\n")
    return {"text": made["line"]}

KIND = Kind("Write lines", plan, make=make, write=write, settings={"file": "", "lines": 1, "text": "x"})
'''
SHAKY = '''
"""Meets an error of a given class so many times, then succeeds."""
from pathlib import Path
from augury.core import errors
from augury.runs.durable.kind import Kind

def plan(bench):
    return [{"name": name} for name in bench.job.settings["parts"]]

def make(bench, part):
    counter = Path(bench.job.settings["folder"]) / part["name"]
    met = int(counter.read_text()) if counter.exists() else 0
    counter.write_text(str(met + 1))
    if part["name"].startswith("bad") and met < bench.job.settings["times"]:
        raise getattr(errors, bench.job.settings["error"])(f"no luck with {part['name']}")
    return {"text": f"after {met} errors"}

KIND = Kind("Fail so often", plan, make=make,
            settings={"folder": "", "parts": ["bad"], "times": 1, "error": "TemporaryError"})
'''
NAP = '''
"""Waits until it is told to stop, or for a moment."""
import threading
from pathlib import Path
from augury.runs.durable.kind import Kind

def plan(bench):
    return [{"name": "nap"}]

def make(bench, part):
    Path(bench.job.settings["file"]).write_text("asleep")
    for _ in range(int(bench.job.settings["seconds"] * 100)):
        bench.check()
        threading.Event().wait(0.01)
    return {}

KIND = Kind("Sleep", plan, make=make, settings={"file": "", "seconds": 60})
'''
DEADLY = '''
"""Kills the worker that touches it, as running out of memory would."""
import os, signal
from augury.runs.durable.kind import Kind

def make(bench, part):
    os.kill(os.getpid(), signal.SIGKILL)

KIND = Kind("Kill the worker", lambda bench: [{"name": "poison"}], make=make, attempts=2)
'''
KINDS = {"test_notes": NOTES, "test_shaky": SHAKY, "test_nap": NAP, "test_deadly": DEADLY}


@pytest.fixture(scope="session")
def _plugins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("plugins")
    (folder / "kinds").mkdir()
    for name, text in KINDS.items():
        (folder / "kinds" / f"{name}.py").write_text(text)
    return folder


@pytest.fixture(autouse=True)
def plugins(_plugins: Path, monkeypatch: pytest.MonkeyPatch, forget_parts: None) -> Path:
    """Kinds of job that exist for these tests only, in this process and in those it starts."""
    monkeypatch.setenv("AUGURY_PLUGINS", str(_plugins))
    return _plugins


@pytest.fixture(scope="session")
def kills() -> ModuleType:
    """The experiment of ``benchmarks/kills.py``."""
    place = Path(__file__).parents[3] / "benchmarks" / "kills.py"
    spec = importlib.util.spec_from_file_location("kills", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    """Settings of an empty data folder, on SQLite and on PostgreSQL."""
    flags = {"data_dir": tmp_path, "workers": 2, "database_url": database_url or None}
    return Settings.load(flags, environ={}, start=tmp_path)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Workspace]:
    """A workspace on SQLite with an empty lake; its clock is the machine's, as a worker's is."""
    with Workspace.open(Settings.load({"data_dir": tmp_path, "workers": 2}, environ={}, start=tmp_path)) as opened:
        yield opened


@pytest.fixture
def crew(store: Workspace) -> Iterator[Callable[..., Worker]]:
    """Open workers in this process; they are closed at the end."""
    opened: list[Worker] = []

    def open_one(**options: object) -> Worker:
        opened.append(Worker(store, **options))  # type: ignore[arg-type]
        return opened[-1]

    yield open_one
    for worker in opened:
        worker.close()
