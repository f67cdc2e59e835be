"""What every optimiser and every schedule must do, generated from their folders."""

from __future__ import annotations

import inspect
import json
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from augury.learning.keywords import keywords_of
from augury.learning.loop.training import optimizer_tensors, restore_optimizer
from augury.learning.optim import OPTIMIZERS, build_optimizer
from augury.learning.schedules import SCHEDULES, Schedule, build_schedule
from augury.learning.settings import TrainingSettings

NEEDED: dict[str, dict[str, Any]] = {"steps": {"factors": {"3": 0.5}}}
"""Settings of entries that have no default."""
VALUES = [1.0, 0.9, 0.95, 0.95, 0.95, 0.95, 0.95, 0.95, 0.95, 0.95, 0.95, 0.5, 0.6]
each_optimizer = pytest.mark.parametrize("name", OPTIMIZERS.names())
each_schedule = pytest.mark.parametrize("name", SCHEDULES.names())


def parameters() -> dict[str, list[nn.Parameter]]:
    torch.manual_seed(1)
    return {
        "head": [nn.Parameter(torch.randn(3, 2)), nn.Parameter(torch.randn(2))],
        "encoder": [nn.Parameter(torch.randn(4))],
    }


def walk(groups: dict[str, list[nn.Parameter]], optimizer: torch.optim.Optimizer, steps: range) -> list[Tensor]:
    """Take steps along the gradient of a bowl that is not round."""
    flat = [parameter for group in groups.values() for parameter in group]
    for step in steps:
        optimizer.zero_grad(set_to_none=True)
        losses = [((parameter - 0.1 * step) ** 2).sum() * (at + 1) for at, parameter in enumerate(flat)]
        torch.stack(losses).sum().backward()  # type: ignore[no-untyped-call]
        optimizer.step()
    return [parameter.detach().clone() for parameter in flat]


def built(name: str, groups: dict[str, list[nn.Parameter]]) -> torch.optim.Optimizer:
    return build_optimizer(groups, TrainingSettings(optimizer=name, learning_rate=0.05, weight_decay=0.1))


def same(one: list[Tensor], other: list[Tensor]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


@each_optimizer
def test_an_optimizer_is_deterministic_and_goes_downhill(name: str) -> None:
    begin, one, other = parameters(), parameters(), parameters()
    walked = walk(one, built(name, one), range(30))
    assert same(walked, walk(other, built(name, other), range(30)))
    starts = [parameter.detach() for group in begin.values() for parameter in group]
    assert all(float((b - 2.0).norm()) < float((a - 2.0).norm()) for a, b in zip(starts, walked, strict=True))


@each_optimizer
def test_the_state_of_an_optimizer_survives_json_and_tensors(name: str) -> None:
    whole, cut = parameters(), parameters()
    optimizer = built(name, whole)
    walk(whole, optimizer, range(5))
    first = built(name, cut)
    walk(cut, first, range(5))
    tensors, numbers = optimizer_tensors(first)
    again = built(name, cut)
    restore_optimizer(again, {key: tensor.clone() for key, tensor in tensors.items()} | json.loads(json.dumps(numbers)))
    assert same(walk(cut, again, range(5, 10)), walk(whole, optimizer, range(5, 10)))


@each_optimizer
def test_an_optimizer_leaves_frozen_parameters_alone_decay_included(name: str) -> None:
    groups = parameters()
    optimizer, frozen = built(name, groups), groups["encoder"][0]
    walk(groups, optimizer, range(3))
    before, frozen.requires_grad = frozen.detach().clone(), False
    walk(groups, optimizer, range(3, 6))
    assert torch.equal(frozen, before)
    frozen.requires_grad = True
    walk(groups, optimizer, range(6, 8))
    assert not torch.equal(frozen, before)


@each_optimizer
def test_an_optimizer_keeps_the_named_groups_with_rates_of_their_own(name: str) -> None:
    groups = parameters()
    optimizer = built(name, groups)
    assert [group["name"] for group in optimizer.param_groups] == ["head", "encoder"]
    optimizer.param_groups[1]["lr"] = 0.0
    before = groups["encoder"][0].detach().clone()
    walk(groups, optimizer, range(3))
    assert torch.equal(groups["encoder"][0], before)


def schedule_of(name: str) -> Schedule:
    settings = TrainingSettings(schedule=name, learning_rate=1e-3, epochs=len(VALUES))
    return build_schedule(settings.replace(schedule_settings=NEEDED.get(name, {})))


def rates(schedule: Schedule, first: int, end: int) -> list[float]:
    seen = []
    for epoch in range(first, end):
        seen.append(schedule.rate(epoch))
        schedule.seen(VALUES[epoch])
    return seen


@each_schedule
def test_a_schedule_begins_at_the_rate_stays_within_it_and_is_deterministic(name: str) -> None:
    seen = rates(schedule_of(name), 0, len(VALUES))
    assert seen == rates(schedule_of(name), 0, len(VALUES))
    assert seen[0] == 1e-3
    assert all(0 <= rate <= 1e-3 for rate in seen)
    assert len(set(seen)) > 1 or name == "constant"


@each_schedule
@pytest.mark.parametrize("cut", [1, 7, 12])
def test_the_state_of_a_schedule_survives_json_at_any_epoch(name: str, cut: int) -> None:
    whole, first, again = schedule_of(name), schedule_of(name), schedule_of(name)
    rates(first, 0, cut)
    again.restore(json.loads(json.dumps(first.state())))
    assert rates(again, cut, len(VALUES)) == rates(whole, 0, len(VALUES))[cut:]


@pytest.mark.parametrize(
    ("make", "name"),
    [(make, name) for catalog in (OPTIMIZERS, SCHEDULES) for name, make in catalog],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_settings_of_an_entry_are_its_keyword_arguments(make: Any, name: str) -> None:
    positional = {"groups", "lr", "weight_decay", "base", "epochs"}
    assert set(inspect.signature(make).parameters) - positional == set(keywords_of(make))
