"""From windows to the file that is transferred: split by date with a gap, scaled, written down whole."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from augury.core.errors import InsufficientHistory, TransferMismatch, UsageError
from augury.core.hashing import sha256_file
from augury.data.synthetic_windows import PatternMarket
from augury.labels.windows import Windows, extract_windows
from augury.learning.transfer import load_encoder
from augury.models.deep.networks.simple_lstm import SimpleLstmNetwork
from augury.models.deep.pretraining import PretrainPlan, date_split, pretrain_windows

PLAN = PretrainPlan(hidden=4, epochs=1, batch_size=8, threads=1)


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@functools.cache
def _windows() -> Windows:
    return extract_windows(PatternMarket(20).bars())


def test_windows_are_divided_by_date_with_a_window_between() -> None:
    windows = _windows()
    train, select = date_split(windows)
    ends, starts = windows.frame["end_ts"][train], windows.frame["start_ts"][select]
    length = windows.frame["end_ts"][0] - windows.frame["start_ts"][0]
    assert starts.min() - ends.max() > length
    assert len(select) == pytest.approx(0.15 * len(windows), abs=2)
    with pytest.raises(InsufficientHistory, match="0 to learn from"):
        date_split(windows.take(np.arange(3)))


def test_the_folder_holds_encoder_tensors_alone_and_says_what_they_are(tmp_path: Path) -> None:
    made = pretrain_windows(_windows(), tmp_path, plan=PLAN, factor=1.0, device="cpu")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["encoder.json", "multitask_encoder.safetensors"]
    said = json.loads((tmp_path / "encoder.json").read_text())
    assert said["sha256"] == made.sha256 == sha256_file(made.path)
    assert len(said["tensors"]) == 16
    assert all(name.startswith("lstm.") for name in said["tensors"])
    assert said["settings"] == {"n_features": 11, "hidden": 4, "layers": 2, "bidirectional": True}
    assert said["kind"] == "multitask"
    assert said["expansion_factor"] == 1.0
    assert len(said["scaler"]["mean"]) == 11
    measures = said["history"][0]["measures"]
    for head in ("expansion", "swing", "candle"):
        assert {f"{head}_accuracy", f"{head}_balanced_accuracy", f"{head}_constant_accuracy"} <= set(measures)
    assert said["history"][0]["rates"]["head"] == pytest.approx(1e-3)


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    one, two = (
        pretrain_windows(_windows(), tmp_path / name, kind="masked", plan=PLAN, device="cpu") for name in ("a", "b")
    )
    assert one.sha256 == two.sha256
    other = pretrain_windows(_windows(), tmp_path / "c", kind="masked", plan=replace(PLAN, seed=2), device="cpu")
    assert other.sha256 != one.sha256


def test_the_scaler_knows_the_training_windows_alone(tmp_path: Path) -> None:
    windows = _windows()
    _, select = date_split(windows)
    prices = windows.prices.copy()
    prices[select] *= np.linspace(1.0, 3.0, prices.shape[1])[None, :, None]
    made = [
        pretrain_windows(source, tmp_path / name, kind="masked", plan=PLAN, device="cpu")
        for name, source in (("a", windows), ("b", replace(windows, prices=prices)))
    ]
    scalers = [json.loads((one.path.parent / "encoder.json").read_text())["scaler"] for one in made]
    assert scalers[0] == scalers[1]


def test_the_file_goes_into_a_window_network_and_into_no_other(tmp_path: Path) -> None:
    made = pretrain_windows(_windows(), tmp_path, kind="contrastive", plan=PLAN, device="cpu")
    report = load_encoder(SimpleLstmNetwork(11, hidden=4), made.path)
    assert (len(report.matched), len(report.skipped), report.match_ratio) == (8, 8, 1.0)
    assert len(load_encoder(SimpleLstmNetwork(11, hidden=4, mode="causal"), made.path).matched) == 4
    with pytest.raises(TransferMismatch, match="model needs"):
        load_encoder(SimpleLstmNetwork(4, hidden=4), made.path)


def test_a_kind_that_reads_no_windows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="one of multitask, masked, contrastive"):
        pretrain_windows(_windows(), tmp_path, kind="panel")
