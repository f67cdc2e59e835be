"""A small finance lexicon: words that headlines use for good and bad news, and the words that turn them.

Simple on purpose: it counts words, knows no irony and no company. It is the scorer that is always
there, the yardstick for better ones.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from augury.core.typing import Floats

_POSITIVE: Final = """
accelerates approval approved beat beats best boom boost boosts bounce breakthrough bullish climb climbs
exceeds expands gain gains growth high higher improve improved improves jump jumps outperform outperforms
profit profitable profits rallies rally rebound rebounds record recovers recovery rise rises robust soar
soars solid strength strong stronger surge surges surpass surpasses tops upbeat upgrade upgraded upgrades
upside win wins
"""
_NEGATIVE: Final = """
bankrupt bankruptcy bearish breach crash crashes cut cuts debt decline declines default delay delays
disappoint disappointing disappoints downbeat downgrade downgraded downgrades downside drop drops fall
falling falls fine fined fraud halt halts investigation lawsuit layoffs loss losses low lower miss misses
plunge plunges probe recall recalls recession resigns slide slides slump slumps struggles sue sued sues
tumble tumbles underperform underperforms warn warning warns weak weaker weakness worst
"""
_NEGATIONS: Final = "no not never without cannot neither nor hardly fails failed"

POSITIVE: Final = frozenset(_POSITIVE.split())
NEGATIVE: Final = frozenset(_NEGATIVE.split())
NEGATIONS: Final = frozenset(_NEGATIONS.split())
REACH: Final = 3
"""A negation turns the tone of this many words after it."""

_WORD: Final = re.compile(r"[a-z]+(?:'t)?")


@dataclass(frozen=True, slots=True)
class LexiconScorer:
    """Counts positive and negative words: ``(p - n) / (p + n + 1)``.

    A negation up to three words before turns a word's tone. One positive word alone gives 0.5, two
    give 0.67; a headline without any word of tone is neutral, 0.

    Examples
    --------
    >>> LexiconScorer().score(["Profit beats estimates", "Sales did not improve", "Annual meeting"]).round(2).tolist()
    [0.67, -0.5, 0.0]
    """

    name: str = "lexicon"

    def score(self, headlines: Sequence[str]) -> Floats:
        """Return one score in (-1, 1) a headline, ``(n,)``."""
        return np.array([_score(headline) for headline in headlines], dtype=np.float64)


def _score(headline: str) -> float:
    words = _WORD.findall(headline.lower().replace("\u2019", "'"))
    good = bad = 0
    negated_until = -1
    for at, word in enumerate(words):
        if word in NEGATIONS or word.endswith("n't"):
            negated_until = at + REACH
        elif word in POSITIVE or word in NEGATIVE:
            positive = (word in POSITIVE) != (at <= negated_until)
            good, bad = good + positive, bad + (not positive)
    return (good - bad) / (good + bad + 1)
