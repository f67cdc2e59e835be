"""N02, N03: the schedule releases what it says when it says, rates keep their share, nothing is rebuilt."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from augury.core.errors import ModelError, UsageError
from augury.core.typing import Json
from augury.learning.loop import EpochRecord, fit
from augury.learning.settings import TrainingSettings
from augury.learning.transfer import load_encoder
from augury.learning.unfreezing import PLANS, Unfreezing, planned

Written = Callable[..., Path]


class Toy:
    """Windows whose last bars tell the class."""

    def __init__(self, network: Any) -> None:
        self.network = network
        generator = torch.Generator().manual_seed(0)
        self.x = torch.randn((24, 6, 4), generator=generator)
        self.y = (self.x[:, -1, 0] > 0).long()

    def groups(self) -> Mapping[str, list[nn.Parameter]]:
        return {
            "head": list(self.network.head.parameters()),
            "attention": list(self.network.attention.parameters()),
            **self.network.encoder.groups(),
        }

    def batches(self, epoch: int) -> Iterator[Tensor]:
        yield from torch.arange(24).split(12)

    def loss(self, batch: Tensor) -> Tensor:
        return nn.functional.cross_entropy(self.network(self.x[batch]), self.y[batch])

    def measures(self) -> Mapping[str, float]:
        return {"loss": float(self.loss(torch.arange(24)))}


class Watch:
    """A hook that keeps the weights at the end of each epoch."""

    def __init__(self, task: Toy) -> None:
        self.task, self.seen = task, [_layers(task)]

    def before_epoch(self, epoch: int, task: Any) -> list[Json]:
        return []

    def after_epoch(self, record: EpochRecord) -> None:
        self.seen.append(_layers(self.task))


def _layers(task: Toy) -> dict[str, Tensor]:
    return {name: torch.cat([p.detach().flatten() for p in group]) for name, group in task.groups().items()}


def _settings(**changes: Any) -> TrainingSettings:
    asked = {"epochs": 8, "learning_rate": 1e-2, "encoder_rate": 0.1, "patience": 0, "threads": 1}
    return TrainingSettings(**(asked | {"unfreeze": (2, 4, 6)} | changes))


def _trained(classifier: Any, path: Path, hook: Unfreezing, **changes: Any) -> tuple[Toy, Watch, Any, Any]:
    task = Toy(classifier(layers=2))
    report = load_encoder(task.network, path)
    watch = Watch(task)
    return task, watch, fit(task, _settings(**changes), hooks=[hook, watch]), report


def test_each_stage_releases_exactly_its_tensors(written: Written, classifier: Any) -> None:
    hook = Unfreezing([2, 4, 6], max_epochs=8, frozen=("encoder", "attention"))
    _, watch, history, _ = _trained(classifier, written(), hook)
    first_moved = {
        name: next(at for at in range(8) if not torch.equal(watch.seen[at + 1][name], watch.seen[0][name]))
        for name in watch.seen[0]
    }
    assert first_moved == {"head": 0, "encoder.layer_1": 2, "encoder.layer_0": 4, "attention": 6}
    released = [event for event in hook.events if event["event"] == "released"]
    assert [(e["epoch"], e["stage"], len(e["tensors"])) for e in released] == [
        (2, "last encoder layer", 8), (4, "whole encoder", 8), (6, "everything", 2),
    ]  # fmt: skip
    assert any(name.endswith("bias_hh_l1_reverse") for name in released[0]["tensors"])
    trainable = [event["trainable"] for event in hook.events]
    assert trainable == sorted(trainable)
    assert hook.events[0]["event"] == "scheduled"
    assert [record.epoch for record in history.epochs if record.events] == [0, 2, 4, 6]


def test_the_encoder_is_the_checkpoint_bit_for_bit_until_its_stage(written: Written, classifier: Any) -> None:
    path = written()
    _, watch, _, report = _trained(classifier, path, Unfreezing([2, 4, 6], max_epochs=8))
    assert report.difference == 0.0
    for epoch in (0, 1):
        for name in ("encoder.layer_0", "encoder.layer_1"):
            assert torch.equal(watch.seen[epoch + 1][name], watch.seen[0][name])
    assert torch.equal(watch.seen[4]["encoder.layer_0"], watch.seen[0]["encoder.layer_0"])
    assert not torch.equal(watch.seen[5]["encoder.layer_0"], watch.seen[0]["encoder.layer_0"])


def test_the_encoder_learns_at_a_tenth_of_the_head_in_every_epoch(written: Written, classifier: Any) -> None:
    _, _, history, _ = _trained(classifier, written(), Unfreezing([2, 4, 6], max_epochs=8))
    for record in history.epochs:
        head = record.rates["head"]
        for layer, stage in (("encoder.layer_1", 2), ("encoder.layer_0", 4)):
            assert record.rates[layer] == pytest.approx(0.1 * head if record.epoch >= stage else 0.0, rel=1e-12)
        assert head == pytest.approx(5e-3 if record.epoch in (2, 4, 6) else 1e-2)


def test_patience_counts_anew_at_a_stage_and_waits_for_the_last(written: Written, classifier: Any) -> None:
    changes = {"learning_rate": 1e-12, "patience": 1}
    hook = Unfreezing([2, 4, 6], max_epochs=8)
    assert len(_trained(classifier, written(), hook, **changes)[2].epochs) >= 7


def test_five_folds_each_begin_from_the_checkpoint(written: Written, classifier: Any) -> None:
    path, begun = written(), []
    for _ in range(5):
        task, watch, _, report = _trained(classifier, path, Unfreezing([2, 4, 6], max_epochs=8))
        assert (report.match_ratio, report.change > 0) == (1.0, True)
        begun.append(watch.seen[0]["encoder.layer_0"])
        assert not torch.equal(_layers(task)["encoder.layer_0"], begun[-1])
    assert all(torch.equal(one, begun[0]) for one in begun)


@pytest.mark.parametrize(("schedule", "moves_at"), [(-1, 0), (3, 3), (0, None)])
def test_a_single_number_is_from_the_start_never_or_the_whole_encoder_at_once(
    written: Written, classifier: Any, schedule: int, moves_at: int | None
) -> None:
    stages = (3,) if schedule == 3 else ()
    hook = Unfreezing(schedule, max_epochs=5)
    _, watch, _, _ = _trained(classifier, written(), hook, epochs=5, unfreeze=stages)
    for name in ("encoder.layer_0", "encoder.layer_1"):
        moved = [at for at in range(5) if not torch.equal(watch.seen[at + 1][name], watch.seen[0][name])]
        assert (moved[0] if moved else None) == moves_at


def test_frozen_weights_do_not_decay(written: Written, classifier: Any) -> None:
    _, watch, _, _ = _trained(classifier, written(), Unfreezing(0, max_epochs=8), weight_decay=0.5, unfreeze=())
    assert torch.equal(watch.seen[-1]["encoder.layer_0"], watch.seen[0]["encoder.layer_0"])


def test_a_schedule_that_would_never_run_is_an_error() -> None:
    with pytest.raises(UsageError, match="the schedule would never run"):
        Unfreezing(max_epochs=10)
    assert Unfreezing(max_epochs=11).epochs == (10, 20, 30)
    for wrong in ([10, 10], [0, 5], [5, 4], [], [1, 2, 3, 4], -2):
        with pytest.raises(UsageError, match="unfreeze_schedule"):
            Unfreezing(wrong, max_epochs=60)


def test_a_frozen_weight_that_moved_and_a_wrong_rate_are_found(classifier: Any) -> None:
    task, hook = Toy(classifier()), Unfreezing([2], max_epochs=8)
    hook.before_epoch(0, task)
    record = EpochRecord(0, 1.0, {"loss": 1.0}, {"head": 1e-2, "attention": 1e-2, "encoder.layer_0": 1e-3}, 1, 0.0, 0.0)
    with pytest.raises(ModelError, match=r"learned at 0\.001, planned 0"):
        hook.after_epoch(record)
    with torch.no_grad():
        task.network.encoder.lstm.bias_ih_l0[0] += 1e-7
    with pytest.raises(ModelError, match=r"frozen group encoder\.layer_0 was changed"):
        hook.after_epoch(record)


def test_a_named_plan_is_settings_of_a_training(written: Written, classifier: Any) -> None:
    settings = planned(TrainingSettings(epochs=30, patience=0, threads=1), "phases")
    hook = Unfreezing(settings.unfreeze, max_epochs=30, encoder_rate=settings.encoder_rate)
    task = Toy(classifier(layers=2))
    load_encoder(task.network, written())
    rates = [record.rates for record in fit(task, settings, hooks=[hook]).epochs]
    assert [rates[at]["head"] for at in (0, 10, 12, 29)] == pytest.approx([1e-3, 1e-3, 5e-4, 5e-4])
    assert [rates[at]["encoder.layer_0"] for at in (10, 12, 29)] == pytest.approx([0.0, 0.0, 1e-4])
    with pytest.raises(UsageError, match="known: flat, phases"):
        planned(TrainingSettings(), "phase")
    assert PLANS["flat"]["unfreeze"] == (10, 20, 30)
