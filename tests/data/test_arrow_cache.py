from __future__ import annotations

import resource
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from augury.core.clock import FixedClock
from augury.core.errors import CorruptStore, DataError, LeakError, NotFound, SchemaMismatch, UnknownName, UsageError
from augury.core.manifest import FeatureManifest, FeatureSpec
from augury.data.arrow_cache import STALE, ArrowCache
from augury.data.arrow_cache import build as cache_build
from augury.data.arrow_cache.blocks import map_blocks
from augury.data.arrow_cache.build import build_cache, open_or_build
from augury.data.panel.roles import Roles

CLOCK = FixedClock(datetime(2024, 1, 2, tzinfo=UTC))
NAMES = [f"S{at:02d}" for at in range(30)]
ROLES = Roles({"alpha": "feature", "beta": "feature", "valid_alpha": "flag", "fwd_ret_5": "target", "sector": "meta"})


def panel(days: int = 50, seed: int = 0) -> pl.DataFrame:
    """Symbols by date, in the order of symbols, some missing on some days, cells missing too."""
    rng = np.random.default_rng(seed)
    start = datetime(2020, 1, 1, tzinfo=UTC)
    rows = [
        (name, start + timedelta(days=at)) for name in NAMES for at in range(days) if (at + len(name)) % 7 or at % 2
    ]
    keep = rng.random(len(rows)) < 0.9
    rows = [row for row, kept in zip(rows, keep, strict=True) if kept]
    n = len(rows)
    alpha = pl.Series(rng.standard_normal(n)).set(pl.Series(rng.random(n) < 0.2), None)
    return pl.DataFrame(
        {
            "symbol": [row[0] for row in rows],
            "ts": pl.Series([row[1] for row in rows], dtype=pl.Datetime("us", "UTC")),
            "alpha": alpha,
            "beta": rng.standard_normal(n).astype(np.float32),
            "valid_alpha": alpha.is_not_null(),
            "fwd_ret_5": rng.standard_normal(n),
            "sector": [f"sector {row[0][-1]}" for row in rows],
        }
    )


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "panel.parquet"
    panel().write_parquet(path)
    return path


@pytest.fixture
def cache(source: Path, tmp_path: Path) -> ArrowCache:
    build_cache(source, tmp_path / "panel.arrow", ROLES, clock=CLOCK)
    return ArrowCache.open(tmp_path / "panel.arrow")


def test_every_cell_equals_the_source_sorted_by_day_and_symbol(cache: ArrowCache) -> None:
    expected = panel().sort("ts", "symbol")
    assert len(cache) == expected.height
    for name in expected.columns:
        found, wanted = cache.column(name), expected[name]
        if name in ROLES.inputs:
            assert np.array_equal(found.to_numpy(), wanted.cast(pl.Float32).to_numpy(), equal_nan=True)
        else:
            assert found.cast(wanted.dtype).equals(wanted)


def test_a_missing_value_is_nan_and_its_flag_is_zero(cache: ArrowCache) -> None:
    X = cache.rows(slice(None))
    assert cache.inputs == ("alpha", "beta", "valid_alpha")
    assert np.isnan(X[:, 0]).sum() == panel()["alpha"].null_count() > 0
    assert np.array_equal(np.isnan(X[:, 0]), X[:, 2] == 0)


def test_a_day_is_a_view_of_the_file_with_its_symbols(cache: ArrowCache) -> None:
    moment = datetime(2020, 1, 4, tzinfo=UTC)
    expected = panel().filter(pl.col("ts") == moment).sort("symbol")
    symbols, X = cache.day(moment)
    assert symbols.tolist() == expected["symbol"].to_list()
    assert np.array_equal(X[:, 1], expected["beta"].to_numpy())
    assert X.base is not None
    assert not X.flags.writeable
    assert X.flags.c_contiguous


def test_days_that_follow_each_other_are_not_copied_and_others_are(cache: ArrowCache) -> None:
    days = cache.days.to_list()
    assert cache.matrix(days[3:6]).base is not None
    apart = cache.matrix([days[7], days[2]])
    assert np.array_equal(apart, np.concatenate([cache.day(days[7])[1], cache.day(days[2])[1]]), equal_nan=True)


def test_rows_across_record_batches_and_reads_in_spans_change_no_value(
    source: Path, tmp_path: Path, monkeypatch
) -> None:
    build_cache(source, tmp_path / "whole.arrow", ROLES, clock=CLOCK)
    monkeypatch.setattr(cache_build, "BATCH_ROWS", 100)
    build_cache(source, tmp_path / "cut.arrow", ROLES, clock=CLOCK, chunk_rows=300)
    whole, cut = ArrowCache.open(tmp_path / "whole.arrow"), ArrowCache.open(tmp_path / "cut.arrow")
    assert len(map_blocks(cut.path, 3)) > 10
    assert np.array_equal(whole.rows(slice(90, 350)), cut.rows(slice(90, 350)), equal_nan=True)
    for moment in whole.days:
        assert np.array_equal(whole.day(moment)[1], cut.day(moment)[1], equal_nan=True)
        assert whole.day(moment)[0].tolist() == cut.day(moment)[0].tolist()


