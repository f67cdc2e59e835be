"""A family whose trials cost nothing, so that sweeps can be watched, cut off and compared."""

from __future__ import annotations

from pathlib import Path

import pytest

from augury.core.settings import Settings
from augury.runs.workspace import Workspace

TOY = """
import os, time
from augury.core.errors import DataError
from augury.runs.tuning.metrics import TrialMetrics
from augury.runs.tuning.space import Choice, Real


class Toy:
    objective = "rank_ic"

    def space(self):
        return {"x": Real(-1.0, 1.0), "kind": Choice(("good", "bad"))}

    def rows(self, spec, lake, guard):
        return None

    def dataset(self, spec, rows):
        return "toy", "0" * 64, 1

    def score(self, rows, params, spec, report):
        if params["kind"] == "bad" and spec.fixed.get("crash"):
            raise DataError("bad was chosen")
        if spec.fixed.get("die_at") is not None and _begun() == spec.fixed["die_at"]:
            os.kill(os.getpid(), 9)
        if spec.fixed.get("sleep"):
            time.sleep(spec.fixed["sleep"])
        value = 1.0 - params["x"] ** 2 - (params["kind"] == "bad")
        for step in range(spec.epochs):
            report(step, value * (step + 1) / spec.epochs)
        return TrialMetrics(n=100, rank_ic=value, series=(value - 0.1, value + 0.1, value))


def _begun():
    path = os.environ["TOY_COUNTER"]
    with open(path, "a") as stream:
        stream.write("x")
    return os.path.getsize(path)


FAMILY = Toy()
"""


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forget_parts: None) -> Path:
    """Put the family ``toy`` into the user's own folder; give the folder of everything."""
    folder = tmp_path / "plugins" / "model_families"
    folder.mkdir(parents=True)
    (folder / "toy.py").write_text(TOY)
    monkeypatch.setenv("AUGURY_PLUGINS", str(tmp_path / "plugins"))
    monkeypatch.setenv("TOY_COUNTER", str(tmp_path / "begun"))
    return tmp_path


@pytest.fixture
def workspace(toy: Path):
    with Workspace.open(Settings.load({"data_dir": toy / "data"})) as opened:
        yield opened
