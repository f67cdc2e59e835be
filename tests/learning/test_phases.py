"""Phases and a curriculum act, or are refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest
import torch
from torch import Tensor, nn

from augury.core.errors import UsageError
from augury.learning.loop import EpochRecord, History, fit
from augury.learning.phases import PHASES, Curriculum, Lesson, Phase, Phases
from augury.learning.settings import TrainingSettings

SETTINGS = TrainingSettings(epochs=6, learning_rate=0.05, weight_decay=0.1, ema=0.5, patience=0, threads=1)
PLAN = (Phase("baseline", 2, off=("graph", "fan")), Phase("fan", 1, off=("graph",)), Phase("fine", 9, clip_norm=0.01))


class Blocks(nn.Module):
    """A base and two blocks that can be left out."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(1)
        self.base, self.graph, self.fan = nn.Linear(3, 3), nn.Linear(3, 3), nn.Linear(3, 3)
        self.on = {"graph": True, "fan": True}

    def toggle(self, block: str, on: bool) -> None:
        if block not in self.on:
            raise UsageError(f"no block '{block}'")
        self.on[block] = on

    def forward(self, x: Tensor) -> Tensor:
        x = self.base(x)
        x = x + self.fan(x) if self.on["fan"] else x
        return x + self.graph(x) if self.on["graph"] else x

    def get_extra_state(self) -> Tensor:
        return torch.tensor([self.on["graph"], self.on["fan"]])

    def set_extra_state(self, state: Tensor) -> None:
        self.on = dict(zip(("graph", "fan"), state.tolist(), strict=True))


class Rows:
    """Learn the negative of the input."""

    def __init__(self, network: nn.Module, values: list[float] | None = None) -> None:
        self._network, self.values = network, values
        self.x = torch.randn(12, 3, generator=torch.Generator().manual_seed(2))
        self.steps: list[tuple[int | None, tuple[int, ...] | None]] = []

    @property
    def network(self) -> nn.Module:
        return self._network

    def groups(self) -> Mapping[str, list[nn.Parameter]]:
        return {"head": list(self._network.parameters())}

    def batches(self, epoch: int) -> Iterator[Tensor]:
        yield from self.x.split(4)

    def loss(self, batch: Tensor) -> Tensor:
        return ((self._network(batch) + batch) ** 2).mean()

    def measures(self) -> Mapping[str, float]:
        return {"loss": float(self.loss(self.x)) if self.values is None else self.values.pop(0)}


class Narrow(Rows):
    def narrow(self, steps: int | None, horizons: tuple[int, ...] | None) -> None:
        self.steps.append((steps, horizons))


class Watch:
    """Keep the weights of each block after each epoch."""

    def __init__(self, network: nn.Module) -> None:
        self.network, self.seen = network, list[dict[str, Tensor]]()

    def before_epoch(self, epoch: int, task: object) -> tuple[()]:
        return ()

    def after_epoch(self, record: EpochRecord) -> None:
        self.seen.append({name: p.detach().clone() for name, p in self.network.named_parameters()})


def trained(
    phases: tuple[Phase, ...], settings: TrainingSettings = SETTINGS
) -> tuple[History, list[dict[str, Tensor]]]:
    network = Blocks()
    watch, begun = Watch(network), {name: p.detach().clone() for name, p in network.named_parameters()}
    history = fit(Rows(network), settings, hooks=[Phases(phases), watch])
    return history, [begun, *watch.seen]


def test_a_block_that_is_off_stays_bit_equal_and_moves_when_it_is_on() -> None:
    _, seen = trained(PLAN)
    for block, off_until in (("graph", 3), ("fan", 2), ("base", 0)):
        for epoch in range(6):
            moved = not torch.equal(seen[epoch][f"{block}.weight"], seen[epoch + 1][f"{block}.weight"])
            assert moved == (epoch >= off_until), (block, epoch)


def test_phases_are_events_and_set_rate_and_clip() -> None:
    slow = (PLAN[0], Phase("fan", 2, off=("graph",), learning_rate=0.001), PLAN[2])
    history, seen = trained(slow)
    assert [record.rates["head"] for record in history.epochs] == [0.05, 0.05, 0.001, 0.001, 0.05, 0.05]
    assert history.epochs[0].events[0] == {"event": "phase", "phase": "baseline", "off": ["graph", "fan"]}
    assert history.epochs[2].events[1] == {"event": "toggled", "block": "fan", "on": True}
    assert history.epochs[1].events == ()
    assert not torch.equal(seen[4]["base.weight"], seen[5]["base.weight"])


def test_the_rate_of_a_phase_keeps_the_ratio_between_groups() -> None:
    class Grouped(Rows):
        def groups(self) -> Mapping[str, list[nn.Parameter]]:
            network = self.network
            assert isinstance(network, Blocks)
            rest = [*network.graph.parameters(), *network.fan.parameters()]
            return {"head": rest, "encoder.layer_0": list(network.base.parameters())}

    phase = Phase("graph", 8, learning_rate=1e-4)
    history = fit(Grouped(Blocks()), SETTINGS.replace(encoder_rate=0.1), hooks=[Phases([phase])])
    assert history.epochs[0].rates == pytest.approx({"head": 1e-4, "encoder.layer_0": 1e-5})


def test_epochs_of_the_settings_bind_whatever_the_phases_say() -> None:
    history, _ = trained(PHASES[1:], SETTINGS.replace(epochs=2))
    assert len(history.epochs) == 2
    assert sum(phase.epochs for phase in PHASES[1:]) > 2


def test_the_kept_weights_bring_the_network_back_as_it_was_measured() -> None:
    network = Blocks()
    history = fit(Rows(network, [3.0, 1.0, 2.0, 2.0, 2.0, 2.0]), SETTINGS, hooks=[Phases(PLAN)])
    assert history.best_epoch == 1
    assert network.on == {"graph": False, "fan": False}


def test_a_block_or_a_network_that_cannot_be_switched_is_refused_at_the_first_epoch() -> None:
    with pytest.raises(UsageError, match="no block 'grph'"):
        trained((PLAN[0], Phase("late", 1, off=("grph",))))
    with pytest.raises(UsageError, match="Linear has no blocks that can be switched"):
        fit(Rows(nn.Linear(3, 3)), SETTINGS, hooks=[Phases(PLAN)])
    with pytest.raises(UsageError, match="lasts 0 epochs"):
        Phase("never", 0)
    with pytest.raises(UsageError, match="at least one phase"):
        Phases(())


def test_a_curriculum_widens_the_samples_at_its_epochs() -> None:
    task = Narrow(Blocks())
    lessons = [Lesson(0, 20, (1,)), Lesson(2, 40, (1, 5)), Lesson(4)]
    history = fit(task, SETTINGS, hooks=[Curriculum(lessons)])
    assert task.steps == [(20, (1,)), (40, (1, 5)), (None, None)]
    assert history.epochs[2].events == ({"event": "lesson", "steps": 40, "horizons": [1, 5]},)


def test_a_curriculum_nobody_follows_is_refused() -> None:
    with pytest.raises(UsageError, match="cannot be narrowed"):
        fit(Rows(Blocks()), SETTINGS, hooks=[Curriculum([Lesson(0, 20)])])
    with pytest.raises(UsageError, match="the first is 0"):
        Curriculum([Lesson(1, 20)])
