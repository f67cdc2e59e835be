"""What every network of KIND panel must keep, whichever it is: found by the names in the catalogue."""

import hashlib
import json
import math
import subprocess
import sys

import pytest
import torch
from torch import Tensor

from augury.core.errors import SchemaMismatch
from augury.models.deep import NETWORKS
from augury.models.deep.network import DayGraph, Network, PanelOutput
from augury.models.deep.storage import load_network, save_network

NAMES = [name for name, network in NETWORKS if network.KIND == "panel"]
FEATURES, STEPS, ROWS = 4, 10, 12
torch.set_num_threads(1)


def build(name: str, seed: int = 0, **settings: object) -> Network:
    torch.manual_seed(seed)
    network = NETWORKS.load(name)
    return network(**{"n_features": FEATURES, **network.SMALL, **settings})


def inputs(rows: int = ROWS, seed: int = 1, steps: int = STEPS) -> Tensor:
    return torch.randn(rows, steps, FEATURES, generator=torch.Generator().manual_seed(seed))


def joined(*sizes: int, seed: int = 2) -> DayGraph:
    """Days of these sizes, every name joined to itself and about a third of the others."""
    source = torch.Generator().manual_seed(seed)
    offsets = [0]
    adjacency, edges = [], []
    for n in sizes:
        offsets.append(offsets[-1] + n)
        drawn = torch.rand(n, n, generator=source)
        adjacency.append((drawn + drawn.T > 1.3) | torch.eye(n, dtype=torch.bool))
        how = torch.rand(n, n, 3, generator=source)
        edges.append((how + how.transpose(0, 1)) / 2)
    return DayGraph(tuple(offsets), tuple(adjacency), tuple(edges))


def everything(said: PanelOutput) -> Tensor:
    """All answers of a network as one number that depends on each of them."""
    total = sum((part.square().sum() for part in said.heads.values()), said.quantiles.square().sum())
    return total if said.penalty is None else total + said.penalty


def pinball(said: PanelOutput, targets: Tensor) -> Tensor:
    error = targets[:, None, None] - said.quantiles
    levels = torch.tensor(said.levels)
    return torch.maximum(levels * error, (levels - 1) * error).mean()


def rank_ic(scores: Tensor, targets: Tensor) -> float:
    ranks = torch.stack([scores.argsort().argsort(), targets.argsort().argsort()]).double()
    return float(torch.corrcoef(ranks)[0, 1])


def learn(network: Network, days: list[tuple[Tensor, Tensor]], epochs: int, rate: float = 2e-3) -> None:
    optimizer = torch.optim.Adam(network.parameters(), lr=rate)
    for epoch in range(epochs):
        for x, y in days:
            optimizer.zero_grad()
            pinball(network(x, joined(len(x), seed=epoch)), y).backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()


def market(days: int, strength: float, seed: int, names: int = 40) -> list[tuple[Tensor, Tensor]]:
    """Days whose target holds ``strength`` of the first feature's last value, the rest is noise."""
    source = torch.Generator().manual_seed(seed)
    found = []
    for _ in range(days):
        x = torch.randn(names, STEPS, FEATURES, generator=source)
        y = strength * x[:, -1, 0] + math.sqrt(1 - strength**2) * torch.randn(names, generator=source)
        found.append((x, y))
    return found


def measured(network: Network, days: list[tuple[Tensor, Tensor]]) -> tuple[float, float]:
    """Mean daily RankIC and its standard error."""
    network.eval()
    with torch.no_grad():
        each = torch.tensor([rank_ic(network(x, joined(len(x))).scores["horizon_1d"], y) for x, y in days])
    return float(each.mean()), float(each.std() / math.sqrt(len(each)))