def test_the_same_panel_gives_the_same_bytes(source: Path, tmp_path: Path) -> None:
    for name in ("a.arrow", "b.arrow"):
        build_cache(source, tmp_path / name, ROLES, clock=CLOCK)
    assert (tmp_path / "a.arrow").read_bytes() == (tmp_path / "b.arrow").read_bytes()


def test_facts_name_the_source_its_hash_and_the_time(cache: ArrowCache) -> None:
    facts = cache.facts
    assert (facts.source, facts.rows, facts.days) == ("panel.parquet", len(cache), cache.days.len())
    assert facts.created == "2024-01-02T00:00:00Z"
    assert cache.roles == ROLES
    assert facts.columns == tuple(panel().columns)


def test_a_changed_source_is_refused_and_then_rebuilt_with_the_reason(source: Path, tmp_path: Path) -> None:
    path = tmp_path / "panel.arrow"
    first = open_or_build(path, source, ROLES, clock=CLOCK)
    assert "not there" in first.rebuilt
    assert open_or_build(path, source, ROLES, clock=CLOCK).rebuilt == ""
    panel(seed=1).write_parquet(source)
    with pytest.raises(CorruptStore, match="stale") as refused:
        ArrowCache.open(path, source=source)
    assert refused.value.facts["code"] == STALE
    assert "augury cache build --input" in refused.value.fix
    second = open_or_build(path, source, ROLES, clock=CLOCK)
    assert "stale" in second.rebuilt
    assert second.cache.column("beta").to_list() == panel(seed=1).sort("ts", "symbol")["beta"].to_list()
    # Whoever held the old cache still reads the old panel.
    assert first.cache.column("beta").to_list() == panel().sort("ts", "symbol")["beta"].to_list()


def test_other_roles_make_a_cache_stale(cache: ArrowCache, source: Path) -> None:
    fewer = Roles({"alpha": "feature"})
    with pytest.raises(CorruptStore, match="other roles"):
        ArrowCache.open(cache.path, roles=fewer)
    assert open_or_build(cache.path, source, fewer).cache.inputs == ("alpha",)


def test_another_manifest_is_refused(source: Path, tmp_path: Path) -> None:
    def manifest(*names: str, version: int = 1) -> FeatureManifest:
        return FeatureManifest(tuple(FeatureSpec(name, "test", ("close",), 1, version=version) for name in names))

    path = tmp_path / "panel.arrow"
    build_cache(source, path, ROLES, manifest=manifest("alpha", "beta"))
    assert ArrowCache.open(path, manifest=manifest("alpha", "beta")).facts.manifest_hash
    with pytest.raises(SchemaMismatch, match="another order"):
        ArrowCache.open(path, manifest=manifest("beta", "alpha"))
    with pytest.raises(SchemaMismatch, match="formula"):
        ArrowCache.open(path, manifest=manifest("alpha", "beta", version=2))
    with pytest.raises(SchemaMismatch, match="missing"):
        build_cache(source, path, ROLES, manifest=manifest("alpha", "beta", "gamma"))


@pytest.mark.parametrize("cut", [4, 1000, 20_000])
def test_a_cut_file_is_refused(cache: ArrowCache, cut: int) -> None:
    cache.path.write_bytes(cache.path.read_bytes()[:-cut])
    with pytest.raises(CorruptStore, match="augury cache build"):
        ArrowCache.open(cache.path)


def test_changed_facts_are_refused(cache: ArrowCache) -> None:
    content = cache.path.read_bytes()
    cache.path.write_bytes(content.replace(b"panel.parquet", b"other.parquet"))
    with pytest.raises(CorruptStore, match="facts were changed"):
        ArrowCache.open(cache.path)


def test_a_compressed_file_can_not_be_mapped(tmp_path: Path) -> None:
    pl.DataFrame({"ts": range(9000)}).write_ipc(tmp_path / "z.arrow", compression="zstd")
    with pytest.raises(CorruptStore, match="compressed"):
        map_blocks(tmp_path / "z.arrow", 0)


