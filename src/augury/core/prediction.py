"""What an ensemble answers for many rows at once."""

from __future__ import annotations

from dataclasses import dataclass

from augury.core.typing import Codes, Floats, Probabilities


@dataclass(frozen=True)
class Prediction:
    """Arrays over the same ``n`` rows.

    Parameters
    ----------
    proba : (n, 3)
        Calibrated class probabilities in the order of ``LABELS``.
    raw_proba : (n, 3)
        Weighted mean of the members before calibration; collapse is judged on it.
    score : (n,)
        Signed score: raw p_bullish - p_bearish, in [-1, 1].
    codes : (n,)
        Most probable class of ``proba``.
    expected_return : (n,)
        Conditional centre of the h-bar simple return.
    quantiles : dict
        ``core.forecast.QUANTILES`` names to (n,) returns; ordered row by row.
    agreement : (n,) or None
        Weight of the members naming ``codes``; None with a single member.
    members : dict
        Member to (n, 3).
    """

    proba: Probabilities
    raw_proba: Probabilities
    score: Floats
    codes: Codes
    expected_return: Floats
    quantiles: dict[str, Floats]
    agreement: Floats | None
    members: dict[str, Probabilities]
