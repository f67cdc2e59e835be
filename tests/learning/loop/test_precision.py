"""Reduced precision, and the way back to float32."""

from __future__ import annotations

import pytest
import torch
from line_task import Batch, LineTask
from torch import Tensor, nn

from augury.learning.loop import fit
from augury.learning.loop.averaging import Average
from augury.learning.loop.precision import resolve
from augury.learning.settings import TrainingSettings

SETTINGS = TrainingSettings(epochs=2, learning_rate=0.02, threads=1)


class Wide(LineTask):
    """Products of 1e6 and more: beyond fp16, within float32 and bf16."""

    def loss(self, batch: Batch) -> Tensor:
        x, y = batch
        return ((self.network(1e6 * x) / 1e6 - y) ** 2).mean()


def line() -> nn.Module:
    torch.manual_seed(4)
    return nn.Sequential(nn.Linear(4, 1), nn.Flatten(0))


def test_an_overflow_in_fp16_falls_back_to_float32_finishes_and_says_so() -> None:
    history = fit(Wide(line()), SETTINGS.replace(precision="fp16"))
    assert history.precision == "float32"
    assert [event["event"] for event in history.epochs[0].events] == ["fell_back"]
    assert history.epochs[0].events[0]["from"] == "fp16"
    assert history.epochs[1].events == ()
    plain = fit(Wide(line()), SETTINGS)
    assert [record.loss for record in history.epochs] == [record.loss for record in plain.epochs]


def test_a_loss_that_is_not_finite_once_in_bf16_falls_back_for_good() -> None:
    class Once(LineTask):
        def loss(self, batch: Batch) -> Tensor:
            return super().loss(batch) * (float("inf") if torch.is_autocast_enabled("cpu") else 1.0)

    assert fit(Once(), SETTINGS.replace(precision="bf16")).precision == "float32"


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_reduced_precision_is_used_and_learns_about_the_same(precision: str) -> None:
    used: list[torch.dtype] = []

    class Noted(LineTask):
        def loss(self, batch: Batch) -> Tensor:
            used.append(self.network(batch[0]).dtype)
            return super().loss(batch)

    history = fit(Noted(), SETTINGS.replace(precision=precision))
    assert set(used) == {{"bf16": torch.bfloat16, "fp16": torch.float16}[precision]}
    assert history.precision == precision
    assert history.best.measures["loss"] == pytest.approx(fit(LineTask(), SETTINGS).best.measures["loss"], rel=0.1)


def test_auto_takes_bf16_only_where_the_processor_computes_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    cpu = torch.device("cpu")
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": True, "avx512_bf16": True})
    assert (resolve("auto", cpu), resolve("float32", cpu)) == ("bf16", "float32")
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": True})
    assert resolve("auto", cpu) == "float32"


def test_an_average_follows_the_weights_and_is_what_is_measured_and_kept() -> None:
    live = {"w": torch.ones(1)}
    average = Average({"w": torch.zeros(1)}, 0.5)
    average.follow(live)
    assert average.tensors["w"].item() == pytest.approx(0.9)
    for _ in range(20):
        average.follow(live)
    with average.in_place_of(inner := {"w": torch.full((1,), 7.0)}):
        assert inner["w"].item() == pytest.approx(1.0, abs=1e-6)
    assert inner["w"].item() == 7.0
    task = LineTask()
    history = fit(task, SETTINGS.replace(ema=0.9))
    task.network.eval()
    with torch.no_grad():
        assert task.measures()["loss"] == history.best.measures["loss"]
    assert history.best.measures != fit(LineTask(), SETTINGS).best.measures
