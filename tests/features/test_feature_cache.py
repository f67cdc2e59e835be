"""The feature cache: a new bar costs a row, and no bit differs from computing everything again; on both backends."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from augury.core.bars import Bars
from augury.core.errors import CorruptStore, DataError, MissingExtra, TemporaryError
from augury.core.timeframe import Timeframe
from augury.features import build, manifest_for
from augury.features.cache import CacheBackend, FeatureCache, backend_of


@pytest.fixture(params=["local", "redis"])
def backend(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CacheBackend]:
    where = request.getfixturevalue("redis_server") if request.param == "redis" else tmp_path / "cache"
    backend = backend_of(where)
    backend.clear()
    yield backend
    if request.param == "local":
        backend.close()


@pytest.fixture(scope="module")
def long(make_walk: Callable[..., pl.DataFrame]) -> Bars:
    """Longer than any window reaches, so that tails and states are really used."""
    frames = [make_walk(name, n, k) for k, (name, n) in enumerate({"AAA": 420, "BBB": 350, "CCC": 30}.items())]
    return Bars(pl.concat(frames), Timeframe.D1, synthetic=True)


def upto(bars: Bars, row: int) -> Bars:
    return bars.with_frame(bars.frame.filter(pl.int_range(pl.len()).over("symbol") < row))


def between(bars: Bars, first: int, last: int) -> Bars:
    return bars.with_frame(bars.frame.filter(pl.int_range(pl.len()).over("symbol").is_between(first, last - 1)))


def same(one: pl.DataFrame, other: pl.DataFrame) -> bool:
    """Equal bit for bit, nulls included."""
    return one.equals(other) and all(
        one[name].drop_nulls().to_numpy().tobytes() == other[name].drop_nulls().to_numpy().tobytes()
        for name in one.columns[2:]
    )


@pytest.mark.parametrize("start", [1, 28, 150, 272, 300])
def test_bars_added_one_by_one_give_the_rows_of_a_full_recompute_bit_for_bit(
    start: int, backend: CacheBackend, long: Bars
) -> None:
    cache = FeatureCache(backend, manifest_for(long, "all"))
    assert cache.refresh(upto(long, start)).computed == upto(long, start).frame.height
    whole = build(long, "all").frame
    for row in range(start, start + 12):
        fresh = between(long, row, row + 1)
        answer = cache.extend(fresh)
        assert answer.computed == fresh.frame.height
        assert same(answer.table.frame, whole.join(fresh.frame.select("symbol", "ts"), on=["symbol", "ts"]))


def test_a_second_look_computes_nothing_and_gives_the_same(backend: CacheBackend, long: Bars) -> None:
    cache = FeatureCache(backend, manifest_for(long, "all"))
    first, second = cache.refresh(long), cache.refresh(long)
    assert (first.computed, second.computed) == (long.frame.height, 0)
    assert same(first.table.frame, build(long, "all").frame)
    assert same(second.table.frame, first.table.frame)


def test_a_longer_history_computes_only_what_is_new(backend: CacheBackend, long: Bars) -> None:
    cache = FeatureCache(backend, manifest_for(long, "all"))
    cache.refresh(upto(long, 300))
    answer = cache.refresh(long)
    assert answer.computed == 420 - 300 + 350 - 300
    assert same(answer.table.frame, build(long, "all").frame)


def test_the_newest_rows_alone_are_what_a_forecast_reads(backend: CacheBackend, long: Bars) -> None:
    cache = FeatureCache(backend, manifest_for(long, "all"))
    newest = (
        build(long, "all")
        .frame.group_by("symbol", maintain_order=True)
        .last()
        .select("symbol", "ts", *manifest_for(long, "all").names)
    )
    assert same(cache.refresh(long, newest=True).table.frame, newest)
    again = cache.refresh(long, newest=True)
    assert again.computed == 0
    assert same(again.table.frame, newest)


def test_a_revised_old_bar_is_another_history_and_everything_is_computed_again(
    backend: CacheBackend, long: Bars
) -> None:
    cache = FeatureCache(backend, manifest_for(long, "all"))
    cache.refresh(long)
    revised = pl.when((pl.col("symbol") == "AAA") & (pl.int_range(pl.len()).over("symbol") == 400))
    other = long.with_frame(
        long.frame.with_columns(revised.then(pl.col("volume") + 1).otherwise(pl.col("volume")).alias("volume"))
    )
    answer = cache.refresh(other)
    assert answer.computed == 420
    assert same(answer.table.frame, build(other, "all").frame)
    assert cache.refresh(other).computed == 0


def test_how_bars_arrive_leaves_no_trace(backend: CacheBackend, long: Bars) -> None:
    cache = FeatureCache(backend, manifest_for(long, "all"))
    for first, last in ((0, 7), (7, 8), (8, 290), (290, 420)):
        cache.extend(between(long, first, last))
    assert cache.refresh(long).computed == 0


def test_a_bar_that_is_not_newer_is_refused_and_nothing_is_written(backend: CacheBackend, long: Bars) -> None:
    cache = FeatureCache(backend, manifest_for(long, "all"))
    cache.refresh(upto(long, 300))
    with pytest.raises(DataError, match="'AAA' is kept up to a bar that is not older"):
        cache.extend(between(long, 299, 302))
    assert cache.refresh(upto(long, 300)).computed == 0


def test_another_set_of_features_has_entries_of_its_own(backend: CacheBackend, long: Bars) -> None:
    FeatureCache(backend, manifest_for(long, "all")).refresh(long)
    assert FeatureCache(backend, manifest_for(long, "starter")).refresh(long).computed == long.frame.height


def test_two_processes_share_what_is_kept(backend: CacheBackend, long: Bars, tmp_path: Path) -> None:
    FeatureCache(backend, manifest_for(long, "all")).refresh(long)
    where = backend.path.parent if hasattr(backend, "path") else None
    other = backend if where is None else backend_of(where)
    assert FeatureCache(other, manifest_for(long, "all")).refresh(long).computed == 0


def test_a_damaged_file_is_named_with_the_command_that_removes_it(tmp_path: Path) -> None:
    (tmp_path / "features.sqlite").write_bytes(b"not a database at all, not at all" * 40)
    with pytest.raises(CorruptStore, match=r"features\.sqlite cannot be read"):
        backend_of(tmp_path)


def test_a_server_that_is_down_is_a_temporary_error_that_says_what_to_do() -> None:
    backend = backend_of("redis://127.0.0.1:1/0")
    for act in (lambda: backend.read(["a"]), lambda: backend.write({"a": b""}, {}), backend.clear):
        with pytest.raises(TemporaryError, match="Redis does not answer"):
            act()


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "redis", None)
    with pytest.raises(MissingExtra, match=r"augury\[cache\]"):
        backend_of("redis://127.0.0.1:1/0")


def test_news_beside_the_bars_are_part_of_what_is_remembered(
    backend: CacheBackend, panel: Bars, beside: pl.DataFrame
) -> None:
    manifest = manifest_for(panel, "all", beside=beside)
    cache = FeatureCache(backend, manifest)
    cache.refresh(upto(panel, 39), beside=beside)
    for row in range(39, 60):
        fresh = between(panel, row, row + 1)
        answer = cache.extend(fresh, beside=beside)
        expected = build(panel, manifest, beside=beside).frame.join(
            fresh.frame.select("symbol", "ts"), on=["symbol", "ts"]
        )
        assert same(answer.table.frame, expected)
    corrected = beside.with_columns(pl.col("news_count") + 1.0)
    assert cache.refresh(upto(panel, 60), beside=corrected).computed == upto(panel, 60).frame.height


def test_an_infinite_value_names_its_bar_and_keeps_nothing(
    backend: CacheBackend, long: Bars, monkeypatch: pytest.MonkeyPatch
) -> None:
    from augury.features import feature_sets as sets
    from augury.features.family import Family, Feature
    from augury.features.language import close

    price = float(upto(long, 6).frame.filter(pl.col("symbol") == "BBB")["close"][5])
    broken = Feature("broken", 1, 1.0 / (close - price))
    monkeypatch.setitem(sets.catalogue(), "broken", (Family("planted", "", (broken,)), broken))
    cache = FeatureCache(backend, manifest_for(long, "all"))
    cache.refresh(upto(long, 5))
    with pytest.raises(DataError, match="'broken' is infinite at BBB 2015-01-06T00:00:00Z"):
        cache.extend(between(long, 5, 6))
    assert (
        cache.extend(
            between(long, 5, 6).with_frame(between(long, 5, 6).frame.filter(pl.col("symbol") == "AAA"))
        ).computed
        == 1
    )


def test_rows_are_float32_exactly_as_the_engine_gives_them(backend: CacheBackend, long: Bars) -> None:
    table = FeatureCache(backend, manifest_for(long, "starter")).refresh(long).table
    assert set(table.frame.dtypes[2:]) == {pl.Float32}
    np.testing.assert_array_equal(table.X, build(long, "starter").X)
