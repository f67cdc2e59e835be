from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from augury.core.errors import InsufficientHistory, UsageError
from augury.data.arrow_cache import ArrowCache
from augury.data.arrow_cache.build import build_cache
from augury.data.arrow_cache.day_batches import DayBatches
from augury.data.panel.roles import Roles

DAYS, NAMES = 47, 25
START = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> ArrowCache:
    """25 names on every day but two: day 5 has 3 names, day 9 has 12."""
    counts = {5: 3, 9: 12}
    rows = [(f"S{name:02d}", day) for day in range(DAYS) for name in range(counts.get(day, NAMES))]
    frame = pl.DataFrame(
        {
            "symbol": [name for name, _ in rows],
            "ts": pl.Series([START + timedelta(days=day) for _, day in rows], dtype=pl.Datetime("us", "UTC")),
            "day": [float(day) for _, day in rows],
            "name": [float(name[1:]) for name, _ in rows],
            "fwd_ret_1": [day + int(name[1:]) / 100 for name, day in rows],
        }
    )
    path = tmp_path_factory.mktemp("cache") / "panel.arrow"
    build_cache(frame, path, Roles({"day": "feature", "name": "feature", "fwd_ret_1": "target"}))
    return ArrowCache.open(path)


def test_every_day_is_visited_once_an_epoch_and_no_day_is_torn(cache: ArrowCache) -> None:
    batches = DayBatches(cache, 4)
    for epoch in range(3):
        seen: list[int] = []
        for batch in batches.epoch(epoch):
            for at, day in enumerate(batch.days):
                part = batch.X[batch.offsets[at] : batch.offsets[at + 1]]
                assert set(part[:, 0].tolist()) == {float(day)}
                assert part[:, 1].tolist() == list(range(NAMES))
            seen += batch.days.tolist()
        assert sorted(seen) == [day for day in range(DAYS) if day not in (5, 9)]
    assert len(batches) == 12


def test_days_with_too_few_names_are_skipped_and_listed(cache: ArrowCache) -> None:
    assert DayBatches(cache).skipped == [(START + timedelta(days=5), 3), (START + timedelta(days=9), 12)]
    assert DayBatches(cache, min_names=10).skipped == [(START + timedelta(days=5), 3)]
    with pytest.raises(InsufficientHistory, match="most: 25"):
        DayBatches(cache, min_names=26)


def test_each_epoch_has_another_order_and_the_same_number_the_same(cache: ArrowCache) -> None:
    batches = DayBatches(cache, 1, seed=7)
    assert batches.order(0).tolist() == DayBatches(cache, 1, seed=7).order(0).tolist()
    assert batches.order(0).tolist() != batches.order(1).tolist()
    assert batches.order(0).tolist() != DayBatches(cache, 1, seed=8).order(0).tolist()
    assert batches.order(0).tolist() != sorted(batches.order(0).tolist())


def test_the_order_is_the_same_in_another_process_with_another_hash_salt(cache: ArrowCache) -> None:
    code = f"""
from pathlib import Path
from augury.data.arrow_cache import ArrowCache
from augury.data.arrow_cache.day_batches import DayBatches
batches = DayBatches(ArrowCache.open(Path({str(cache.path)!r})), 4, seed=3)
print([batch.days.tolist() for batch in batches.epoch(2)])
"""
    environment = {"PYTHONHASHSEED": "77", "PATH": ""}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == str([batch.days.tolist() for batch in DayBatches(cache, 4, seed=3).epoch(2)])


def test_rows_point_to_the_targets_of_the_batch(cache: ArrowCache) -> None:
    target = cache.column("fwd_ret_1").to_numpy()
    for batch in DayBatches(cache, 3).epoch(0):
        assert np.allclose(target[batch.rows], batch.X[:, 0] + batch.X[:, 1] / 100)


def test_in_the_order_of_time_nothing_is_copied(cache: ArrowCache) -> None:
    for batch in DayBatches(cache, 4, shuffle=False, min_names=1).epoch(0):
        assert not batch.X.flags.writeable
    assert np.concatenate([b.days for b in DayBatches(cache, 4, shuffle=False).epoch(5)]).tolist() == [
        day for day in range(DAYS) if day not in (5, 9)
    ]


def test_random_days_share_one_buffer(cache: ArrowCache) -> None:
    copies = [batch.X for batch in DayBatches(cache, 4).epoch(0) if batch.X.flags.writeable]
    assert len(copies) > 5
    assert all(np.shares_memory(copies[0], other) for other in copies)


def test_only_the_days_asked_for_are_visited(cache: ArrowCache) -> None:
    span = cache.span(START + timedelta(days=10), START + timedelta(days=19))
    batches = DayBatches(cache, 3, days=span)
    assert sorted(day for batch in batches.epoch(0) for day in batch.days.tolist()) == list(range(10, 20))
    with pytest.raises(UsageError, match="days 0 to 46"):
        DayBatches(cache, days=[46, 47])
    with pytest.raises(UsageError, match="days_per_batch"):
        DayBatches(cache, 0)


def test_building_and_reading_need_no_pyarrow(tmp_path: Path) -> None:
    pl.DataFrame({"symbol": ["A", "B"], "ts": [START, START], "x": [1.0, None]}).write_parquet(tmp_path / "p.parquet")
    code = f"""
import sys
sys.modules["pyarrow"] = None
from pathlib import Path
from augury.data.arrow_cache.build import open_or_build
from augury.data.panel.roles import Roles
folder = Path({str(tmp_path)!r})
cache = open_or_build(folder / "p.arrow", folder / "p.parquet", Roles({{"x": "feature"}})).cache
print(cache.day(cache.days[0])[1].tolist(), cache.names[cache.codes].tolist())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[[1.0], [nan]] ['A', 'B']\n"
