"""What every entry of every catalogue must do, generated from the folders.

A new file is tested here without a line being added, with one exception: a new check needs a row in
``PLANTED``, the smallest defect that it alone must see.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

import augury
from augury.core.bars import BAR_SCHEMA, Bars
from augury.core.catalog import Catalog
from augury.core.errors import AuguryError, UnknownName, UsageError
from augury.core.labelspec import CODES, LabelSpec
from augury.core.tables import FORWARD_RETURN, LABEL, LABEL_END, LabelledTable
from augury.core.timeframe import Horizon, Timeframe
from augury.data.calendar import market_calendar
from augury.data.checks import CHECKS, run
from augury.data.layouts import LAYOUTS
from augury.data.layouts._table import Table, numbered
from augury.data.sources import SOURCES
from augury.data.synthetic import SyntheticMarket
from augury.data.validation.validator import DataValidator
from augury.features.engine import build
from augury.features.feature_sets import FAMILIES
from augury.features.fitted import TRANSFORMS
from augury.labels.attach import attach
from augury.labels.splits import time_ordered
from augury.learning.losses import LOSSES
from augury.learning.optim import OPTIMIZERS
from augury.learning.pretrain import PRETRAININGS
from augury.learning.schedules import SCHEDULES
from augury.models import BASELINES, MEMBERS
from augury.models.bands import BAND_SHAPES
from augury.models.deep import NETWORKS
from augury.models.ensemble.nested import WEIGHT_RULES
from augury.models.signals.bodies import BODIES
from augury.models.statistical import SERIES_MEMBERS
from augury.proof.judge import GATES
from augury.proof.limits import load_limits
from augury.records.tracking.tracker import SINKS
from augury.runs.durable import KINDS
from augury.runs.executors import EXECUTORS
from augury.runs.executors._protocol import error_of
from augury.runs.intake import check, check_each
from augury.runs.jobs import JOBS
from augury.runs.monitoring.alerts.channel import KINDS as CHANNELS
from augury.runs.monitoring.measured import READINGS
from augury.runs.schedule import ENTRIES as SCHEDULE
from augury.runs.tuning import FAMILIES as MODEL_FAMILIES
from augury.runs.tuning.family import StudySpec
from augury.runs.tuning.study import Study
from augury.service.routes import ROUTES
from augury.web.pages import PAGES

CATALOGUES: tuple[Catalog[Any], ...] = (
    SOURCES, CHECKS, LAYOUTS, FAMILIES, TRANSFORMS, MEMBERS, SERIES_MEMBERS, BASELINES, WEIGHT_RULES,
    BAND_SHAPES, GATES, EXECUTORS, JOBS, OPTIMIZERS, SCHEDULES, LOSSES, PRETRAININGS, NETWORKS, MODEL_FAMILIES, SINKS,
    KINDS, SCHEDULE, READINGS, CHANNELS, BODIES, ROUTES, PAGES,
)  # fmt: skip
ENTRIES = [(catalog, name) for catalog in CATALOGUES for name in catalog.names()]
HOUSE = Path(augury.__file__).parent
each_catalogue = pytest.mark.parametrize("catalog", CATALOGUES, ids=lambda catalog: catalog.kind)
each_entry = pytest.mark.parametrize(("catalog", "name"), ENTRIES, ids=[f"{c.kind} {n}" for c, n in ENTRIES])


def test_every_catalogue_of_the_product_is_under_contract() -> None:
    made = re.compile(r"Catalog(?:\[.*\])?\(\s*\"([\w -]+)\"")
    sources = (path.read_text(encoding="utf-8") for path in HOUSE.rglob("*.py") if path.name != "catalog.py")
    assert {kind for text in sources for kind in made.findall(text)} == {catalog.kind for catalog in CATALOGUES}


@each_catalogue
def test_every_file_of_the_folder_is_an_entry(catalog: Catalog[Any]) -> None:
    folders = [HOUSE.parent.joinpath(*package.split(".")) for package in catalog.packages]
    files = [path.stem for folder in folders for path in folder.glob("*.py") if not path.stem.startswith("_")]
    assert catalog.names() == sorted(files)
    assert files


@each_entry
def test_an_entry_loads_by_the_name_of_its_file_and_is_called_so(catalog: Catalog[Any], name: str) -> None:
    entry = catalog.load(name)
    assert entry is not None
    if catalog in (SOURCES, LAYOUTS, FAMILIES):
        assert entry.name == name
    if catalog is CHECKS:
        assert entry.code == name.upper()


@each_entry
def test_an_entry_says_what_it_is(catalog: Catalog[Any], name: str) -> None:
    entry = catalog.load(name)
    module = inspect.getmodule(entry) or inspect.getmodule(type(entry))
    assert module is not None
    words = inspect.getdoc(entry if inspect.isroutine(entry) or inspect.isclass(entry) else type(entry))
    assert words or module.__doc__


@each_entry
def test_a_misspelt_name_is_refused_with_the_near_one(catalog: Catalog[Any], name: str) -> None:
    with pytest.raises(UnknownName, match=f"unknown {catalog.kind} '{name}q', did you mean '{name}'") as caught:
        catalog.load(f"{name}q")
    assert caught.value.exit_code == 2


@each_catalogue
def test_a_new_file_in_a_folder_is_found_without_any_other_change(
    catalog: Catalog[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = f"new_{catalog.kind.replace(' ', '_')}"
    (tmp_path / package).mkdir()
    (tmp_path / package / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    wider = replace(catalog, packages=(*catalog.packages, package))
    before = wider.names()
    (tmp_path / package / "zz_newcomer.py").write_text(f"{catalog.attribute} = 'the newcomer'\n")
    assert wider.names() == sorted([*before, "zz_newcomer"])
    assert wider.load("zz_newcomer") == "the newcomer"


# Sources: the bundled ones; those of a vendor are tested on recorded answers

BUNDLED = [name for name, source in SOURCES if source.historical]


@pytest.mark.parametrize("name", BUNDLED)
def test_a_source_gives_canonical_bars_that_pass_every_check(name: str) -> None:
    source = SOURCES.load(name)
    bars = source.load()
    assert bars.symbols == sorted(source.symbols())
    assert (bars.provider, bars.calendar, bars.synthetic) == (name, source.calendar, source.synthetic)
    keys = bars.frame.select("symbol", "ts")
    assert keys.equals(keys.unique().sort("symbol", "ts"))
    checked = DataValidator(calendar=bars.calendar).validate_frame(bars.frame)
    assert (checked.is_valid, checked.score) == (True, 100.0), checked.findings
    assert ("synthetic" in source.title) is source.synthetic


@pytest.mark.parametrize("name", BUNDLED)
def test_a_source_never_invents(name: str) -> None:
    source = SOURCES.load(name)
    first = source.symbols()[0]
    one = source.load([first])
    assert one.symbols == [first]
    assert one.data_version == source.load([first]).data_version
    assert one.frame.equals(source.load().of(first).frame.select(one.frame.columns))
    with pytest.raises(UnknownName, match="has no 'NO_SUCH'"):
        source.load([first, "NO_SUCH"])
    with pytest.raises(UsageError):
        source.load([])


# Checks

MARKET = SyntheticMarket(n_symbols=1, n_bars=300, regimes=False)
CLEAN = MARKET.bars().frame
NOW = CLEAN["ts"][-1] + timedelta(days=30)
MUCH_LATER = datetime(2030, 1, 1, tzinfo=UTC)
FRIDAY = next(at for at in range(100, 110) if CLEAN["ts"][at].isoweekday() == 5)
RISE = next(at for at in range(150, 300) if CLEAN["close"][at] > CLEAN["close"][at - 1])
PRICES = ("open", "high", "low", "close")
Planted = tuple[pl.DataFrame, datetime]


def cells(row: int = 100, **values: float | datetime | None) -> Planted:
    frame = CLEAN.clone()
    for name, value in values.items():
        frame[row, name] = value
    return frame, NOW


def rows(*parts: pl.DataFrame) -> Planted:
    return pl.concat(parts), NOW


def priced(closes: list[float], volume: float = 1000.0) -> Planted:
    frame = CLEAN.head(len(closes)).with_columns(close=pl.Series(closes), open=pl.Series(closes))
    around = {"high": pl.col("close") * 1.01, "low": pl.col("close") * 0.99, "volume": volume + pl.int_range(pl.len())}
    return frame.with_columns(**around).select(*BAR_SCHEMA), NOW


def bars_of(timeframe: Timeframe, n: int, start: datetime = datetime(2018, 4, 2, tzinfo=UTC)) -> pl.DataFrame:
    return SyntheticMarket(n_symbols=1, n_bars=n, timeframe=timeframe, regimes=False, start=start).bars().frame


def scaled(rows: pl.DataFrame, price: float, volume: float = 1.0) -> pl.DataFrame:
    return rows.with_columns(pl.col(PRICES) * price, pl.col("volume") * volume)


def later(rows: pl.DataFrame, by: str) -> pl.DataFrame:
    return rows.with_columns(pl.col("ts").dt.offset_by(by))


def stamped(rows: pl.DataFrame, ts: pl.Series) -> pl.DataFrame:
    return rows.with_columns(ts=ts)


def off_grid() -> Planted:
    quarters = bars_of(Timeframe.M15, 400)
    return pl.concat([quarters[:200], later(quarters[200:201], "7m"), quarters[201:]]), MUCH_LATER


def tz_shift() -> Planted:
    hours = bars_of(Timeframe.H1, 420)
    return pl.concat([hours[:280], later(hours[280:], "1h")]), MUCH_LATER


def half_day() -> Planted:
    """Hourly bars of the week of a half day, as if it had been a full one."""
    frame = bars_of(Timeframe.H1, 39, datetime(2026, 11, 23, tzinfo=UTC))
    friday = pl.col("ts").dt.date() == datetime(2026, 11, 27, tzinfo=UTC).date()
    late = later(frame.filter(friday).tail(2), "2h")
    return pl.concat([frame, late]).sort("ts"), MUCH_LATER


def paid_twice() -> Planted:
    paid = pl.when(pl.int_range(pl.len()) < 100).then(0.98).when(pl.int_range(pl.len()) < 103).then(0.99).otherwise(1.0)
    return CLEAN.with_columns(adj_close=pl.col("close") * paid), NOW


def chained() -> Planted:
    opened = CLEAN.with_columns(open=pl.col("close").shift(1).fill_null(pl.col("open")))
    top, bottom = pl.max_horizontal("open", "high"), pl.min_horizontal("open", "low")
    return opened.with_columns(high=top, low=bottom), NOW


def padded() -> Planted:
    last = CLEAN["close"][287]
    flat = CLEAN[288:].with_columns(*(pl.lit(last).alias(name) for name in PRICES), volume=pl.lit(0.0))
    return rows(CLEAN[:288], flat)


PLANTED: dict[str, Callable[[], Planted]] = {
    "adjustment_flip": lambda: rows(CLEAN[:100], scaled(CLEAN[100:140], 1.7), CLEAN[140:]),
    "bad_symbol": lambda: (CLEAN.with_columns(symbol=pl.lit("A&B")), NOW),
    "conflict": lambda: rows(CLEAN[:101], CLEAN[100:101].with_columns(volume=pl.lit(1.0)), CLEAN[101:]),
    "copied_series": lambda: rows(CLEAN, CLEAN.with_columns(symbol=pl.lit("TWIN"))),
    "duplicate": lambda: rows(CLEAN[:101], CLEAN[100:]),
    "empty": lambda: rows(CLEAN.clear()),
    "feed_change": lambda: rows(CLEAN[:150], scaled(CLEAN[150:], 1.0, 100.0)),
    "flat_volume": lambda: rows(CLEAN[:100], CLEAN[100:131].with_columns(volume=pl.lit(0.0)), CLEAN[131:]),
    "forming_bar": lambda: (CLEAN, CLEAN["ts"][-1] + timedelta(hours=16)),
    "future_bar": lambda: (CLEAN, CLEAN["ts"][-1] - timedelta(hours=15)),
    "gap": lambda: rows(CLEAN[:100], CLEAN[102:]),
    "half_day": half_day,
    "integer_prices": lambda: (CLEAN.with_columns((pl.col(PRICES) * 1000).round()), NOW),
    "jump": lambda: rows(CLEAN[:100], scaled(CLEAN[100:101], 1.7), CLEAN[101:]),
    "level_break": lambda: rows(scaled(CLEAN[:150], 1 / 1.7), CLEAN[150:]),
    "low_coverage": lambda: rows(CLEAN[:30].with_columns(volume=pl.lit(None, pl.Float64)), CLEAN[30:]),
    "misdated": lambda: (later(CLEAN, "-1d"), NOW),
    "neg_volume": lambda: cells(volume=-1.0),
    "negative_price": lambda: cells(low=-1.0),
    "non_finite": lambda: cells(high=float("inf")),
    "off_grid": off_grid,
    "off_session": lambda: rows(
        CLEAN[: FRIDAY + 1],
        CLEAN[FRIDAY : FRIDAY + 1].with_columns(pl.col("ts").dt.offset_by("1d")),
        CLEAN[FRIDAY + 1 :],
    ),
    "ohlc_order": lambda: cells(high=CLEAN[100, "low"] * 0.99),
    "out_of_range_ts": lambda: rows(CLEAN[:1].with_columns(ts=pl.lit(datetime(1801, 1, 1, tzinfo=UTC))), CLEAN),
    "outlier": lambda: priced([130.0 if at % 12 == 6 else 100.0 + 0.01 * (at % 5) for at in range(60)]),
    "outside_life": padded,
    "partial_bar": lambda: cells(-1, volume=0.0, **dict.fromkeys(PRICES, CLEAN["close"][-2])),
    "repeated_bars": lambda: rows(CLEAN[:101], stamped(CLEAN[98:101], CLEAN["ts"][101:104]), CLEAN[104:]),
    "repeated_session": lambda: (SyntheticMarket(n_symbols=50, n_bars=2).bars().frame, NOW),
    "reused_ticker": lambda: rows(CLEAN[:30], later(scaled(CLEAN[30:50], 3.4, 8.0), "364d")),
    "schema": lambda: (CLEAN.drop("volume"), NOW),
    "special_session": lambda: rows(
        CLEAN[: FRIDAY + 1], later(scaled(CLEAN[FRIDAY : FRIDAY + 1], 2.1), "1d"), CLEAN[FRIDAY + 1 :]
    ),
    "stale_series": lambda: priced([100.0 + at % 3 for at in range(30)] + [100.0] * 31),
    "suspected_dividend": paid_twice,
    "suspected_split": lambda: rows(CLEAN[:RISE].with_columns(pl.col(PRICES) * 2), CLEAN[RISE:]),
    "synthetic_look": chained,
    "tz_shift": tz_shift,
    "unit_error": lambda: rows(CLEAN[:100], scaled(CLEAN[100:101], 10.0), CLEAN[101:]),
    "unsorted": lambda: rows(CLEAN[:100], CLEAN[101:102], CLEAN[100:101], CLEAN[102:]),
    "wrong_tz": lambda: (later(bars_of(Timeframe.H1, 210), "-4h"), MUCH_LATER),
    "zero_price": lambda: cells(low=0.0),
}
"""Check to the smallest defect that fires its code and no other."""
FOLLOW: dict[str, set[str]] = {
    "misdated": {"OFF_SESSION", "GAP", "LOW_COVERAGE"},
    "reused_ticker": {"GAP", "LOW_COVERAGE", "OFF_SESSION"},
    "special_session": {"OFF_SESSION"},
}
"""What a defect can not be without: bars with wrong dates lie on closed days and leave holes."""


def test_clean_bars_are_silent_under_every_check() -> None:
    assert run(MARKET.bars(), now=NOW) == []
    assert run(SyntheticMarket(n_symbols=3, n_bars=300).bars()) == []


@pytest.mark.parametrize("name", CHECKS.names())
def test_a_check_finds_its_planted_defect_and_no_other_check_does(name: str) -> None:
    assert name in PLANTED, f"a new check needs a row in PLANTED: the smallest defect that {name} alone must see"
    frame, now = PLANTED[name]()
    findings = run(frame, calendar="XNYS", now=now)
    assert {finding.code for finding in findings} - FOLLOW.get(name, set()) == {name.upper()}
    assert all(finding.code in finding.message and finding.fix.startswith("augury ") for finding in findings)


@pytest.mark.parametrize("name", CHECKS.names())
def test_a_defect_among_sound_series_is_refused_as_it_is_alone(name: str) -> None:
    planted, _ = PLANTED[name]()
    sound = _sound()
    try:
        bad = [one for _, one in sorted(_apart(sound.with_frame(planted)).items())]
    except (AuguryError, pl.exceptions.PolarsError):  # such rows never become bars: nothing to check
        bad = []
    if not bad:
        assert name in ("bad_symbol", "conflict", "duplicate", "empty", "out_of_range_ts", "schema", "unsorted")
        return
    series = [*_apart(sound).values(), *bad]
    alone = [*_sound_alone(), *({one.code for one in check(bars).errors} for bars in bad)]
    for order, wanted in ((series, alone), (series[::-1], alone[::-1])):
        assert [{one.code for one in found.errors} for found in check_each(order)] == wanted


@cache
def _sound() -> Bars:
    return SyntheticMarket(n_symbols=3, n_bars=300, seed=11).bars()


@cache
def _sound_alone() -> tuple[set[str], ...]:
    return tuple({one.code for one in check(bars).errors} for bars in _apart(_sound()).values())


def _apart(bars: Bars) -> dict[str, Bars]:
    frames = bars.frame.partition_by("symbol", as_dict=True, maintain_order=True)
    return {str(symbol): replace(bars, frame=frame) for (symbol,), frame in frames.items()}


def test_no_planted_defect_is_left_of_a_check_that_is_gone() -> None:
    assert sorted(PLANTED) == CHECKS.names()


# Layouts


def test_layouts_are_asked_in_one_order_and_none_claims_what_is_no_table_of_bars() -> None:
    ranks = [layout.rank for _, layout in LAYOUTS]
    assert len(set(ranks)) == len(ranks)
    nonsense = Table(numbered(pl.DataFrame({"colour": ["red"], "weight": [1.0]})))
    assert [name for name, layout in LAYOUTS if layout.recognises(nonsense)] == []
    canonical = Table(numbered(CLEAN))
    claims = sorted((layout.rank, name) for name, layout in LAYOUTS if layout.recognises(canonical))
    assert claims[0][1] == "canonical"


# Feature families


def test_no_two_families_declare_the_same_feature() -> None:
    names = [spec.name for _, family in FAMILIES for spec in family.specs()]
    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize("name", FAMILIES.names())
def test_a_family_declares_where_it_comes_from_and_what_it_reads(name: str) -> None:
    family = FAMILIES.load(name)
    specs = family.specs()
    assert specs
    for spec in specs:
        assert (spec.family, bool(spec.source)) == (name, True)
        assert spec.lookback_bars >= 1
        assert spec.inputs
        assert not {"symbol", "ts"} & set(spec.inputs)
        assert spec.version >= 1


# Baselines


@pytest.fixture(scope="module")
def halves() -> tuple[LabelledTable, LabelledTable]:
    bars = SyntheticMarket(n_symbols=1, n_bars=500).bars()
    spec = LabelSpec.of(bars.timeframe, Horizon.parse("5d"), market_calendar(bars.calendar))
    split = time_ordered(attach(build(bars), bars, spec).known(), 0.7)
    return split.train, split.valid


def answers(baseline: Any, table: LabelledTable) -> list[np.ndarray]:
    bands = baseline.quantiles(table).values() if hasattr(baseline, "quantiles") else ()
    return [baseline.predict(table), baseline.expected_return(table), *bands]


@pytest.mark.parametrize("name", BASELINES.names())
def test_a_baseline_answers_every_row_with_a_code_and_a_return(name: str, halves: Any) -> None:
    train, valid = halves
    codes, returns, *bands = answers(BASELINES.load(name)().fit(train), valid)
    assert (codes.shape, returns.shape) == ((len(valid),), (len(valid),))
    assert codes.dtype == np.int8
    assert set(codes.tolist()) <= set(CODES)
    assert all(np.isfinite(array).all() for array in (returns, *bands))


@pytest.mark.parametrize("name", BASELINES.names())
def test_a_baseline_reads_no_outcome_of_the_rows_it_predicts(name: str, halves: Any) -> None:
    train, valid = halves
    baseline = BASELINES.load(name)().fit(train)
    said = answers(baseline, valid)
    outcomes = (FORWARD_RETURN, LABEL, LABEL_END)
    hidden = valid.with_frame(valid.frame.with_columns(pl.lit(None, valid.frame[n].dtype).alias(n) for n in outcomes))
    turned = valid.with_frame(valid.frame.with_columns(-pl.col(FORWARD_RETURN), -pl.col(LABEL)))
    for table in (hidden, turned):
        assert all(np.array_equal(a, b) for a, b in zip(said, answers(baseline, table), strict=True))
    alone = valid.with_frame(valid.frame[40:41])
    assert all(np.array_equal(a[40:41], b) for a, b in zip(said, answers(baseline, alone), strict=True))


@pytest.mark.parametrize("name", BASELINES.names())
def test_a_baseline_forgets_nothing_between_two_questions(name: str, halves: Any) -> None:
    train, valid = halves
    baseline = BASELINES.load(name)().fit(train)
    first = answers(baseline, valid)
    answers(baseline, train)
    assert all(np.array_equal(a, b) for a, b in zip(first, answers(baseline, valid), strict=True))


# Weight rules


@pytest.mark.parametrize("name", WEIGHT_RULES.names())
@pytest.mark.parametrize("members", [1, 2, 4])
def test_weights_are_positive_and_sum_to_one_even_over_noise(name: str, members: int) -> None:
    rng = np.random.default_rng(members)
    predictions = {f"m{at}": rng.dirichlet((1, 1, 1), 200) for at in range(members)}
    weighed = WEIGHT_RULES.load(name)(predictions, rng.integers(-1, 2, 200).astype(np.int8))
    assert weighed.weights.keys() == predictions.keys()
    assert min(weighed.weights.values()) > 0
    assert sum(weighed.weights.values()) == pytest.approx(1, abs=1e-12)


# Gates

WITHOUT_LIMIT = {"finite"}
"""Gates for which a single bad value is one too many."""


@pytest.mark.parametrize("name", GATES.names())
def test_a_gate_has_a_stable_code_an_effect_and_limits_with_reasons(name: str) -> None:
    gate, limits = GATES.load(name), load_limits()
    assert re.fullmatch(r"[A-Z_]+", gate.code)
    assert gate.effect in ("refuse", "insufficient", "abstain", "note")
    read = set(re.findall(r"limits\[\"([\w.]+)\"\]", inspect.getsource(inspect.getmodule(gate.measure))))
    assert read <= set(limits.values)
    own = {key for key in limits.values if key.startswith(f"{name}.")}
    assert bool(own) is (name not in WITHOUT_LIMIT)
    assert own <= read, f"limits that nothing reads: {own - read}"
    assert all(len(limits.reasons[key].split()) >= 8 for key in own)


def test_gates_have_codes_of_their_own_and_every_limit_belongs_to_one() -> None:
    codes = [gate.code for _, gate in GATES]
    assert len(set(codes)) == len(codes)
    # The null gates judge data of their own, not report rows: they stand outside the catalogue.
    assert {key.partition(".")[0] for key in load_limits().values} - {"null"} == set(GATES.names()) - WITHOUT_LIMIT


# Executors and jobs


@pytest.mark.parametrize("name", EXECUTORS.names())
def test_an_executor_answers_every_task_once_and_nothing_for_nothing(name: str) -> None:
    assert list(EXECUTORS.load(name)(2).run([])) == []
    refused = list(EXECUTORS.load(name)(2).run([("no_such_job", {}), ("trian", {})]))
    assert sorted(index for index, _ in refused) == [0, 1]
    assert {type(error_of(result)) for _, result in refused} == {UnknownName}


HELD = {"dataset": "NOPE", "sealed_from": None}


@pytest.mark.parametrize("name", JOBS.names())
def test_a_job_takes_one_object_and_refuses_bars_that_are_not_there_by_name(name: str, tmp_path: Path) -> None:
    job = JOBS.load(name)
    assert len(inspect.signature(job).parameters) == 1
    cell = {"symbol": "NOPE", "timeframe": "d1", "horizon": "5d"}
    study = Study.create(tmp_path, StudySpec("one", "logreg", cell))
    places = {"lake": tmp_path / "lake", "staged": tmp_path / "staged", "data_dir": tmp_path, "study": study.folder}
    asked: dict[str, Any] = {name: str(place) for name, place in places.items()}
    asked |= {"recipe": {}, "holdout": HELD, **cell}
    asked |= {"settings": {"data_dir": str(tmp_path)}, "cells": [[*cell.values()]], "allow_stale": False}
    with pytest.raises(AuguryError, match="NOPE"):
        # One that answers for many cells hands each refusal back instead of raising it.
        raise error_of(job(asked | {"now": "2026-11-20T12:00:00+00:00"})["bundles"][0]["errors"][0][1])  # type: ignore[misc]
    assert list(tmp_path.rglob("*.parquet")) == []


def test_bars_refuse_a_frame_that_is_not_canonical() -> None:
    with pytest.raises(AuguryError, match="not a canonical bar frame"):
        Bars(CLEAN.drop("volume"), MARKET.timeframe)
