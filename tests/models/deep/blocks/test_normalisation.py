"""FAN, SAN and frequency dropout: blind to later steps, never blind to the last one."""

import pytest
import torch
from torch import nn

from augury.models.deep.blocks.fan import CausalFan
from augury.models.deep.blocks.freq_dropout import FreqDropout
from augury.models.deep.blocks.san import SliceNorm, slice_bounds


@pytest.mark.parametrize("block", [CausalFan(4), SliceNorm(4, step_causal=True)])
@pytest.mark.parametrize("steps", [20, 60])
def test_changing_later_steps_changes_no_earlier_answer(block: nn.Module, steps: int) -> None:
    x = torch.randn(3, steps, 4, generator=torch.Generator().manual_seed(0))
    before = block(x)
    for cut in (1, 7, steps - 1):
        other = x.clone()
        other[:, cut:] *= 100
        assert torch.equal(block(other)[:, :cut], before[:, :cut])


def test_fan_is_its_formula() -> None:
    torch.manual_seed(0)
    block, x = CausalFan(2, (3, 4)), torch.randn(2, 9, 2)
    nn.init.normal_(block.mix)
    nn.init.normal_(block.gain)
    shares = torch.softmax(block.mix, 0)
    expected = x.clone()
    for t in range(9):
        for share, window in zip(shares, (3, 4), strict=True):
            past = x[:, max(0, t - window + 1) : t + 1]
            z = (x[:, t] - past.mean(1)) / (past.var(1, correction=0) + 1e-5).sqrt()
            expected[:, t] = expected[:, t] + block.gain * share * z
    torch.testing.assert_close(block(x), expected, atol=1e-3, rtol=1e-3)


def test_a_window_longer_than_the_input_is_left_out() -> None:
    x = torch.randn(2, 12, 3, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(CausalFan(3, (5, 10, 20))(x), CausalFan(3, (5, 10))(x))


@pytest.mark.parametrize("steps", [4, 20, 21, 22, 40, 60])
def test_slices_end_at_the_last_step_and_reach_the_first(steps: int) -> None:
    bounds = slice_bounds(steps, 3)
    assert bounds[0][1] == steps
    assert bounds[-1][0] == 0
    assert {t for begin, end in bounds for t in range(begin, end)} == set(range(steps))


def test_san_is_its_formula() -> None:
    x = torch.randn(2, 20, 3, generator=torch.Generator().manual_seed(2))
    block = SliceNorm(3)
    added, count = torch.zeros_like(x), torch.zeros(20, 1)
    for begin, end in [(10, 20), (5, 15), (0, 10)]:
        piece = x[:, begin:end]
        added[:, begin:end] += (piece - piece.mean(1, keepdim=True)) / (
            piece.var(1, correction=0, keepdim=True) + 1e-5
        ).sqrt()
        count[begin:end] += 1
    torch.testing.assert_close(block(x), x + added / count)


def test_frequency_dropout_removes_one_band_in_training_and_keeps_the_mean() -> None:
    torch.manual_seed(0)
    x = torch.randn(4, 40, 2)
    changed = FreqDropout().train()(x)
    gone = (torch.fft.rfft(changed, dim=1).abs() < 1e-4).all((0, 2))
    assert 1 <= int(gone.sum()) <= 4
    torch.testing.assert_close(changed.mean(1), x.mean(1))
