"""The thresholds of drift: pinned here, so that none moves unseen."""

from __future__ import annotations

from importlib import resources

import yaml

from augury.proof.drift.thresholds import load_thresholds

PINNED = {
    "levels.monitor": 0.05,
    "levels.drift": 0.15,
    "levels.retrain": 0.20,
    "levels.emergency": 0.25,
    "levels.n_eff_min": 40,
    "levels.window_days": 90,
    "test.window_p": 0.01,
    "test.cusum_step": 0.15,
    "test.cusum_limit": 6.0,
    "test.cusum_limit_48": 7.4,
    "status.days_min": 3,
    "features.psi": 0.2,
    "features.null_factor": 1.5,
    "features.distance": 1.0,
    "features.stretches_min": 5,
    "features.score": 0.2,
    "features.rows_min": 40,
    "answers.rows_min": 40,
    "answers.sign_share": 0.98,
    "answers.class_share": 0.95,
    "answers.spread_ratio": 0.005,
    "divergence.notice": 0.15,
    "divergence.warning": 0.20,
    "divergence.critical": 0.30,
}


def test_every_threshold_is_the_pinned_one_and_says_why() -> None:
    thresholds = load_thresholds()
    assert thresholds.values == PINNED
    assert all(len(thresholds.reasons[name]) > 40 for name in PINNED)


def test_every_version_of_the_thresholds_has_a_dated_note() -> None:
    content = yaml.safe_load(resources.files("augury.proof").joinpath("drift.yaml").read_text())
    assert [note["version"] for note in content["notes"]] == list(range(1, content["version"] + 1))
    assert all(str(note["date"])[:2] == "20" and note["note"] for note in content["notes"])
