"""Five of five, and each part can fail under its own name."""

from __future__ import annotations

import os

import numpy as np
import pytest

from augury.cli.app import run
from augury.runs.proving.preflight import PARTS, preflight

BREAKS = {
    "raw OHLC pipeline": ("augury.models.deep.windows.inputs.WindowInputs.features", lambda self, x: x[:, :, :4] * 2),
    "relative transform": (
        "augury.features.relative.RelativeFeatureTransform.fit_transform",
        lambda self, x, y=None: np.repeat(np.asarray(x)[:, :, :1], 11, axis=2).astype(np.float32),
    ),
    "multi-task model": (
        "augury.learning.pretrain.multitask.Heads.forward",
        lambda self, states: {"expansion": states},
    ),
    "encoder transfer": ("augury.learning.transfer.report.TransferReport.passed", property(lambda self: False)),
    "time warp off": ("environment", "SIMPLE_LSTM_TIME_WARP_PROB"),
}


def test_all_five_parts_pass():
    parts = list(preflight())
    assert [part.name for part in parts] == list(PARTS)
    assert all(part.passed for part in parts), parts


@pytest.mark.parametrize("name", PARTS)
def test_a_broken_part_is_named_and_ends_with_the_exit_code_of_a_gate(name, monkeypatch, capsys):
    what, value = BREAKS[name]
    if what == "environment":
        monkeypatch.setenv(value, "0.5")
    else:
        monkeypatch.setattr(what, value)
    assert run(["doctor", "--preflight"], dict(os.environ)) == 5
    said = capsys.readouterr()
    assert "5/5" not in said.err
    assert [line for line in said.out.splitlines() if name in line and " no " in line]
