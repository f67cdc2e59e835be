"""The limits of the gates: pinned here, so that none moves unseen (Q08)."""

from __future__ import annotations

from importlib import resources

import pytest
import yaml

from augury.core.errors import UsageError
from augury.proof.limits import load_limits

PINNED = {
    "constant.sd_min": 1e-6,
    "dead_head.spread_min": 0.01,
    "dead_head.answer_min": 0.5,
    "dead_head.base_min": 0.05,
    "one_sided.share_max": 0.95,
    "sign_balance.gap_max": 0.15,
    "better.skill_min": 0.0,
    "direction.ic_min": 0.0,
    "overfit.gap_max": 0.20,
    "too_good.ic_max": 0.15,
    "too_good.direction_max": 0.60,
    "too_good.direction_over_base": 0.05,
    "too_good.rows_min": 500,
    "too_good.rows_tiny": 20,
    "enough.train_min": 20,
    "enough.report_min": 50,
    "calibrated_band.coverage_low": 0.70,
    "calibrated_band.coverage_high": 0.90,
    "null.z_max": 3.3,
}


def test_every_limit_is_the_pinned_one_and_says_why() -> None:
    limits = load_limits()
    assert limits.values == PINNED
    assert all(len(limits.reasons[name]) > 40 for name in PINNED)


def test_every_version_of_the_limits_has_a_dated_note() -> None:
    content = yaml.safe_load(resources.files("augury.proof").joinpath("gates.yaml").read_text())
    assert [note["version"] for note in content["notes"]] == list(range(1, content["version"] + 1))
    assert all(str(note["date"])[:2] == "20" and note["note"] for note in content["notes"])


def test_a_moved_limit_shows_in_the_hash_and_leaves_the_shipped_ones_alone() -> None:
    limits = load_limits()
    moved = limits.replace({"better.skill_min": -0.1})
    assert moved.hash != limits.hash
    assert load_limits()["better.skill_min"] == 0.0


def test_an_unknown_limit_is_named() -> None:
    with pytest.raises(UsageError, match=r"unknown gate limit 'better.skil_min'"):
        load_limits().replace({"better.skil_min": 0})