def test_the_catalogue_holds_the_networks_of_the_cross_section() -> None:
    assert {"atft_gat_fan", "gats"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_last_step_has_a_gradient_and_inputs_make_a_difference(name: str) -> None:
    network = build(name).eval()
    x = inputs().requires_grad_()
    scores = torch.stack(list(network(x, joined(ROWS)).scores.values()))
    scores.sum().backward()
    assert x.grad is not None
    assert float(x.grad[:, -1].abs().max()) > 1e-6
    assert float(scores.detach().std(1).min()) > 1e-5


@pytest.mark.parametrize("name", NAMES)
def test_every_tensor_receives_gradient(name: str) -> None:
    network = build(name)
    everything(network(inputs(), joined(ROWS))).backward()
    silent = [key for key, p in network.named_parameters() if p.grad is None or not bool(p.grad.abs().max() > 0)]
    assert silent == []


@pytest.mark.parametrize("name", NAMES)
def test_answers_have_their_shape_and_ordered_quantiles(name: str) -> None:
    network = build(name, horizons=[1, 10], levels=[0.1, 0.5, 0.9]).eval()
    said = network(30 * inputs(), joined(ROWS))
    assert said.quantiles.shape == (ROWS, 2, 3)
    assert sorted(said.scores) == ["horizon_10d", "horizon_1d"]
    assert bool((said.quantiles.diff(dim=-1) >= 0).all())


@pytest.mark.parametrize("name", NAMES)
def test_one_series_alone_is_a_panel_of_one_name(name: str) -> None:
    said = build(name).eval()(inputs(1), None)
    assert bool(said.quantiles.isfinite().all())


@pytest.mark.parametrize("name", NAMES)
def test_another_width_is_refused_and_never_rebuilt(name: str) -> None:
    with pytest.raises(SchemaMismatch, match="not rebuilt"):
        build(name)(torch.zeros(3, STEPS, FEATURES + 1), None)


@pytest.mark.parametrize("name", NAMES)
def test_dropout_is_off_in_evaluation(name: str) -> None:
    network = build(name).eval()
    first, second = (network(inputs(), joined(ROWS)).quantiles for _ in range(2))
    assert torch.equal(first, second)


@pytest.mark.parametrize("name", NAMES)
def test_permuting_names_permutes_the_answers(name: str) -> None:
    network, x, graph = build(name).eval(), inputs(), joined(ROWS)
    order = torch.randperm(ROWS, generator=torch.Generator().manual_seed(3))
    turned = DayGraph((0, ROWS), (graph.adjacency[0][order][:, order],), (graph.edges[0][order][:, order],))
    torch.testing.assert_close(network(x[order], turned).quantiles, network(x, graph).quantiles[order])


@pytest.mark.parametrize("name", NAMES)
def test_another_day_in_the_batch_changes_nothing(name: str) -> None:
    network, x, both = build(name).eval(), inputs(), joined(5, ROWS - 5)
    alone = [
        network(x[a:b], DayGraph((0, b - a), (both.adjacency[k],), (both.edges[k],))).quantiles
        for k, (a, b) in enumerate([(0, 5), (5, ROWS)])
    ]
    torch.testing.assert_close(network(x, both).quantiles, torch.cat(alone))


@pytest.mark.parametrize("name", NAMES)
def test_groups_hold_every_parameter_once_and_begin_with_the_head(name: str) -> None:
    network = build(name)
    groups = network.groups()
    listed = [id(p) for members in groups.values() for p in members]
    assert next(iter(groups)) == "head"
    assert sorted(listed) == sorted(id(p) for p in network.parameters())


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_learns_the_same_numbers(name: str) -> None:
    def trained() -> Tensor:
        network = build(name, seed=5)
        learn(network, market(2, 0.5, seed=6, names=ROWS), epochs=2)
        return torch.cat([p.detach().flatten() for p in network.parameters()])

    assert torch.equal(trained(), trained())


@pytest.mark.parametrize("name", NAMES)
def test_32_samples_are_overfitted(name: str) -> None:
    x, y = inputs(32, seed=7), torch.randn(32, generator=torch.Generator().manual_seed(8))
    network = build(name, horizons=[1]).eval()  # gradients without dropout
    optimizer, graph = torch.optim.Adam(network.parameters(), lr=1e-2), joined(32)
    for _ in range(120):
        optimizer.zero_grad()
        pinball(network(x, graph), y).backward()
        optimizer.step()
    assert rank_ic(network(x, graph).scores["horizon_1d"].detach(), y) > 0.95


@pytest.mark.parametrize("name", NAMES)
def test_a_planted_signal_is_found_out_of_sample_and_noise_is_not(name: str) -> None:
    found = {}
    for strength in (0.6, 0.0):
        network = build(name, horizons=[1])
        learn(network, market(25, strength, seed=9), epochs=5)
        found[strength] = measured(network, market(25, strength, seed=10))
    mean, error = found[0.6]
    assert mean - 1.96 * error > 0.2
    mean, error = found[0.0]
    assert abs(mean) < 2.6 * error


def test_networks_are_equal_bit_for_bit_after_save_and_load_in_a_new_process(tmp_path) -> None:
    x = inputs()
    expected = {}
    for name in NAMES:
        network = build(name).eval()
        (tmp_path / name).mkdir()
        save_network(network, name, tmp_path / name)
        expected[name] = _digest(network(x, joined(ROWS)).quantiles)
        assert _digest(load_network(tmp_path / name)[0](x, joined(ROWS)).quantiles) == expected[name]
    graph = joined(ROWS)
    (tmp_path / "inputs.json").write_text(
        json.dumps([x.tolist(), graph.adjacency[0].tolist(), graph.edges[0].tolist(), NAMES])
    )
    code = (
        "import sys, json, hashlib, torch; from pathlib import Path; torch.set_num_threads(1)\n"
        "from augury.models.deep.network import DayGraph; from augury.models.deep.storage import load_network\n"
        "folder = Path(sys.argv[1]); x, joined, how, names = json.loads((folder / 'inputs.json').read_text())\n"
        "graph = DayGraph((0, len(x)), (torch.tensor(joined),), (torch.tensor(how),))\n"
        "said = {n: load_network(folder / n)[0](torch.tensor(x), graph).quantiles for n in names}\n"
        "print(json.dumps({n: hashlib.sha256(q.detach().numpy().tobytes()).hexdigest() for n, q in said.items()}))"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == expected


def _digest(quantiles: Tensor) -> str:
    return hashlib.sha256(quantiles.detach().numpy().tobytes()).hexdigest()
