import pytest
import torch

from augury.core.errors import UsageError
from augury.models.deep.blocks.quantile_head import QuantileHead, ordered
from augury.models.deep.network import LEVELS


def test_quantiles_never_cross_in_100_000_random_inputs() -> None:
    torch.manual_seed(0)
    raw = torch.randn(100_000, 5) * torch.logspace(-3, 4, 100_000)[:, None]
    assert int((ordered(raw, 2).diff(dim=-1) < 0).sum()) == 0
    head = QuantileHead(16, (1, 20)).eval()
    for parameter in head.parameters():
        torch.nn.init.normal_(parameter, std=3)
    assert int((head(torch.randn(100_000, 16) * 10).diff(dim=-1) < 0).sum()) == 0


@pytest.mark.parametrize("level", range(5))
def test_the_pinball_loss_of_each_quantile_alone_moves_it_to_its_place(level: int) -> None:
    torch.manual_seed(0)
    head, x = QuantileHead(8, (1,), dropout=0.0), torch.randn(400, 8)
    y = 3 * torch.randn(400)
    optimizer = torch.optim.Adam(head.parameters(), lr=0.05)
    for _ in range(150):
        error = y - head(torch.zeros_like(x))[:, 0, level]
        optimizer.zero_grad()
        torch.maximum(LEVELS[level] * error, (LEVELS[level] - 1) * error).mean().backward()
        optimizer.step()
    assert float((y <= head(torch.zeros_like(x))[:, 0, level]).float().mean()) == pytest.approx(LEVELS[level], abs=0.03)


def test_an_untrained_head_says_the_quantiles_of_a_standard_normal() -> None:
    head = QuantileHead(64, (1, 20)).eval()
    expected = torch.tensor([-1.645, -0.674, 0.0, 0.674, 1.645])
    assert float((head(torch.randn(50, 64)) - expected).detach().abs().max()) < 0.5


@pytest.mark.parametrize("levels", [(0.1, 0.9), (0.5, 0.1, 0.9), (0.2, 0.4, 0.9), (0.0, 0.5, 1.0)])
def test_levels_without_a_median_in_the_middle_are_refused(levels: tuple[float, ...]) -> None:
    with pytest.raises(UsageError, match="levels"):
        QuantileHead(8, (1,), levels)


def test_horizons_must_ascend() -> None:
    with pytest.raises(UsageError, match="horizons"):
        QuantileHead(8, (5, 1))
