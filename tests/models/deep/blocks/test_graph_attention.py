import pytest
import torch
from torch.nn import functional

from augury.core.errors import UsageError
from augury.models.deep.blocks.byte_dropout import ByteDropout
from augury.models.deep.blocks.graph_attention import GraphAttention, GraphLayer, neighbours
from augury.models.deep.blocks.layer_lists import layer_lists
from augury.models.deep.network import DayGraph


def _graph(n: int = 6) -> DayGraph:
    source = torch.Generator().manual_seed(0)
    return DayGraph((0, n), (torch.rand(n, n, generator=source) > 0.5,), (torch.randn(n, n, 3, generator=source),))


@pytest.mark.parametrize("concat", [True, False])
def test_a_layer_is_its_formula_name_by_name(concat: bool) -> None:
    torch.manual_seed(0)
    layer, x, graph = GraphLayer(8, 2, concat=concat).eval(), torch.randn(6, 8), _graph()
    values = layer.values(x).view(6, 2, layer.each)
    rows = []
    for i in range(6):
        seen = [j for j in range(6) if graph.adjacency[0][i, j] or i == j]
        heads = []
        for k in range(2):
            scores = torch.stack(
                [
                    layer.left[k] @ values[i, k] + layer.right[k] @ values[j, k] + layer.edge[k] @ graph.edges[0][i, j]
                    for j in seen
                ]
            )
            shares = torch.softmax(functional.leaky_relu(scores, 0.2), 0)
            heads.append(sum(share * values[j, k] for share, j in zip(shares, seen, strict=True)))
        rows.append(torch.cat(heads) if concat else sum(heads) / 2)
    expected = functional.relu(layer.norm(x + torch.stack(rows)))
    torch.testing.assert_close(layer(x, neighbours(graph)), expected)


def test_a_name_joined_to_nobody_is_its_own_neighbour() -> None:
    torch.manual_seed(0)
    block, x, graph = GraphAttention(8).eval(), torch.randn(6, 8), _graph()
    graph.adjacency[0][2] = False
    graph.adjacency[0][:, 2] = False
    torch.testing.assert_close(block(x, graph)[2], block(x[2:3])[0])


def test_edges_are_dropped_in_training_but_never_the_one_to_oneself() -> None:
    torch.manual_seed(0)
    day = neighbours(_graph(), edge_dropout=0.99)[0]
    assert torch.equal(day.closed.view(6, 6).diagonal(), torch.zeros(6))
    assert int((day.closed == 0).sum()) < 12


@pytest.mark.parametrize("layers", range(1, 11))
@pytest.mark.parametrize("width", [6, 32, 64, 100])
def test_layer_lists_are_generated_for_any_depth(layers: int, width: int) -> None:
    lists = layer_lists(layers, width)
    assert len(lists.channels) == len(lists.heads) == len(lists.concat) == layers
    assert all(width % heads == 0 for heads in lists.heads)
    assert lists.concat == (True,) * (layers - 1) + (False,)


@pytest.mark.parametrize("layers", [0, 11])
def test_other_depths_are_refused(layers: int) -> None:
    with pytest.raises(UsageError, match=r"1\.\.10"):
        layer_lists(layers, 32)


def test_byte_dropout_keeps_its_share_and_the_mean_and_may_be_refused() -> None:
    torch.manual_seed(0)
    x = torch.ones(500, 401, requires_grad=True)
    out = ByteDropout(0.25)(x)
    assert float((out == 0).float().mean()) == pytest.approx(0.25, abs=0.005)
    assert float(out.detach().mean()) == pytest.approx(1.0, abs=0.005)
    out.sum().backward()
    assert torch.equal(x.grad, out.detach())
    with pytest.raises(UsageError, match="dropout"):
        ByteDropout(1.0)
