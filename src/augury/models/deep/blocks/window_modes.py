"""The two ways to read a window, never confused."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from augury.core.errors import UsageError
from augury.models.deep.blocks.lstm_encoder import LstmEncoder

RETROSPECTIVE: Final = "retrospective"
"""All bars are seen from every bar: "this window contained the pattern". Never a forecast."""
CAUSAL: Final = "causal"
"""A bar sees itself and earlier bars: "this is what comes after the last bar"."""
MODES: Final = (RETROSPECTIVE, CAUSAL)


def is_causal(mode: str) -> bool:
    """Say whether a mode is causal; an unknown one is refused."""
    if mode not in MODES:
        raise UsageError(f"mode '{mode}' is none of {', '.join(MODES)}")
    return mode == CAUSAL


def padding_of(x: Tensor, lengths: Tensor | None) -> Tensor | None:
    """Mark the places of ``(B, T, F)`` behind the last bar of each window, ``(B, T)``; None when all are full.

    Raises
    ------
    UsageError
        Lengths that are not one a window, between 2 and T.
    """
    if lengths is None:
        return None
    if lengths.shape != (len(x),) or bool((lengths < 2).any()) or bool((lengths > x.shape[1]).any()):
        raise UsageError(f"lengths are one a window ({len(x)}), between 2 and {x.shape[1]}")
    return torch.arange(x.shape[1], device=x.device) >= lengths.to(x.device)[:, None]


def encoded_windows(encoder: LstmEncoder, x: Tensor, lengths: Tensor | None) -> Tensor:
    """Encode windows of unequal length: an encoder that reads both ways starts at each window's own last bar."""
    if lengths is None:
        encoded: Tensor = encoder(x)
        return encoded
    packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
    padded, _ = pad_packed_sequence(encoder.lstm(packed)[0], batch_first=True, total_length=x.shape[1])
    return padded
