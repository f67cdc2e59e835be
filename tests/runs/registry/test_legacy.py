"""Pickled models are converted in a throw-away process only; REC-08, REC-09."""

from __future__ import annotations

import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from augury.core.errors import CorruptArtifact, NotFound, UsageError
from augury.runs.registry import legacy
from augury.runs.registry.legacy import import_legacy, read_legacy
from augury.runs.workspace import Workspace

MAKE = """
import sys, joblib, numpy as np
from sklearn.ensemble import GradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
rng = np.random.default_rng(0)
X = rng.normal(size=(300, 6)); y = np.digitize(X[:, 0] + rng.normal(size=300), [-0.5, 0.5]) - 1
models = {
    "rf": RandomForestClassifier(15, max_depth=7, class_weight="balanced", random_state=42),
    "gb": GradientBoostingClassifier(n_estimators=8, random_state=42),
    "two": GradientBoostingClassifier(n_estimators=8, random_state=42),
    "lr": LogisticRegression(),
}
for name, model in models.items():
    model.fit(X, y > 0 if name == "two" else y)
joblib.dump(models, sys.argv[1] + "/old.pkl")
Z = rng.normal(size=(200, 6))
np.savez(sys.argv[1] + "/told.npz", Z=Z, **{name: model.predict_proba(Z) for name, model in models.items()})
"""


@pytest.fixture(autouse=True)
def _by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that converts by hand: whatever other tests of this process have imported does not serve."""
    for name in legacy._SERVING:
        monkeypatch.delitem(sys.modules, name, raising=False)


CANARY = """
import os, pickle, sys
class Bomb:
    def __reduce__(self):
        return (eval, (sys.argv[2],))
pickle.dump(Bomb(), open(sys.argv[1], "wb"))
"""


def test_a_converted_model_predicts_what_the_pickled_one_did(workspace: Workspace, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", MAKE, str(tmp_path)], check=True)
    folder, models = import_legacy(workspace, tmp_path / "old.pkl")
    told = np.load(tmp_path / "told.npz")
    for name in ("rf", "gb", "two", "lr"):
        assert np.abs(models[name].predict_proba(told["Z"]) - told[name]).max() <= 1e-12
    assert models["rf"].classes == [-1, 0, 1]
    assert sorted(path.suffix for path in folder.iterdir()) == [".json", *[".safetensors"] * 4]
    assert import_legacy(workspace, tmp_path / "old.pkl")[0] == folder
    assert len(workspace.store.journal.list("legacy")) == 1
    (folder / "rf.safetensors").write_bytes(b"\0" * 64)
    with pytest.raises(CorruptArtifact, match="was changed"):
        read_legacy(folder)


@pytest.mark.parametrize(
    "act",
    [
        "__import__('os').system('touch {canary}')",
        "open('{canary}', 'w')",
        "__import__('socket').socket()",
        "__import__('subprocess').Popen(['touch', '{canary}'])",
    ],
)
def test_what_a_pickle_wants_to_do_is_not_done(workspace: Workspace, tmp_path: Path, act: str) -> None:
    canary, bomb = tmp_path / "canary", tmp_path / "bomb.pkl"
    subprocess.run([sys.executable, "-c", CANARY, str(bomb), act.format(canary=canary)], check=True)
    with pytest.raises(CorruptArtifact, match="cannot be converted: PermissionError"):
        import_legacy(workspace, bomb)
    assert not canary.exists()


def test_a_process_that_serves_converts_nothing(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(NotFound):
        import_legacy(workspace, tmp_path / "none.pkl")
    monkeypatch.setitem(sys.modules, "augury.service", types.ModuleType("augury.service"))
    with pytest.raises(UsageError, match=r"not converted inside augury\.service"):
        import_legacy(workspace, tmp_path / "old.pkl")
