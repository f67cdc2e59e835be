"""The cross-section network as a whole: it depends on its input in every build, and its switches act."""

import itertools

import pytest
import torch
from torch import Tensor

from augury.core.errors import UsageError
from augury.learning.losses.panel import PanelLoss
from augury.models.deep.network import DayGraph
from augury.models.deep.networks.atft_gat_fan import SWITCHES, AtftGatFan

torch.set_num_threads(1)
FEATURES = 3


def build(**settings: object) -> AtftGatFan:
    torch.manual_seed(0)
    return AtftGatFan(FEATURES, **{"hidden": 8, "horizons": [1, 20], **settings})


def inputs(rows: int = 6, steps: int = 20, seed: int = 1) -> Tensor:
    return torch.randn(rows, steps, FEATURES, generator=torch.Generator().manual_seed(seed))


def ring(n: int) -> DayGraph:
    """Everyone is joined to the next."""
    joined = torch.eye(n, dtype=torch.bool) | torch.eye(n, dtype=torch.bool).roll(1, 1)
    return DayGraph((0, n), (joined | joined.T,), (torch.rand(n, n, 3, generator=torch.Generator().manual_seed(4)),))


@pytest.mark.parametrize(("fan", "san", "steps"), list(itertools.product([False, True], [False, True], [20, 60])))
def test_in_evaluation_the_last_step_moves_the_score_and_inputs_differ_in_all_eight_builds(
    fan: bool, san: bool, steps: int
) -> None:
    network = build(fan=fan, san=san).eval()
    x = inputs(steps=steps).requires_grad_()
    for graph in (None, ring(6)):
        score = network(x, graph).scores["horizon_1d"]
        (gradient,) = torch.autograd.grad(score.sum(), x)
        assert float(gradient[:, -1].abs().max()) > 1e-5
        assert float(score.detach().std()) > 1e-4


@pytest.mark.parametrize("block", SWITCHES)
def test_a_block_that_is_off_stays_bit_equal_while_the_rest_learns(block: str) -> None:
    network = build(experts=True)
    network.toggle(block, False)
    parts = {"fan": ["fan."], "san": ["san."], "graph": ["graph.", "fusion."], "experts": ["head.gate."]}[block]
    before = {name: p.detach().clone() for name, p in network.named_parameters()}
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-2, weight_decay=0.1)
    for seed in range(3):
        said = network(inputs(seed=seed), ring(6))
        (said.quantiles.square().sum() + said.penalty).backward()
        optimizer.step()
        optimizer.zero_grad()
    for name, p in network.named_parameters():
        assert torch.equal(p, before[name]) == any(name.startswith(part) for part in parts), name


@pytest.mark.parametrize("block", SWITCHES)
def test_a_switch_changes_the_answer_and_back_restores_it(block: str) -> None:
    network = build(experts=True).eval()
    first = network(inputs(), ring(6)).quantiles
    network.toggle(block, False)
    assert not torch.equal(network(inputs(), ring(6)).quantiles, first)
    network.toggle(block, True)
    assert torch.equal(network(inputs(), ring(6)).quantiles, first)


def test_kept_weights_know_which_blocks_were_on() -> None:
    network, other = build(), build()
    network.toggle("graph", False)
    other.load_state_dict({name: tensor.clone() for name, tensor in network.state_dict().items()})
    assert not other.on["graph"]
    assert torch.equal(network.eval()(inputs(), ring(6)).quantiles, other.eval()(inputs(), ring(6)).quantiles)


def test_a_block_that_was_not_built_can_not_be_switched_on() -> None:
    with pytest.raises(UsageError, match="built are fan, san"):
        build(graph=False).toggle("graph", True)
    with pytest.raises(UsageError):
        build().toggle("grpah", True)


def test_without_a_graph_every_name_stands_as_one_that_is_joined_to_nobody() -> None:
    network = build().eval()
    alone = DayGraph((0, 6), (torch.zeros(6, 6, dtype=torch.bool),), (torch.full((6, 6, 3), torch.nan),))
    alone.edges[0][range(6), range(6)] = 1.0
    apart = network(inputs(), None).quantiles
    assert float(apart.detach().std(0).min()) > 0
    torch.testing.assert_close(network(inputs(), alone).quantiles, apart)


