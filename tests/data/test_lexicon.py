from __future__ import annotations

import pytest

from augury.data.knowledge.lexicon import NEGATIONS, NEGATIVE, POSITIVE, LexiconScorer


def score(headline: str) -> float:
    return float(LexiconScorer().score([headline])[0])


@pytest.mark.parametrize(
    ("headline", "sign"),
    [
        ("Apple profit beats estimates", 1),
        ("Regulator opens probe into bank after fraud", -1),
        ("Company to hold annual meeting", 0),
        ("Sales did not improve", -1),
        ("Shares don\u2019t fall after the report", 1),
        ("No recession in sight", 1),
        ("", 0),
    ],
)
def test_tone_follows_the_words(headline: str, sign: int) -> None:
    found = score(headline)
    assert (found > 0.1) - (found < -0.1) == sign


def test_a_negation_reaches_three_words() -> None:
    assert score("not a very strong") == -0.5
    assert score("not in any way strong") == 0.5


def test_more_words_of_one_tone_weigh_more_and_stay_within_one() -> None:
    scores = [score("gains " * n) for n in (1, 2, 5, 500)]
    assert scores == sorted(scores)
    assert 0.5 == scores[0] < scores[-1] < 1.0


def test_case_and_punctuation_do_not_matter() -> None:
    assert score("PROFIT, rises!") == score("profit rises")


def test_the_lists_share_no_word_and_hold_about_120() -> None:
    assert not POSITIVE & NEGATIVE
    assert not (POSITIVE | NEGATIVE) & NEGATIONS
    assert 100 <= len(POSITIVE | NEGATIVE) <= 150
