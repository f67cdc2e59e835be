"""A score is never a number alone, and the hardest failed gate decides."""

from __future__ import annotations

from itertools import combinations

import pytest

from augury.core.score import GateResult, Score, Verdict

EFFECTS = ("refuse", "insufficient", "abstain", "note")
WORDS = {"refuse": "refused", "insufficient": "insufficient", "abstain": "calibrated_only", "note": "skill"}


@pytest.mark.parametrize(
    ("n_eff", "text"), [(49.9, "insufficient (n=49)"), (50.0, "0.700 [0.560, 0.810] vs 0.500, n=250")]
)
def test_below_50_effective_rows_no_figure_is_printed(n_eff: float, text: str) -> None:
    score = Score("accuracy", 0.7, 0.56, 0.81, 0.5, 250, n_eff)
    assert score.text() == text
    assert score.sufficient is (n_eff >= 50)
    assert Score.from_json(score.to_json()) == score


def test_a_score_without_interval_or_baseline_says_only_what_it_knows() -> None:
    assert Score("x", 0.5, None, None, None, 100, 100.0).text(1) == "0.5, n=100"


def gate(effect: str, passed: bool = False) -> GateResult:
    return GateResult(effect.upper(), passed, effect, "because")


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_the_hardest_failed_effect_wins_in_any_order(count: int) -> None:
    for chosen in combinations(EFFECTS, count):
        hardest = WORDS[min(chosen, key=EFFECTS.index)]
        gates = tuple(gate(effect) for effect in chosen)
        assert Verdict.of(gates).word == Verdict.of(gates[::-1]).word == hardest


def test_gates_that_passed_decide_nothing_and_are_kept() -> None:
    verdict = Verdict.of((gate("refuse", passed=True), gate("abstain")))
    assert verdict.word == "calibrated_only"
    assert [g.code for g in verdict.failed] == ["ABSTAIN"]
    assert len(verdict.gates) == 2
    assert Verdict.from_json(verdict.to_json()) == verdict
    assert Verdict.of(()).word == "skill"
