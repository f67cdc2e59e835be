"""LRN-20: a day of many symbols teaches without labels of the user's, and nothing of a later day is read."""

from __future__ import annotations

import functools

import numpy as np
import polars as pl
import pytest
import torch

from augury.core.bars import TIMESTAMP
from augury.core.errors import DataError, LeakError, UsageError
from augury.data.panel.roles import Roles
from augury.learning.loop import fit
from augury.learning.pretrain.panel import PARTS, PanelData, PanelPretraining
from augury.learning.samplers.panel_samples import PanelSamples
from augury.learning.samplers.panel_targets import PanelTargets
from augury.learning.settings import TrainingSettings
from augury.models.deep.blocks.lstm_encoder import LstmEncoder

DAYS, NAMES, STEPS = 60, 24, 5


@functools.cache
def _samples() -> PanelSamples:
    """Returns with a factor of two sectors; the residual return follows ``hint`` of the day before."""
    rng = np.random.default_rng(0)
    sector = np.where(np.arange(NAMES) % 2, 1.0, -1.0)
    returns = rng.normal(size=(DAYS, 1)) * sector + 0.2 * rng.normal(size=(DAYS, NAMES))
    hint = rng.normal(size=(DAYS, NAMES))
    forward = hint + 0.2 * rng.normal(size=(DAYS, NAMES))
    stamps = pl.datetime_range(pl.datetime(2020, 1, 1), pl.datetime(2020, 2, 29), "1d", eager=True).cast(TIMESTAMP)
    keys = {
        "symbol": [f"S{name:02d}" for _ in range(DAYS) for name in range(NAMES)],
        "ts": [stamp for stamp in stamps for _ in range(NAMES)],
    }
    frame = pl.DataFrame(
        keys
        | {"past_ret_1": returns.ravel(), "hint": hint.ravel(), "sector": np.tile(sector, DAYS)}
        | {"level": np.tile(np.linspace(-2.0, 2.0, NAMES), DAYS)},
    ).with_columns(pl.col("ts").cast(TIMESTAMP))
    ends = frame["ts"].dt.offset_by("1d")
    targets = pl.DataFrame(
        {"symbol": frame["symbol"], "ts": frame["ts"], "fwd_ret_1": forward.ravel(), "label_end_1": ends}
    )
    roles = Roles.of_columns(["past_ret_1", "hint", "sector", "level"], frame.columns)
    return PanelSamples.of_frame(frame, roles, PanelTargets(targets, (1,), 1), lookback=STEPS)


def _task(weights: dict[str, float] | None = None) -> PanelPretraining:
    samples = _samples()
    torch.manual_seed(2)
    encoder = LstmEncoder(samples.n_features, 8, 1, bidirectional=False)
    return PanelPretraining(encoder, PanelData(samples, np.arange(STEPS, 30), np.arange(50, DAYS)), weights=weights)


@pytest.mark.parametrize("part", PARTS)
def test_each_part_learns_what_it_says_and_leaves_the_heads_of_others_alone(part: str) -> None:
    task = _task({part: 1.0})
    before = {name: tensor.clone() for name, tensor in task.heads.named_parameters()}
    history = fit(
        task, TrainingSettings(epochs=12 if part == PARTS[0] else 5, learning_rate=3e-2, patience=0, threads=1)
    )
    assert history.best.measures[part] < {"masked_stocks": 0.8, "temporal_contrast": 2.0}.get(part, 0.5)
    moved = {
        name.split(".")[0] for name, tensor in task.heads.named_parameters() if not torch.equal(tensor, before[name])
    }
    uses = {"masked_stocks": {"mask", "others", "returns"}, "temporal_contrast": {"projection"}}
    assert moved == uses.get(part, {"residual"})


def test_the_return_of_a_hidden_name_is_not_among_what_is_read() -> None:
    task = _task({"masked_stocks": 1.0})
    read: list[torch.Tensor] = []
    task.encoder.register_forward_pre_hook(lambda _, given: read.append(given[0].detach().clone()))
    with torch.no_grad():
        task.heads.mask.fill_(77.0)
        task.parts(20)
    assert len(read) == 1
    hidden = (read[0][:, -1] == 77.0).all(dim=-1)
    assert int(hidden.sum()) == round(0.15 * NAMES)
    assert not bool((read[0][:, :-1] == 77.0).any())


def test_all_days_of_train_are_visited_once_and_in_the_same_order_again() -> None:
    task = _task()
    assert sorted(task.batches(3)) == list(range(STEPS, 30))
    assert list(task.batches(3)) == list(_task().batches(3)) != list(task.batches(4))


def test_a_target_that_is_not_known_is_masked() -> None:
    task = _task({"residual_targets": 1.0})
    samples = task.data.samples
    rows = task.data.rows(20)
    kept = samples.targets[rows[0], 0]
    try:
        samples.targets[rows[0], 0] = np.nan
        assert np.isnan(task.data.residuals(rows)[0])
        assert np.isfinite(task.parts(20)["residual_targets"].item())
    finally:
        samples.targets[rows[0], 0] = kept


def test_train_and_select_keep_the_reach_of_samples_and_targets_apart() -> None:
    with pytest.raises(LeakError, match="need 5"):
        PanelData(_samples(), np.arange(5, 40), np.arange(43, DAYS))
    with pytest.raises(DataError, match="0 to select by"):
        PanelData(_samples(), np.arange(5, 40), np.empty(0, np.int64))
    with pytest.raises(DataError, match="'ret'"):
        PanelData(_samples(), np.arange(5, 40), np.arange(50, DAYS), returns="ret")


def test_where_no_part_is_named_both_that_are_about_returns_are_learnt() -> None:
    task = _task()
    assert task.weights == {"masked_stocks": 1.0, "residual_targets": 1.0}
    assert not any(parameter.requires_grad for parameter in task.heads.projection.parameters())


def test_unknown_parts_and_weights_are_refused() -> None:
    for weights in ({"masked": 1.0}, {}, {"masked_stocks": 0.0}):
        with pytest.raises(UsageError, match="must give weights above 0"):
            _task(weights)