def test_what_was_written_is_compared_with_the_source(source: Path, tmp_path: Path, monkeypatch) -> None:
    honest, path = cache_build._laid_out, tmp_path / "panel.arrow"
    path.write_bytes(b"the old one")
    monkeypatch.setattr(
        cache_build, "_laid_out", lambda block, *rest: honest(block.with_columns(beta=pl.col("beta") + 1), *rest)
    )
    with pytest.raises(CorruptStore, match="'beta' of the cache differs"):
        build_cache(source, path, ROLES)
    assert path.read_bytes() == b"the old one"
    assert sorted(found.name for found in tmp_path.iterdir()) == ["panel.arrow", "panel.parquet"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda frame: pl.concat([frame, frame.head(1)]), "stands twice"),
        (lambda frame: frame.head(0), "at least one row"),
        (lambda frame: frame.with_columns(symbol=pl.lit(None, pl.String)), "at least one row"),
        (lambda frame: frame.drop("ts"), "needs symbol and ts"),
        (lambda frame: frame.with_columns(ts=pl.lit("2020")), "needed dates or times"),
        (lambda frame: frame.with_columns(ts=pl.col("ts").dt.replace_time_zone(None) + timedelta(hours=1)), "no zone"),
        (lambda frame: frame.with_columns(alpha=pl.lit("x")), "an input is a number"),
        (lambda frame: frame.with_columns(alpha=pl.lit(1e300)), "finite as float32"),
        (lambda frame: frame.rename({"sector": "inputs"}), "the cache's own"),
    ],
)
def test_a_panel_that_can_not_be_laid_out_is_refused(change, message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=message):
        build_cache(change(panel()), tmp_path / "panel.arrow", ROLES)
    assert not list(tmp_path.iterdir())


def test_a_declared_column_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(SchemaMismatch, match="beta"):
        build_cache(panel().drop("beta"), tmp_path / "panel.arrow", ROLES)


def test_a_target_never_reaches_the_matrix(cache: ArrowCache) -> None:
    assert "fwd_ret_5" not in cache.inputs
    assert cache.column("fwd_ret_5").len() == len(cache)
    with pytest.raises(LeakError):
        cache.roles.check_inputs(["fwd_ret_5"])


def test_session_dates_may_come_as_dates_or_without_zone(tmp_path: Path) -> None:
    for kind in (pl.Date, pl.Datetime("ns")):
        frame = panel().with_columns(pl.col("ts").dt.replace_time_zone(None).cast(kind))
        build_cache(frame, tmp_path / "panel.arrow", ROLES)
        assert ArrowCache.open(tmp_path / "panel.arrow").days[0] == datetime(2020, 1, 1, tzinfo=UTC)


def test_a_panel_without_inputs_keeps_its_columns(tmp_path: Path) -> None:
    build_cache(panel(), tmp_path / "panel.arrow", Roles({}))
    cache = ArrowCache.open(tmp_path / "panel.arrow")
    assert cache.rows(slice(0, 5)).shape == (5, 0)
    assert cache.column("alpha").to_list() == panel().sort("ts", "symbol")["alpha"].to_list()


def test_unknown_files_days_and_columns_are_named(cache: ArrowCache, tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no such cache"):
        ArrowCache.open(tmp_path / "none.arrow")
    with pytest.raises(NotFound, match="no rows at 2031"):
        cache.day(datetime(2031, 1, 1, tzinfo=UTC))
    with pytest.raises(UnknownName, match="did you mean 'alpha'"):
        cache.column("alphi")
    with pytest.raises(UsageError, match="step"):
        cache.rows(slice(0, 10, 2))
    (tmp_path / "panel.csv").write_text("symbol,ts\n")
    with pytest.raises(UsageError, match="no panel file"):
        build_cache(tmp_path / "panel.csv", tmp_path / "x.arrow", ROLES)


def test_a_span_of_days_is_both_ends_included(cache: ArrowCache) -> None:
    days = cache.days.to_list()
    assert cache.span(days[2], days[5]) == range(2, 6)
    assert cache.span(days[2] + timedelta(hours=1), days[5] - timedelta(hours=1)) == range(3, 5)


def test_a_full_disk_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    panel(days=400).write_parquet(tmp_path / "panel.parquet")
    code = f"""
import resource, signal
from pathlib import Path
from augury.core.errors import StorageFull
from augury.data.arrow_cache.build import build_cache
from augury.data.panel.roles import Roles
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
folder = Path({str(tmp_path)!r})
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    build_cache(folder / "panel.parquet", folder / "panel.arrow", Roles({{"beta": "feature"}}))
except StorageFull as error:
    print(error.code)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "StorageFull\n"
    assert [path.name for path in tmp_path.iterdir()] == ["panel.parquet"]


def test_opening_reads_no_number_of_the_matrix(tmp_path: Path) -> None:
    wide = panel().with_columns(pl.lit(1.0).alias(f"x{at}") for at in range(400))
    build_cache(wide, tmp_path / "panel.arrow", Roles({f"x{at}": "feature" for at in range(400)}))
    cache = ArrowCache.open(tmp_path / "panel.arrow")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    views = [cache.day(moment)[1] for moment in cache.days]
    assert sum(view.nbytes for view in views) == len(cache) * 400 * 4
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1024
