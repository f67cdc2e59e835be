"""What a training does between its first epoch and its last."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest
import torch
from line_task import Batch, LineTask, Script
from torch import Tensor, nn

from augury.core.errors import InsufficientHistory, ModelError, UsageError
from augury.learning.loop import EpochRecord, Pace, fit
from augury.learning.loop.surroundings import cores
from augury.learning.settings import TrainingSettings

SETTINGS = TrainingSettings(epochs=4, learning_rate=0.02, threads=1)
RELEASED = ({"event": "released"},)


class Scored(LineTask):
    """Measures what it is told to, epoch by epoch."""

    def __init__(self, values: list[float]) -> None:
        super().__init__()
        self.values = iter(values)

    def measures(self) -> Mapping[str, float]:
        return {"loss": next(self.values)}


def test_training_depends_on_the_settings_and_not_on_the_state_of_the_caller() -> None:
    one, other = LineTask(), LineTask()
    torch.manual_seed(5)
    fit(one, SETTINGS)
    torch.manual_seed(6)
    before = torch.get_rng_state()
    fit(other, SETTINGS)
    assert torch.equal(torch.get_rng_state(), before)
    for a, b in zip(one.network.parameters(), other.network.parameters(), strict=True):
        assert torch.equal(a, b)


def test_the_network_has_the_weights_of_the_best_epoch_in_the_end() -> None:
    kept: list[Tensor] = []

    class Keep(Script):
        def after_epoch(self, record: EpochRecord) -> str | None:
            kept.append(task.network.state_dict()["head.weight"].clone())
            return None

    task = Scored([3.0, 1.0, 2.0, 4.0])
    assert fit(task, SETTINGS, hooks=[Keep()]).best_epoch == 1
    assert torch.equal(task.network.state_dict()["head.weight"], kept[1])
    assert not torch.equal(kept[1], kept[3])


def test_patience_ends_a_training_and_a_release_counts_anew() -> None:
    values, settings = [1.0, *[2.0] * 20], SETTINGS.replace(epochs=12, patience=3)
    assert len(fit(Scored(values), settings).epochs) == 4
    late = fit(Scored(values), settings, hooks=[Script({3: RELEASED})])
    assert (len(late.epochs), late.stopped) == (6, "patience")
    assert len(fit(Scored(values), settings, hooks=[Script({3: ({"event": "toggled"},)})]).epochs) == 6


def test_nothing_stops_before_the_last_stage_unless_a_setting_says_so() -> None:
    settings = SETTINGS.replace(epochs=12, patience=2, unfreeze=[3, 8])
    values = [1.0, *[2.0] * 20]
    hooks = [Script({3: RELEASED, 8: RELEASED})]
    assert len(fit(Scored(values), settings, hooks=hooks).epochs) == 10
    assert len(fit(Scored(values), settings.replace(stop_before_unfreeze=True), hooks=hooks).epochs) == 3


def test_a_value_that_is_not_a_number_is_never_the_best_and_never_written() -> None:
    task = Scored([math.nan, 2.0, math.inf, 3.0])
    history = fit(task, SETTINGS)
    assert (history.best_epoch, history.epochs[0].measures) == (1, {})
    assert history.epochs[2].events == ({"event": "undefined", "measure": "loss"},)


def test_a_larger_measure_can_be_the_better_one_and_an_unknown_one_is_refused() -> None:
    history = fit(LineTask(), SETTINGS.replace(watch="fit", larger_is_better=True))
    best = max(history.epochs, key=lambda record: record.measures["fit"])
    assert history.best_epoch == best.epoch
    with pytest.raises(UsageError, match=r"nothing measures 'auc' \(measured: fit, loss\)"):
        fit(LineTask(), SETTINGS.replace(watch="auc"))


def test_fewer_than_a_hundred_steps_warn_and_an_epoch_without_batches_is_refused() -> None:
    class Empty(LineTask):
        def batches(self, epoch: int) -> Iterator[Batch]:
            return iter(())

    assert fit(LineTask(), SETTINGS).warnings == ("too_few_steps",)
    assert fit(LineTask(), SETTINGS.replace(epochs=20, patience=0)).warnings == ()
    with pytest.raises(InsufficientHistory, match="no batch"):
        fit(Empty(), SETTINGS)


def test_a_word_of_a_hook_stops_the_training() -> None:
    history = fit(LineTask(), SETTINGS, hooks=[Script(), Script(stop=1)])
    assert (history.stopped, len(history.epochs)) == ("enough", 2)


def test_a_hook_sets_the_pace_and_the_record_says_so() -> None:
    class Slow(Script):
        def pace(self, epoch: int, pace: Pace) -> Pace:
            return replace(pace, rates={name: rate / 2 for name, rate in pace.rates.items()})

    rates = fit(LineTask(), SETTINGS.replace(encoder_rate=0.1), hooks=[Slow(), Slow()]).epochs[0].rates
    assert rates == pytest.approx({"head": 0.005, "encoder": 0.0005})


def test_frozen_parameters_do_not_move_by_a_bit_and_have_no_rate() -> None:
    class Freeze(Script):
        def before_epoch(self, epoch: int, task: object) -> tuple[()]:
            for parameter in line.groups()["encoder"]:
                parameter.requires_grad_(epoch < 2)
            return ()

        def after_epoch(self, record: EpochRecord) -> None:
            kept.append(line.groups()["encoder"][0].detach().clone())

    line, kept = LineTask(), list[Tensor]()
    history = fit(line, SETTINGS.replace(weight_decay=0.5, ema=0.5), hooks=[Freeze()])
    assert [record.rates["encoder"] for record in history.epochs] == [0.02, 0.02, 0.0, 0.0]
    assert not torch.equal(kept[0], kept[1])
    assert torch.equal(kept[1], kept[2])
    assert torch.equal(kept[1], kept[3])


def test_gradients_are_scaled_down_to_the_norm() -> None:
    norms: list[float] = []

    class Noted(LineTask):
        def batches(self, epoch: int) -> Iterator[Batch]:
            for batch in super().batches(epoch):
                yield batch
                norms.append(float(torch.stack([p.grad.norm() for p in self.network.parameters()]).norm()))  # type: ignore[union-attr]

    fit(Noted(), SETTINGS.replace(clip_norm=0.01, epochs=1))
    assert norms == pytest.approx([0.01] * 5, rel=1e-3)
    norms.clear()
    fit(Noted(), SETTINGS.replace(clip_norm=0.0, epochs=1))
    assert min(norms) > 0.1


def test_a_parameter_outside_the_groups_is_refused() -> None:
    class Lost(LineTask):
        def groups(self) -> Mapping[str, list[nn.Parameter]]:
            return {"head": super().groups()["head"]}

    with pytest.raises(UsageError, match=r"encoder\.weight, encoder\.bias in no group"):
        fit(Lost(), SETTINGS)


def test_a_loss_that_is_not_finite_ends_the_training_before_the_weights_are_touched() -> None:
    class Broken(LineTask):
        def loss(self, batch: Batch) -> Tensor:
            return super().loss(batch) * (math.nan if len(self.seen) > 1 else 1.0)

    task = Broken()
    with pytest.raises(ModelError, match="the loss became nan in float32"):
        fit(task, SETTINGS)
    assert all(torch.isfinite(p).all() for p in task.network.parameters())


def test_threads_never_exceed_the_cores_and_are_put_back() -> None:
    used: list[int] = []

    class Counted(LineTask):
        def measures(self) -> Mapping[str, float]:
            used.append(torch.get_num_threads())
            return super().measures()

    before = torch.get_num_threads()
    fit(Counted(), SETTINGS.replace(threads=500, epochs=1))
    assert used == [cores()]
    assert torch.get_num_threads() == before


def test_batches_made_ahead_give_the_same_training_and_errors_come_through() -> None:
    class Failing(LineTask):
        def batches(self, epoch: int) -> Iterator[Batch]:
            yield from super().batches(epoch)
            raise OSError("the disk is gone")

    safe, ahead = LineTask(), LineTask()
    fit(safe, SETTINGS)
    fit(ahead, SETTINGS.replace(workers=2))
    for a, b in zip(safe.network.parameters(), ahead.network.parameters(), strict=True):
        assert torch.equal(a, b)
    with pytest.raises(OSError, match="the disk is gone"):
        fit(Failing(), SETTINGS.replace(workers=2))


def test_a_schedule_that_would_never_release_anything_is_refused() -> None:
    with pytest.raises(UsageError, match="would never begin in epochs=10"):
        TrainingSettings(epochs=10, unfreeze=(10, 20))
    assert TrainingSettings(epochs=11, unfreeze=(10, 20)).last_stage == 20
