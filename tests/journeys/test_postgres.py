"""The same commands on a real PostgreSQL, chosen by one variable."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from augury.data.lake import Lake
from augury.data.synthetic import SyntheticMarket


@pytest.mark.slow
def test_train_forecast_and_verify_run_on_postgresql(tmp_path: Path, postgres_url: str) -> None:
    Lake(tmp_path / "lake").write(SyntheticMarket(n_symbols=1, n_bars=500).bars())
    (tmp_path / "tiny.yaml").write_text("members: {gb: {n_estimators: 5, max_depth: 3}}\nfolds: 2\nhorizons: [5d]\n")

    def augury(*words: str) -> Any:
        command = [sys.executable, "-m", "augury", *words, "--json", "--data-dir", str(tmp_path)]
        environment = os.environ | {"DATABASE_URL": postgres_url}
        ran = subprocess.run(command, capture_output=True, text=True, env=environment)
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout)

    (trained,) = augury("train", "--symbol", "SYN001", "--recipe", str(tmp_path / "tiny.yaml"))
    (said,) = augury("forecast", "--symbol", "SYN001")
    assert said["version"] == trained["version"]
    (listed,) = augury("forecasts", "list")
    assert {name: listed[name] for name in said} == said
    assert augury("forecasts", "verify") == [{"rows": 1, "cells": 1, "consensus_rows": 1, "ok": True, "breaks": []}]
    assert not (tmp_path / "augury.sqlite").exists()
    shown = {row["setting"]: row for row in augury("show-config")}
    assert shown["database_url"]["origin"] == "environment"
    assert {row["name"]: row["status"] for row in augury("doctor")}["database"] == "ok"
