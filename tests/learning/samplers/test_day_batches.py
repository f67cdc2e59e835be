"""Every day once an epoch, never two days ranked as one, the same order in every process."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from small_panel import DAYS, NAMES, panel, samples

from augury.core.errors import InsufficientHistory, UsageError
from augury.learning.samplers import DayBatchSampler


def test_every_day_is_visited_once_each_epoch_and_no_batch_mixes_days() -> None:
    made = samples()
    sampler = DayBatchSampler(made, np.arange(DAYS), seed=5)
    for epoch in (0, 1, 2):
        seen = []
        for batch in sampler.epoch(epoch):
            assert len(np.unique(made.day_of[batch.rows])) == 1
            seen.append(int(made.day_of[batch.rows[0]]))
        assert sorted(seen) == list(range(3, DAYS - 1))
    assert sampler.order(0).tolist() != sampler.order(1).tolist()


def test_several_days_in_a_batch_stay_apart() -> None:
    made = samples()
    batches = list(DayBatchSampler(made, np.arange(DAYS), days_per_batch=4).epoch(0))
    assert len(batches) == 7
    for batch in batches:
        for group in range(len(batch.offsets) - 1):
            rows = batch.rows[batch.offsets[group] : batch.offsets[group + 1]]
            assert len(np.unique(made.day_of[rows])) == 1
            assert (batch.day[batch.offsets[group] : batch.offsets[group + 1]] == group).all()


SCRIPT = """
import hashlib, sys
import numpy as np
sys.path.insert(0, sys.argv[1])
from small_panel import DAYS, samples
from augury.learning.samplers import DayBatchSampler
digest = hashlib.sha256()
for batch in DayBatchSampler(samples(), np.arange(DAYS), days_per_batch=2, seed=11).epoch(3):
    digest.update(batch.rows.tobytes() + batch.x.tobytes())
print(digest.hexdigest())
"""


def test_another_process_visits_the_days_in_the_same_order() -> None:
    digest = hashlib.sha256()
    for batch in DayBatchSampler(samples(), np.arange(DAYS), days_per_batch=2, seed=11).epoch(3):
        digest.update(batch.rows.tobytes() + batch.x.tobytes())
    command = [sys.executable, "-c", SCRIPT, str(Path(__file__).parent)]
    environment = os.environ | {"PYTHONHASHSEED": "77"}
    answer = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert answer.stdout.strip() == digest.hexdigest()


def test_thin_days_are_left_out_by_name() -> None:
    frame = panel()
    made = samples(frame.filter(~((frame["symbol"] > "S11") & (frame["ts"].dt.day() == 12))))
    strict = DayBatchSampler(made, np.arange(DAYS))
    assert 11 not in strict.days
    assert (made.days[11], 12) in strict.skipped
    assert 11 in DayBatchSampler(made, np.arange(DAYS), min_names=10).days
    with pytest.raises(InsufficientHistory, match="20 names"):
        DayBatchSampler(made, np.array([11]))


def test_very_large_days_are_cut_into_random_halves_and_it_is_said() -> None:
    made = samples()
    sampler = DayBatchSampler(made, np.arange(10, 13), min_names=5, names_max=16, seed=1)
    assert sampler.divided == [(made.days[day], NAMES) for day in (10, 11, 12)]
    first, second = ([batch.rows.tolist() for batch in sampler.epoch(epoch)] for epoch in (0, 1))
    assert sorted(len(rows) for rows in first) == [15] * 6
    assert sorted(row for rows in first for row in rows) == made.rows_of(np.array([10, 11, 12])).tolist()
    assert sorted(map(tuple, first)) != sorted(map(tuple, second))
    with pytest.raises(UsageError, match="names_max"):
        DayBatchSampler(made, np.arange(10, 13), names_max=30)


def test_targets_that_are_known_too_late_are_masked() -> None:
    made = samples()
    sampler = DayBatchSampler(made, np.arange(20), known_before=made.days[20], shuffle=False)
    for batch in sampler.epoch(0):
        assert (made.label_end[batch.rows][batch.mask] < made.stamps[20]).all()
    last = list(sampler.epoch(0))[-1]
    assert made.day_of[last.rows[0]] == 18
    assert last.mask.tolist() == [[True, False]] * NAMES


def test_batches_made_ahead_are_not_overwritten_before_their_step() -> None:
    made = samples()
    plain = [batch.x.copy() for batch in DayBatchSampler(made, np.arange(DAYS)).epoch(0)]
    held = []
    for at, batch in enumerate(DayBatchSampler(made, np.arange(DAYS), ahead=2).epoch(0)):
        held.append(batch.x)
        for back in range(min(4, at + 1)):
            assert np.array_equal(held[at - back], plain[at - back])
