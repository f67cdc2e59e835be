import pytest
import torch

from augury.models.deep.blocks import variable_selection
from augury.models.deep.blocks.variable_selection import VariableSelection


def _reference(block: VariableSelection, x: torch.Tensor) -> torch.Tensor:
    """One small network a feature, the way the definition reads."""
    weights = torch.softmax(block.weigh(x), -1)
    maps = [
        torch.relu(x[..., f : f + 1] * block.inner[f] + block.inner_bias[f]) @ block.outer[f] + block.outer_bias[f]
        for f in range(x.shape[-1])
    ]
    return block.norm(sum(weights[..., f : f + 1] * each for f, each in enumerate(maps)))


@pytest.mark.parametrize("chunk", [1, 100, 1 << 18])
def test_the_product_is_the_weighted_sum_of_the_maps_and_so_are_its_gradients(chunk: int, monkeypatch) -> None:
    monkeypatch.setattr(variable_selection, "CHUNK_NUMBERS", chunk)
    torch.manual_seed(0)
    block = VariableSelection(5, 6).eval()
    x = torch.randn(4, 3, 5, requires_grad=True)
    wanted = [x, *block.parameters()]
    out, expected = block(x)[0], _reference(block, x)
    torch.testing.assert_close(out, expected)
    pull = torch.randn_like(out)
    for ours, theirs in zip(
        torch.autograd.grad(out, wanted, pull), torch.autograd.grad(expected, wanted, pull), strict=True
    ):
        torch.testing.assert_close(ours, theirs, atol=1e-5, rtol=1e-4)
