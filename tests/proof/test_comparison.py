"""A comparison is fair or gives no verdict."""

from __future__ import annotations

import numpy as np
import pytest

from augury.core.errors import DataError
from augury.proof.comparison import compare, differing

RNG = np.random.default_rng(0)
BASE = RNG.normal(size=600)


def test_nested_settings_are_told_by_dotted_names():
    assert differing({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}, "d": 4}) == {"a.c": (2, 3), "d": ("(not set)", 4)}


def test_two_changed_settings_give_no_verdict():
    found = compare({"lr": 1, "rank": 0}, {"lr": 2, "rank": 1}, BASE, BASE + 1)
    assert found.verdict.startswith("no verdict: lr and rank differ")
    assert found.difference is None


def test_a_setting_that_was_not_named_refuses_the_verdict():
    assert compare({"lr": 1}, {"lr": 2}, BASE, BASE, varies="rank").verdict.startswith("no verdict: lr beside rank")
    assert compare({"m": {"lr": 1, "k": 1}}, {"m": {"lr": 2, "k": 2}}, BASE, BASE, varies="m").difference == 0.0


def test_a_better_one_is_found_and_equal_ones_are_not():
    better = compare({"lr": 1}, {"lr": 2}, BASE, BASE + 0.2 + RNG.normal(size=600) / 10)
    assert better.low > 0
    assert better.verdict.startswith("B is better")
    equal = compare({"lr": 1}, {"lr": 2}, BASE, BASE + RNG.normal(size=600))
    assert equal.verdict.startswith("no difference shown")
    worse = compare({"lr": 2}, {"lr": 1}, BASE + 0.2 + RNG.normal(size=600) / 10, BASE)
    assert worse.verdict.startswith("A is better")


def test_few_pairs_are_insufficient_and_other_rows_are_refused():
    assert compare({"lr": 1}, {"lr": 2}, BASE[:40], BASE[:40] + 1).verdict.startswith("insufficient")
    assert compare({"lr": 1}, {"lr": 2}, BASE, BASE + 1, horizon_bars=20).verdict.startswith("insufficient")
    with pytest.raises(DataError, match="same rows"):
        compare({"lr": 1}, {"lr": 2}, BASE, BASE[:-1])