def test_nothing_is_read_from_an_edge_that_is_not_there() -> None:
    network, graph = build().eval(), ring(6)
    edges = torch.where(graph.adjacency[0].unsqueeze(-1), graph.edges[0], torch.nan)
    said = network(inputs(), DayGraph(graph.offsets, graph.adjacency, (edges,))).quantiles
    assert torch.equal(said, network(inputs(), graph).quantiles)
    said.sum().backward()
    assert all(bool(p.grad.isfinite().all()) for p in network.parameters() if p.grad is not None)


def test_selection_weights_sum_to_one_and_the_planted_feature_gets_the_largest() -> None:
    network = build(horizons=[1], dropout=0.0, graph=False, fan=False, san=False)
    optimizer = torch.optim.Adam(network.parameters(), lr=1e-2)
    for seed in range(100):
        x = inputs(64, 4, seed)
        optimizer.zero_grad()
        (network(x).scores["horizon_1d"] - 2 * x[..., 2].mean(1)).square().mean().backward()
        optimizer.step()
    weights = network.eval()(inputs(48, 5, 99)).facts["selection"]
    torch.testing.assert_close(weights.sum(-1), torch.ones(48, 5))
    assert int(weights.mean((0, 1)).argmax()) == 2


@pytest.mark.parametrize("width", [16, 32])
def test_the_mean_of_both_neighbours_of_a_ring_is_found_by_the_whole_network(width: int) -> None:
    network = build(hidden=width, horizons=[1])
    loss = PanelLoss({"mse": 0.7, "huber": 0.3, "ic": 0.2, "soft_spearman": 0.1, "pinball": 0.3}, (1,))
    optimizer = torch.optim.AdamW(network.parameters(), lr=4e-3, weight_decay=1e-4)
    graph, known = ring(40), torch.ones(40, 1, dtype=torch.bool)
    for seed in range(120):
        x = inputs(40, 6, seed)
        said, y = network(x, graph), both_sides(x)
        optimizer.zero_grad()
        loss(said.quantiles, said.levels, y[:, None], known, (0, 40)).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
    x = inputs(400, 6, 999)
    with torch.no_grad():
        score = network.eval()(x, ring(400)).scores["horizon_1d"]
    assert float(torch.corrcoef(torch.stack([score, both_sides(x)]))[0, 1]) > 0.5


def both_sides(x: Tensor) -> Tensor:
    """The first feature of both neighbours, standardised."""
    y = x[:, -1, 0].roll(1) + x[:, -1, 0].roll(-1)
    return (y - y.mean()) / y.std(correction=0)


def test_attention_shows_whom_a_row_hears_in_evaluation_only() -> None:
    network = build().eval()
    shown = network(inputs(), ring(6)).facts["attention"]
    torch.testing.assert_close(shown.sum(1), torch.ones(6))
    assert torch.equal(shown > 0, ring(6).adjacency[0])
    assert "attention" not in network(inputs(), DayGraph((0, 6), (), ())).facts
    assert "attention" not in network.train()(inputs(), ring(6)).facts


def test_experts_read_the_regime_and_share_equally_when_off() -> None:
    network = build(experts=True, regime_columns=[1, 2]).eval()
    x = inputs()
    shares = network(x).facts["regimes"]
    torch.testing.assert_close(shares.sum(-1), torch.ones(6))
    x[:, -1, 1] += 5
    assert not torch.equal(network(x).facts["regimes"], shares)
    network.toggle("experts", False)
    assert network(x).facts["regimes"].unique().numel() == 1


def test_a_sparse_selection_is_wanted_only_when_asked_for() -> None:
    assert build()(inputs()).penalty is None
    penalty = build(sparsity=0.01)(inputs()).penalty
    assert penalty is not None
    assert 0 < float(penalty.detach()) <= 0.01


def test_bf16_gives_nearly_the_same_answer_and_gradients() -> None:
    network = build().eval()
    exact = network(inputs(), ring(6)).quantiles
    exact.square().sum().backward()
    gradients = {name: p.grad.clone() for name, p in network.named_parameters()}
    network.zero_grad()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        near = network(inputs(), ring(6)).quantiles
    near.square().sum().backward()
    assert near.dtype == torch.float32
    torch.testing.assert_close(near, exact, atol=2e-2, rtol=2e-2)
    outer = network.selection.outer.grad
    cosine = torch.cosine_similarity(outer.flatten(), gradients["selection.outer"].flatten(), dim=0)
    assert float(cosine) > 0.98


@pytest.mark.parametrize("layers", range(1, 11))
def test_every_depth_of_the_graph_builds_and_answers(layers: int) -> None:
    said = build(graph_layers=layers)(inputs(), ring(6))
    assert bool(said.quantiles.isfinite().all())
