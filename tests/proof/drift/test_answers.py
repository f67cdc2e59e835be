from __future__ import annotations

import numpy as np
import pytest

from augury.core.errors import DataError
from augury.core.typing import Floats, Probabilities
from augury.proof.drift.answers import Answers, habits

RNG = np.random.default_rng(4)
N = 200
MARKET = RNG.normal(0.0, 0.01, N)
CAME = RNG.choice(3, N, p=[0.35, 0.3, 0.35]).astype(float)
LIVELY = RNG.dirichlet([4, 4, 4], N)


def codes(proba: Probabilities = LIVELY, expected: Floats | None = None, known: int = N) -> list[str]:
    said = RNG.normal(0.0, 0.001, len(proba)) if expected is None else expected
    return [habit.code for habit in habits(Answers(proba, said, MARKET[:known], CAME[:known]))]


def test_lively_answers_have_no_fault() -> None:
    assert codes() == []
    assert codes(known=0) == []


def test_a_constant_answer_is_named_with_and_without_outcomes() -> None:
    constant = np.tile([0.3, 0.3, 0.4], (N, 1))
    assert codes(constant, known=0)[0] == "COLLAPSED"
    assert codes(expected=RNG.normal(0.0, 1e-5, N)) == ["COLLAPSED"]


def test_an_always_up_head_is_named_where_the_market_took_both_sides() -> None:
    up = np.abs(RNG.normal(0.0, 0.001, N)) + 1e-4
    assert codes(expected=up) == ["ONE_SIDED"]
    risen = np.abs(MARKET) + 1e-4
    assert habits(Answers(LIVELY, up, risen, CAME)) == []


def test_one_class_for_everything_is_named_unless_the_market_was_so() -> None:
    bullish = np.sort(RNG.dirichlet([2, 3, 20], N), axis=1)
    assert "ONE_CLASS" in codes(bullish)
    always = Answers(bullish, RNG.normal(0.0, 0.001, N), MARKET, np.full(N, 2.0))
    assert "ONE_CLASS" not in [habit.code for habit in habits(always)]


def test_a_dead_head_is_named_while_the_others_move() -> None:
    still = LIVELY.copy()
    still[:, 2] = 0.3
    still[:, :2] *= 0.7 / still[:, :2].sum(axis=1, keepdims=True)
    (habit,) = habits(Answers(still, RNG.normal(0.0, 0.001, N), MARKET, CAME))
    assert habit.code == "DEAD_HEAD"
    assert habit.message.startswith("BULLISH moves ")
    silent = np.column_stack([LIVELY[:, 0] * 0.05, LIVELY[:, 1], 1 - LIVELY[:, 0] * 0.05 - LIVELY[:, 1]])
    assert "DEAD_HEAD" in codes(silent)


def test_too_few_answers_are_not_judged_and_broken_ones_refused() -> None:
    assert habits(Answers(np.tile([0.0, 0.0, 1.0], (39, 1)), np.ones(39), MARKET, CAME)) == []
    with pytest.raises(DataError, match="not finite"):
        Answers(np.full((3, 3), np.nan), np.ones(3), MARKET, CAME)
    with pytest.raises(DataError, match="do not match"):
        Answers(LIVELY, np.ones(3), MARKET, CAME)
