"""N12 and section 8: pre-training on windows reads scaled input, and each kind learns what it says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from augury.core.errors import DataError, UsageError
from augury.learning.loop import fit
from augury.learning.pretrain import PRETRAININGS
from augury.learning.pretrain._windows import WindowData, WindowPretraining
from augury.learning.pretrain.contrastive import Contrastive, info_nce, overlapping
from augury.learning.pretrain.masked import SHAPES, Masked, hidden_bars
from augury.learning.pretrain.multitask import Multitask
from augury.learning.settings import TrainingSettings
from augury.models.deep.blocks.lstm_encoder import LstmEncoder

KINDS: dict[str, Callable[..., WindowPretraining]] = {
    "multitask": Multitask,
    "masked": Masked,
    "contrastive": Contrastive,
}


def _encoder(width: int = 4, hidden: int = 8, layers: int = 1) -> LstmEncoder:
    torch.manual_seed(3)
    return LstmEncoder(width, hidden, layers)


def _count(task: Any) -> tuple[int, int]:
    parameters = list(task.network.parameters())
    return sum(parameter.numel() for parameter in parameters), len(parameters)


@pytest.mark.parametrize(("width", "hidden", "numbers"), [(4, 128, 582_921), (11, 128, 590_089), (11, 32, 49_801)])
def test_the_multitask_model_has_the_stated_size(data: WindowData, width: int, hidden: int, numbers: int) -> None:
    wide = replace(data, features=np.resize(data.features, (24, 105, width)))
    task = Multitask(_encoder(width, hidden, 2), wide)
    assert _count(task) == (numbers, 30)
    assert len(list(task.encoder.parameters())) == 16


def test_a_batch_of_two_windows_has_logits_of_2_3_and_4_classes_at_each_bar(data: WindowData) -> None:
    logits = Multitask(_encoder(), data).logits(torch.arange(2))
    assert [tuple(part.shape) for part in logits.values()] == [(2, 105, 2), (2, 105, 3), (2, 105, 4)]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_each_kind_lowers_its_loss_and_reaches_every_tensor(data: WindowData, kind: str) -> None:
    task = KINDS[kind](_encoder(), data, batch_size=9)
    task.network.train()
    task.loss(next(iter(task.batches(0)))).backward()  # type: ignore[no-untyped-call]
    assert all(p.grad is not None and bool(p.grad.abs().sum() > 0) for p in task.network.parameters())
    history = fit(task, TrainingSettings(epochs=8, learning_rate=3e-2, patience=0, threads=1))
    assert history.best.measures["loss"] < 0.95 * history.epochs[0].measures["loss"]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_same_seed_gives_the_same_encoder(data: WindowData, kind: str) -> None:
    found = []
    for _ in range(2):
        encoder = _encoder()
        fit(KINDS[kind](encoder, data, batch_size=9), TrainingSettings(epochs=1, threads=1))
        found.append(torch.cat([p.detach().flatten() for p in encoder.parameters()]))
    assert torch.equal(*found)


def test_measuring_twice_measures_the_same(data: WindowData) -> None:
    for kind in KINDS.values():
        task = kind(_encoder(), data)
        task.network.eval()
        with torch.no_grad():
            assert task.measures() == task.measures()


def test_balanced_accuracy_stands_beside_accuracy_and_the_constant(data: WindowData) -> None:
    rare = dict(data.labels) | {"expansion": np.zeros((24, 105), np.int64)}
    rare["expansion"][:, 7] = 1
    task = Multitask(_encoder(), replace(data, labels=rare))
    task.network.eval()
    with torch.no_grad():
        task.heads.tasks["expansion"][-1].weight.zero_()  # type: ignore[index, union-attr, operator]
        task.heads.tasks["expansion"][-1].bias.copy_(torch.tensor([9.0, 0.0]))  # type: ignore[index, union-attr, operator]
        measures = task.measures()
    assert measures["expansion_accuracy"] == pytest.approx(104 / 105) == measures["expansion_constant_accuracy"]
    assert measures["expansion_balanced_accuracy"] == 0.5 == measures["expansion_constant_balanced_accuracy"]


def test_rare_classes_weigh_as_much_as_common_ones(data: WindowData) -> None:
    task = Multitask(_encoder(), data)
    weights = task.weights["expansion"]
    assert weights is not None
    counts = np.bincount(data.labels["expansion"][data.train].ravel())
    assert (weights.numpy() * counts) == pytest.approx([counts.sum() / 2] * 2)
    assert Multitask(_encoder(), data, balanced=False).weights["swing"] is None


def test_labels_that_are_absent_are_named(data: WindowData) -> None:
    with pytest.raises(DataError, match="absent: candle"):
        Multitask(_encoder(), replace(data, labels={k: v for k, v in data.labels.items() if k != "candle"}))


def test_raw_prices_are_refused(data: WindowData) -> None:
    for level, word in ((23_000.0, "mean absolute value 2"), (1.05, "standard deviation 0")):
        prices = (level * (1.0 + 0.01 * data.features)).astype(np.float32)
        with pytest.raises(DataError, match=word):
            replace(data, features=prices)
    broken = data.features.copy()
    broken[0, 0, 2] = np.nan
    with pytest.raises(DataError, match="column 2"):
        replace(data, features=broken)


def test_a_constant_column_is_no_sign_of_raw_input(data: WindowData) -> None:
    flat = data.features.copy()
    flat[..., 1] = 0.0
    assert replace(data, features=flat).features[..., 1].max() == 0.0


def test_a_side_without_windows_is_refused(data: WindowData) -> None:
    with pytest.raises(DataError, match="0 to select by"):
        replace(data, select=np.empty(0, np.int64))


@pytest.mark.parametrize(("shape", "count"), [("patch", 14), ("block", 16), ("random", 16)])
def test_the_mask_hides_15_percent_in_its_shape(shape: str, count: int) -> None:
    hidden = hidden_bars(50, 105, shape, 0.15, torch.Generator().manual_seed(1))
    assert (hidden.sum(dim=1) == count).all()
    assert len(torch.unique(hidden, dim=0)) > 20
    if shape == "block":
        assert all(int(row.int().diff().abs().sum()) <= 2 for row in hidden)
    if shape == "patch":
        patches = hidden.view(50, 15, 7)
        assert (patches.all(dim=2) == patches.any(dim=2)).all()


@pytest.mark.parametrize("shape", SHAPES)
def test_only_hidden_bars_are_asked_and_their_values_are_not_shown(data: WindowData, shape: str) -> None:
    task = Masked(_encoder(), data, shape=shape)
    x = torch.from_numpy(data.features[:3])
    hidden = hidden_bars(3, 105, shape, 0.15, torch.Generator().manual_seed(1))
    read: list[torch.Tensor] = []
    task.encoder.register_forward_pre_hook(lambda _, given: read.append(given[0]))
    task.error(x, hidden)
    other = torch.where(hidden[..., None], x + 5.0, x)
    task.error(other, hidden)
    assert torch.equal(read[0], read[1])
    assert len(read) == 2
    # With a decoder that answers 0 the squared part of the loss is the mean square of the hidden bars alone.
    for parameter in task.heads.decoder.parameters():  # type: ignore[union-attr]
        torch.nn.init.zeros_(parameter)
    with torch.no_grad():
        floor = task.error(torch.where(hidden[..., None], 0.0, x), hidden)
        assert float(task.error(x, hidden) - floor) == pytest.approx(float(x[hidden].square().mean()), rel=1e-4)


def test_windows_that_share_bars_are_no_negatives(data: WindowData) -> None:
    pairs = overlapping(*(torch.from_numpy(column) for column in (data.symbol, data.start, data.end)))
    assert pairs.sum(dim=1).tolist()[:3] == [3, 4, 5]
    assert bool(pairs[0, 1])
    assert bool(pairs[0, 2])
    assert not bool(pairs[0, 3])
    views = torch.randn(4, 8, generator=torch.Generator().manual_seed(0))
    excluded = torch.zeros(4, 4, dtype=torch.bool)
    excluded[0, 1] = excluded[1, 0] = True
    moved = views.clone()
    moved[1] = views[0]
    assert float(info_nce(moved, moved, excluded)) < float(info_nce(moved, moved, torch.zeros_like(excluded)))


def test_contrastive_needs_to_know_which_windows_overlap(data: WindowData) -> None:
    with pytest.raises(DataError, match="symbol, start and end"):
        Contrastive(_encoder(), replace(data, symbol=None))


def test_the_catalogue_names_every_kind() -> None:
    assert PRETRAININGS.names() == ["contrastive", "masked", "multitask", "panel"]
    with pytest.raises(UsageError, match="did you mean 'masked'"):
        PRETRAININGS.load("maskd")


def test_another_shape_of_mask_is_refused(data: WindowData) -> None:
    with pytest.raises(UsageError, match="one of patch, block, random"):
        Masked(_encoder(), data, shape="span")
