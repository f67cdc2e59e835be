"""The sequence networks: exact settings after a round trip, heads that are trained, horizons in one call."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from augury.core.errors import UnknownName, UsageError
from augury.learning.losses.panel import PanelLoss
from augury.models.deep.networks.lstm_transformer import PRESETS, LstmTransformer
from augury.models.deep.networks.seq2seq import Seq2Seq
from augury.models.deep.storage import load_network, save_network


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_a_preset_survives_saving_with_settings_of_any_value(preset: str, tmp_path: Path) -> None:
    network = LstmTransformer.of_preset(preset, 5, dropout=0.137, blocks=2, horizons=(2, 9), attention_heads=2).eval()
    save_network(network, "lstm_transformer", tmp_path)
    loaded, name, _ = load_network(tmp_path)
    x = torch.randn(3, 12, 5)
    assert name == "lstm_transformer"
    assert loaded.settings == network.settings
    assert torch.equal(loaded(x).quantiles, network(x).quantiles)
    assert torch.equal(loaded.get_buffer("positions"), network.get_buffer("positions"))


def test_the_presets_have_the_sizes_of_their_names() -> None:
    sizes = {name: (p["hidden"], p["width"], p["blocks"], p["feed_forward"]) for name, p in PRESETS.items()}
    assert sizes == {"paper": (32, 64, 4, 128), "enhanced": (64, 128, 6, 256), "multi-task": (128, 128, 6, 256)}
    with pytest.raises(UnknownName, match="enhanced"):
        LstmTransformer.of_preset("enhancd", 3)


def test_every_head_of_the_multi_task_network_is_trained_and_a_single_task_has_none() -> None:
    settings = {"hidden": 8, "width": 16, "blocks": 1, "feed_forward": 16}
    network = LstmTransformer(3, multitask=True, **settings)
    said = network(torch.randn(12, 20, 3))
    assert said.heads["sign"].shape == (12, 4, 3)
    assert bool((said.heads["volatility"] > 0).all())
    loss = PanelLoss({"mse": 1.0, "pinball": 0.3} | network.head_weights)
    known = torch.ones(12, 4, dtype=torch.bool)
    loss(said.quantiles, said.levels, torch.randn(12, 4), known, (0, 12), said.heads).backward()
    for name, parameter in network.named_parameters():
        assert parameter.grad is not None, name
        assert float(parameter.grad.abs().sum()) > 0, name
    single = LstmTransformer(3, **settings)
    assert (single(torch.randn(2, 5, 3)).heads, single.head_weights) == ({}, {})


def test_widths_the_heads_do_not_divide_and_too_many_steps_are_refused() -> None:
    with pytest.raises(UsageError, match="divided"):
        LstmTransformer(3, width=18)
    with pytest.raises(UsageError, match="positions"):
        LstmTransformer(3, hidden=4, width=8, blocks=1, feed_forward=8)(torch.zeros(1, 513, 3))


def test_the_decoder_answers_every_horizon_from_the_one_before() -> None:
    torch.manual_seed(0)
    network = Seq2Seq(3, hidden=8, horizons=(1, 5, 20)).eval()
    x = torch.randn(6, 20, 3)
    said = network(x)
    assert said.quantiles.shape == (6, 3, 5)
    assert torch.allclose(said.facts["attention"].sum(-1), torch.ones(6, 3))
    first = list(network.heads[0].parameters())
    said.quantiles[:, 2].sum().backward()
    assert sum(float(p.grad.abs().sum()) for p in first if p.grad is not None) > 0
