"""What every loss must do, generated from the folder. A new file is tested here without a line being added."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from augury.core import metrics
from augury.core.errors import UnknownName, UsageError
from augury.learning.losses import LOSSES, UNITS, DayLoss, Loss, build, get_custom_objects, register_custom_objects
from augury.losses import FocalLoss, PanelLoss

CaseOf = Callable[..., Any]
each = pytest.mark.parametrize("name", LOSSES.names())


@each
def test_a_loss_has_a_finite_gradient_that_is_not_zero(name: str, case_of: CaseOf) -> None:
    case = case_of(name)
    case.measured().backward()
    assert torch.isfinite(case.output.grad).all()
    assert case.output.grad.norm() > 1e-4


@each
def test_a_loss_is_the_same_number_twice(name: str, case_of: CaseOf) -> None:
    first, second = (case_of(name).measured() for _ in range(2))
    assert torch.equal(first, second)


@each
def test_a_loss_declares_the_unit_of_its_target_and_what_it_reads(name: str, case_of: CaseOf) -> None:
    loss = case_of(name).loss
    assert loss.target_unit in UNITS
    assert loss.READS
    loss.check_head("scaled return" if loss.target_unit == "any return" else loss.target_unit, loss.READS)
    other = "class" if loss.target_unit != "class" else "return"
    with pytest.raises(UsageError, match=f"loss '{name}' expects targets in '{loss.target_unit}'"):
        loss.check_head(other)
    with pytest.raises(UsageError, match="the head gives nothing of the kind"):
        loss.check_head(loss.target_unit, "nothing of the kind")


@each
def test_a_config_survives_json_exactly(name: str, case_of: CaseOf) -> None:
    loss = case_of(name).loss
    again = type(loss).from_config(json.loads(json.dumps(loss.config())))
    assert again.config() == loss.config()
    assert json.dumps(again.config()) == json.dumps(loss.config())
    assert loss.config()["loss"] == name
    assert torch.equal(case_of(name, again).measured(), case_of(name).measured())


def test_every_loss_is_built_from_its_config_in_a_fresh_process(tmp_path: Path, case_of: CaseOf) -> None:
    here = {name: case_of(name).measured().item() for name in LOSSES.names()}
    configs = {name: case_of(name).loss.config() for name in LOSSES.names()}
    (tmp_path / "configs.json").write_text(json.dumps(configs, sort_keys=True))
    code = (
        "import importlib.util, json, pathlib, sys, torch; torch.set_num_threads(1)\n"
        f"spec = importlib.util.spec_from_file_location('cases', {str(Path(__file__).with_name('conftest.py'))!r})\n"
        "cases = importlib.util.module_from_spec(spec); sys.modules['cases'] = cases; spec.loader.exec_module(cases)\n"
        "from augury.learning.losses import build\n"
        f"configs = json.loads(pathlib.Path({str(tmp_path / 'configs.json')!r}).read_text())\n"
        "print(json.dumps({n: cases.case_of(n, build(c)).measured().item() for n, c in configs.items()}))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == here


@pytest.mark.parametrize("name", [name for name, loss in LOSSES if issubclass(loss, DayLoss)])
def test_what_is_masked_reaches_neither_value_nor_gradient(name: str, case_of: CaseOf) -> None:
    case, changed = case_of(name), case_of(name)
    n = len(case.output)
    mask = torch.ones(n, dtype=torch.bool)
    mask[[0, 7, 20, 44]] = False
    if case.arguments[0] is not None:
        changed.arguments = [torch.where(mask, case.arguments[0], torch.nan)]
    wild = changed.output.detach().clone()
    wild[~mask] = torch.nan
    changed.output = wild.requires_grad_()
    case.options["mask"] = changed.options["mask"] = mask
    for one in (case, changed):
        one.measured().backward()
    assert torch.equal(case.measured(), changed.measured())
    assert torch.equal(case.output.grad, changed.output.grad)
    assert not case.output.grad[~mask].any()


@pytest.mark.parametrize("name", [name for name, loss in LOSSES if issubclass(loss, DayLoss)])
@pytest.mark.parametrize("kind", ["constant", "nothing known", "one name"])
def test_degenerate_batches_have_finite_gradients(name: str, kind: str, case_of: CaseOf) -> None:
    case = case_of(name)
    n = len(case.output)
    if kind == "constant":
        case.output = torch.full_like(case.output, 0.3).requires_grad_()
    else:
        mask = torch.zeros(n, dtype=torch.bool)
        mask[:1] = kind == "one name"
        case.options["mask"] = mask
    value = case.measured()
    value.backward()
    assert torch.isfinite(value)
    assert torch.isfinite(case.output.grad).all()


@pytest.mark.parametrize("name", [name for name, loss in LOSSES if issubclass(loss, DayLoss)])
def test_rows_of_days_may_come_in_any_order(name: str, case_of: CaseOf) -> None:
    case, mixed = case_of(name), case_of(name)
    order = torch.randperm(len(case.output), generator=torch.Generator().manual_seed(1))
    mixed.output = case.output.detach()[order].requires_grad_()
    mixed.arguments = [None if a is None else a[order] for a in case.arguments]
    mixed.options = {key: value[order] for key, value in case.options.items()}
    assert float(mixed.measured().detach()) == pytest.approx(float(case.measured().detach()), abs=2e-5)


@each
def test_half_precision_is_measured_in_full(name: str, case_of: CaseOf) -> None:
    case = case_of(name)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = case.measured()
    assert torch.equal(inside, case_of(name).measured())
    assert case.measured(case.output.detach().bfloat16()).dtype == torch.float32


def test_a_setting_that_json_cannot_hold_is_refused() -> None:
    with pytest.raises(UsageError, match="finite"):
        build({"loss": "soft_spearman", "settings": {"temperature": float("inf")}})
    with pytest.raises(UsageError, match="unexpected keyword argument 'temprature'"):
        build({"loss": "soft_spearman", "settings": {"temprature": 1.0}})
    with pytest.raises(UnknownName, match="did you mean 'soft_spearman'"):
        build("soft_spearmen")
    with pytest.raises(UsageError, match="FocalLoss was asked for, the config is of Mse"):
        FocalLoss.from_config("mse")
    with pytest.raises(UsageError, match="loss and settings"):
        build({"name": "mse"})


def test_custom_objects_hold_every_loss_and_metric_and_take_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("augury.learning.losses._registry._registered", {})
    known = get_custom_objects()
    assert known["FocalLoss"] is FocalLoss is known["focal"]
    assert known["r2"] is metrics.r2
    assert known["directional_accuracy"] is metrics.direction

    class Mine(Loss):
        def __init__(self, weight: float = 2.0) -> None:
            super().__init__(weight=weight)

    register_custom_objects({"Mine": Mine})
    again = build(json.loads(json.dumps(Mine(weight=0.1).config())))
    assert isinstance(again, Mine)
    assert again.settings == {"weight": 0.1}
    with pytest.raises(UsageError, match="choose another name"):
        register_custom_objects({"FocalLoss": Mine})


def test_the_public_names_are_those_of_the_house() -> None:
    import augury
    import augury.losses

    for name in ("FocalLoss", "FocalLossWithAlpha", "RankPreservingLoss", "MultiHorizonRankPreservingLoss"):
        assert getattr(augury, name) is getattr(augury.losses, name)
    assert augury.get_custom_objects is get_custom_objects
    assert sorted(augury.losses.__all__, key=str) == sorted(set(augury.losses.__all__))


def test_the_units_of_terms_must_agree() -> None:
    raw = {"unit": "return"}
    assert PanelLoss({"huber": 1.0, "ic": 1.0}, settings={"huber": raw}).target_unit == "return"
    with pytest.raises(UsageError, match="one target cannot have the units return, scaled return"):
        PanelLoss({"huber": 1.0, "listnet": 1.0}, settings={"huber": raw})
    with pytest.raises(UsageError, match="the head's are 'return'"):
        PanelLoss().check_head("return")
