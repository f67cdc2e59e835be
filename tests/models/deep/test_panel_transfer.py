"""A ranker that begins from an encoder of days: it fits or is refused, and it never saw the days that judge."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))

from augury.core.errors import LeakError, TransferMismatch, UsageError
from augury.learning.samplers import PanelSamples
from augury.models.deep.panels.forecaster import PanelForecaster
from augury.models.deep.panels.transfer import PanelTransfer
from augury.models.deep.pretraining import PretrainPlan, pretrain_panel
from planted import QUICK, planted

FIT, SELECT = np.arange(62, 80), np.arange(82, 99)


def until(samples: PanelSamples, day: int) -> PanelSamples:
    """The first days, nothing known of later ones."""
    rows, known = slice(0, int(samples.day_starts[day])), samples.known_before(samples.days[day])
    early = replace(known, codes=samples.codes[rows], days=samples.days[:day], day_starts=samples.day_starts[: day + 1])
    return replace(early, targets=known.targets[rows], label_end=known.label_end[rows])


@pytest.fixture(scope="module")
def panel() -> PanelSamples:
    made = planted(0.3, n_symbols=24, n_bars=100)
    return replace(made, inputs=("past_ret_1", *made.inputs[1:]))


@pytest.fixture(scope="module")
def encoder(panel: PanelSamples, tmp_path_factory: pytest.TempPathFactory) -> Path:
    plan = PretrainPlan(hidden=8, layers=1, bidirectional=False, epochs=1, threads=1)
    return pretrain_panel(until(panel, 60), tmp_path_factory.mktemp("encoder"), plan=plan, device="cpu").path


def ranker(path: Path, epochs: int = 2, hidden: int = 8, **changes: object) -> PanelForecaster:
    return PanelForecaster(
        "lstm", (1,), 3, {"hidden": hidden}, training=QUICK.replace(epochs=epochs), device="cpu",
        pretrained=PanelTransfer(path, **changes),  # type: ignore[arg-type]
    )  # fmt: skip


def weights(made: PanelForecaster) -> dict[str, torch.Tensor]:
    return {name: tensor for name, tensor in made.module.state_dict().items() if name.startswith("encoder")}


def test_the_file_says_until_which_day_it_saw(panel: PanelSamples, encoder: Path) -> None:
    said = json.loads((encoder.parent / "encoder.json").read_text())
    assert said["data_until"] == f"{panel.days[59]:%Y-%m-%d}"


def test_an_encoder_kept_frozen_is_the_files_bit_for_bit_and_a_free_one_moves(
    panel: PanelSamples, encoder: Path, tmp_path: Path
) -> None:
    still = ranker(encoder, unfreeze=0).fit(panel, FIT, SELECT)
    free = ranker(encoder, unfreeze=-1).fit(panel, FIT, SELECT)
    from safetensors.torch import load_file

    given = load_file(encoder)
    assert all(torch.equal(given[name.removeprefix("encoder.")], tensor) for name, tensor in weights(still).items())
    assert not any(torch.equal(given[name.removeprefix("encoder.")], tensor) for name, tensor in weights(free).items())
    assert still.facts()["transfer"]["match_ratio"] == 1.0
    assert free.training.encoder_rate == 0.1
    still.save(tmp_path)
    again = PanelForecaster.load(tmp_path, device="cpu")
    assert again.pretrained == still.pretrained
    assert again.predict(panel, SELECT).equals(still.predict(panel, SELECT))


def test_the_schedule_releases_the_encoder_and_is_checked_each_epoch(panel: PanelSamples, encoder: Path) -> None:
    made = ranker(encoder, epochs=4, unfreeze=(2, 3)).fit(panel, FIT, SELECT)
    rates = [record.rates["encoder.layer_0"] for record in made.history.epochs]
    head = [record.rates["head"] for record in made.history.epochs]
    assert rates[:2] == [0.0, 0.0]
    assert rates[3] == pytest.approx(0.1 * head[3])
    assert head[2] == pytest.approx(0.5 * head[1])  # a stage warms up


def test_days_that_choose_or_judge_are_refused_to_pre_training(
    panel: PanelSamples, tmp_path: Path, encoder: Path
) -> None:
    plan = PretrainPlan(hidden=8, layers=1, bidirectional=False, epochs=1, threads=1)
    late = pretrain_panel(until(panel, 84), tmp_path, plan=plan, device="cpu").path
    with pytest.raises(LeakError, match="the select slice begins"):
        ranker(late, unfreeze=0).fit(panel, FIT, SELECT)
    described = json.loads((tmp_path / "encoder.json").read_text())
    del described["data_until"]
    (tmp_path / "encoder.json").write_text(json.dumps(described))
    with pytest.raises(UsageError, match="does not say up to which day"):
        ranker(late, unfreeze=0).fit(panel, FIT, SELECT)


def test_an_encoder_of_another_width_or_other_columns_is_refused(panel: PanelSamples, encoder: Path) -> None:
    with pytest.raises(TransferMismatch, match="model needs"):
        ranker(encoder, hidden=12, unfreeze=0).fit(panel, FIT, SELECT)
    with pytest.raises(TransferMismatch, match="feature set"):
        ranker(encoder, unfreeze=0).fit(replace(panel, manifest_hash="0" * 64), FIT, SELECT)
