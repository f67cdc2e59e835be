"""The ledger: append-only, chained, written once; FCT-05, traps P03 and P04."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select, text, update
from sqlalchemy.exc import DBAPIError

from augury.core.errors import CorruptArtifact, CorruptStore, DataError, NotFound, StoreError
from augury.core.forecast import QUANTILES, Forecast
from augury.records.columns import UtcTime
from augury.records.database import reading, transaction
from augury.records.ledger.chain import GENESIS, hash_row, plain
from augury.records.migrations import append_only
from augury.records.registry.version_pages import champions_trained, first_served
from augury.records.store import Store
from augury.records.tables import forecast_heads, forecasts

HOUR = timedelta(hours=1)


@pytest.fixture
def filled(store, make):
    """Two cells, three rows each."""
    for horizon in ("5d", "15d"):
        manifest = make.version(store, horizon=horizon)
        store.ledger.append([make.forecast(manifest, make.now + i * HOUR) for i in range(3)], make.now)
    return store


def tamper(store, *statements):
    """Do what the triggers forbid: as an attacker with the database in hand."""
    with transaction(store.engine) as connection:
        append_only.remove(connection)
        for statement in statements:
            connection.execute(statement if not isinstance(statement, str) else text(statement))
        append_only.install(connection)


def test_what_was_said_comes_back_to_the_last_bit(store, make):
    forecast = make.forecast(make.version(store), made_at=datetime(2026, 11, 21, 10, 58, 0, 123457, UTC))
    (row,) = store.ledger.append([forecast], make.now)
    assert (row.forecast, row.seq, row.prev_hash, row.new, row.recorded_at) == (forecast, 1, GENESIS, True, make.now)
    assert [*store.ledger.list()] == [row]
    assert row.forecast.content_hash == forecast.content_hash


def test_rows_are_chained_within_their_cell(filled):
    rows = filled.ledger.list("^GSPC", "d1", "5d")
    assert [row.seq for row in rows] == [3, 2, 1]
    assert rows[2].prev_hash == GENESIS
    assert [rows[0].prev_hash, rows[1].prev_hash] == [rows[1].row_hash, rows[2].row_hash]
    check = filled.ledger.verify()
    assert (check.rows, check.cells, check.ok, check.first_broken) == (6, 2, True, None)


def test_what_was_said_on_a_day_is_counted_by_cell_without_replays_and_shadows(store, make):
    day, manifest = make.now.date(), make.version(store)
    for at, flags in enumerate(((), (), ("replay",), ("shadow",))):
        store.ledger.append([make.forecast(manifest, make.now + at * HOUR, flags=flags)], make.now)
    late = datetime.combine(day, datetime.max.time(), UTC)
    store.ledger.append([make.forecast(manifest, make.now + 9 * HOUR, flags=())], late)
    assert store.ledger.cells_on(day) == {("^GSPC", "d1", "5d"): 3}
    assert store.ledger.cells_on(day + timedelta(days=1)) == {}


def test_a_cell_knows_since_when_it_is_served_and_how_old_its_champion_is(filled):
    served, trained = first_served(filled.engine), champions_trained(filled.engine)
    assert set(served) == set(trained) == {("^GSPC", "d1", "5d"), ("^GSPC", "d1", "15d")}
    assert all(moment.tzinfo is not None for moment in (*served.values(), *trained.values()))


REWRITES = (
    "UPDATE forecasts SET p_bullish = 0.5 WHERE id = 1",
    "DELETE FROM forecasts WHERE id = 1",
    "DELETE FROM forecasts",
    "UPDATE forecast_heads SET seq = seq - 1",
    "UPDATE forecast_heads SET row_hash = ''",
    "DELETE FROM forecast_heads",
)


def test_the_database_itself_refuses_to_rewrite(filled):
    for statement in REWRITES:
        with pytest.raises(StoreError, match="append-only"), transaction(filled.engine) as connection:
            connection.execute(text(statement))
        with pytest.raises(DBAPIError, match="append-only"), filled.engine.begin() as connection:
            connection.execute(text(statement))
    assert filled.ledger.verify().require().rows == 6


def test_the_database_refuses_to_replace_or_empty(filled):
    if filled.engine.dialect.name == "sqlite":
        copy = "INSERT OR REPLACE INTO forecasts SELECT * FROM forecasts WHERE id = 1"
        heads = "INSERT OR REPLACE INTO forecast_heads SELECT symbol_id, timeframe, horizon, 1, row_hash FROM forecasts"
        statements = [copy, heads]
    else:
        upsert = "INSERT INTO forecasts SELECT * FROM forecasts WHERE id = 1 ON CONFLICT (id) DO UPDATE SET label = 'X'"
        statements = ["TRUNCATE forecasts CASCADE", "TRUNCATE forecast_heads", upsert]
    for statement in statements:
        with pytest.raises(StoreError, match="append-only"), transaction(filled.engine) as connection:
            connection.execute(text(statement))
    assert filled.ledger.verify().require().rows == 6


EDITS = (
    ("p_bearish = 0.3, p_neutral = 0.2", "edited"),
    ("current_price = 1.0", "edited"),
    ("data_hash = row_hash", "edited"),
    ("content_hash = row_hash", "edited"),
    ("flags_json = '[]'", "edited"),
    ("flags_json = '[', label = 'NEUTRAL'", "cannot be read"),
    ("prev_hash = content_hash", "prev_hash"),
    ("row_hash = content_hash", "row_hash"),
    ("seq = 40", "missing"),
)


def test_an_edited_row_breaks_the_chain_at_its_cell_and_place(store, make):
    cells = [f"{i + 1}d" for i in range(len(EDITS))]
    for horizon in (*cells, "99d"):
        manifest = make.version(store, horizon=horizon)
        store.ledger.append([make.forecast(manifest, make.now + i * HOUR) for i in range(3)], make.now)
    where = "WHERE seq = 2 AND horizon ="
    tamper(store, *(f"UPDATE forecasts SET {edit} {where} '{h}'" for h, (edit, _) in zip(cells, EDITS, strict=True)))
    check = store.ledger.verify()
    assert [(found.cell, found.seq) for found in check.breaks] == [(f"^GSPC d1 {horizon}", 2) for horizon in cells]
    for found, (_, reason) in zip(check.breaks, EDITS, strict=True):
        assert reason in found.reason
    with pytest.raises(CorruptStore, match=r"broken at \^GSPC d1 1d row 2.*9 of 10 chains"):
        check.require()


def test_a_forged_row_with_hashes_of_its_own_breaks_at_the_row_after_it(filled):
    second = next(row for row in filled.ledger.list(horizon="5d") if row.seq == 2)
    lie = replace(second.forecast, current_price=second.forecast.current_price * 2)
    forged = hash_row(second.prev_hash, lie.to_json(), 2, second.recorded_at, lie.content_hash)
    here, after = (
        (forecasts.c.horizon == "5d", forecasts.c.seq == 2),
        (forecasts.c.horizon == "5d", forecasts.c.seq == 3),
    )
    changed = {"current_price": lie.current_price, "content_hash": lie.content_hash, "row_hash": forged}
    tamper(filled, update(forecasts).where(*here).values(**changed))
    tamper(filled, update(forecasts).where(*after).values(prev_hash=forged))
    found = filled.ledger.verify().first_broken
    assert (found.cell, found.seq) == ("^GSPC d1 5d", 3)


def test_a_moment_moved_by_a_microsecond_breaks_the_chain(filled, make):
    moved = update(forecasts).where(forecasts.c.seq == 1, forecasts.c.horizon == "5d")
    tamper(filled, moved.values(made_at=make.now + timedelta(microseconds=1)))
    assert filled.ledger.verify().first_broken.seq == 1


def test_a_removed_tail_is_missed(filled):
    for kept in (2, 0):
        tamper(filled, f"DELETE FROM forecasts WHERE horizon = '5d' AND seq > {kept}")
        found = filled.ledger.verify().first_broken
        assert (found.cell, found.seq) == ("^GSPC d1 5d", kept + 1)
        assert "3 rows long" in found.reason


def test_a_removed_end_and_another_end_are_found(filled):
    tamper(filled, "DELETE FROM forecast_heads WHERE horizon = '5d'", "UPDATE forecast_heads SET row_hash = 'x'")
    assert [found.reason for found in filled.ledger.verify().breaks] == [
        "the recorded end of the chain is another row",
        "the end of the chain is not recorded",
    ]


def test_a_renamed_version_or_symbol_breaks_every_chain_that_names_it(filled):
    with transaction(filled.engine) as connection:
        connection.execute(text("UPDATE symbols SET ticker = 'OTHER'"))
    assert len(filled.ledger.verify().breaks) == 2


def test_an_identical_replay_is_found_and_not_written_twice(store, make):
    forecast = make.forecast(make.version(store))
    first = store.ledger.append([forecast, forecast], make.now)
    again = store.ledger.append([forecast], make.now + HOUR)
    assert [row.new for row in (*first, *again)] == [True, False, False]
    assert {row.id for row in (*first, *again)} == {first[0].id}
    assert store.ledger.verify().require().rows == 1


def test_a_recomputation_that_differs_in_anything_is_a_new_row(store, make):
    forecast = make.forecast(make.version(store))
    changes = ({}, {"current_price": 2507.0}, {"data_hash": "e" * 64}, {"flags": ()})
    rows = store.ledger.append([replace(forecast, **change) for change in changes], make.now)
    assert [(row.seq, row.new) for row in rows] == [(1, True), (2, True), (3, True), (4, True)]
    assert store.ledger.verify().require().rows == 4


def test_every_forecast_produced_has_a_row_in_the_same_order(store, make):
    manifests = [make.version(store, symbol, horizon=h) for symbol in ("^GSPC", "A_B") for h in ("5d", "15d", "30d")]
    said = [make.forecast(manifest, make.now + i * HOUR) for i in range(12) for manifest in manifests]
    store.ledger.append(said[:10], make.now)
    rows = store.ledger.append(said, make.now)
    assert [row.forecast for row in rows] == said
    assert sum(row.new for row in rows) == 62
    assert (store.ledger.verify().require().rows, store.ledger.verify().cells) == (72, 6)


def test_a_batch_is_written_whole_or_not_at_all(store, make):
    manifest = make.version(store)
    unknown = replace(make.forecast(manifest), version="20261121T105800Z-ffffff")
    with pytest.raises(NotFound, match=r"20261121T105800Z-ffffff or its label spec is not registered"):
        store.ledger.append([make.forecast(manifest), unknown], make.now)
    assert store.ledger.verify().rows == 0
    assert store.ledger.append([], make.now) == []


def test_a_forecast_of_other_bytes_than_those_registered_is_refused(store, make):
    forecast = replace(make.forecast(make.version(store)), artifact_hash="e" * 64)
    with pytest.raises(CorruptArtifact, match="was made with eeeeeeeeeeee"):
        store.ledger.append([forecast], make.now)


def test_rows_are_listed_newest_first_and_limited(filled):
    rows = filled.ledger.list(limit=4)
    assert [row.id for row in rows] == sorted((row.id for row in rows), reverse=True)
    assert len(rows) == 4
    assert {row.forecast.horizon for row in filled.ledger.list(horizon="15d")} == {"15d"}
    assert filled.ledger.list("NOBODY") == []


def test_one_row_is_found_by_its_id_and_what_was_said_in_the_shadow_is_not(store, make):
    version = make.version(store)
    served, shadow = store.ledger.append(
        [make.forecast(version), make.forecast(version, make.now + timedelta(days=1), flags=("shadow",))], make.now
    )
    assert store.ledger.get(served.id) == served
    for number in (shadow.id, served.id + 100):
        with pytest.raises(NotFound, match=f"no forecast {number} in the ledger"):
            store.ledger.get(number)


BAD_ROWS = (
    ("p_bullish", 0.6, "distribution"),
    ("confidence", 1.5, "confidence"),
    ("q10", 9.0, "bands"),
    ("q975", -9.0, "bands"),
    ("matures_at", datetime(2026, 11, 21, 10, 58, tzinfo=UTC), "moments"),
    ("data_until", datetime(2026, 11, 22, tzinfo=UTC), "moments"),
    ("label", "UP", "label"),
    ("seq", 0, "seq"),
)


def test_the_database_checks_a_row_by_itself(filled):
    with reading(filled.engine) as connection:
        row = dict(connection.execute(select(forecasts).limit(1)).one()._mapping)
    row |= {"id": 99, "seq": 99, "row_hash": "f" * 64, "content_hash": "f" * 64}
    for column, value, check in BAD_ROWS:
        with pytest.raises(StoreError, match=f"ck_forecasts_{check}"), transaction(filled.engine) as connection:
            connection.execute(insert(forecasts).values(**row | {column: value}))


def test_a_chain_cannot_fork_even_past_the_writer_lock(filled):
    with reading(filled.engine) as connection:
        row = dict(connection.execute(select(forecasts).limit(1)).one()._mapping)
    row |= {"id": 99, "row_hash": "f" * 64, "content_hash": "f" * 64}
    with pytest.raises(StoreError), transaction(filled.engine) as connection:
        connection.execute(insert(forecasts).values(**row))


def test_a_naive_moment_is_refused(sqlite_store):
    with pytest.raises(DataError, match="has no time zone"):
        UtcTime().process_bind_param(datetime(2026, 1, 1), sqlite_store.engine.dialect)


numbers = st.floats(-1e6, 1e6)


@settings(max_examples=40)
@given(
    price=st.floats(1e-9, 1e9),
    centre=numbers,
    ladder=st.lists(numbers, min_size=len(QUANTILES), max_size=len(QUANTILES)),
    bearish=st.floats(0, 1),
    offset=st.integers(-12, 12),
    microsecond=st.integers(0, 999_999),
)
def test_any_forecast_survives_the_database_bit_for_bit(
    ledger_room, make, price, centre, ladder, bearish, offset, microsecond
):
    ledger, manifest = ledger_room
    moment = datetime(2026, 11, 21, 10, 58, 0, microsecond, timezone(timedelta(hours=offset)))
    forecast = make.forecast(
        manifest,
        moment,
        current_price=np.float64(price),
        expected_return=centre,
        quantiles=dict(zip(QUANTILES, sorted(ladder), strict=True)),
        p_bearish=bearish,
        p_neutral=1 - bearish,
        p_bullish=0,
    )
    (row,) = ledger.append([forecast], make.now)
    assert row.forecast == plain(forecast) == forecast
    assert Forecast.from_json(row.forecast.to_json()).content_hash == plain(forecast).content_hash
    assert ledger.verify().ok


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def ledger_room(request, make, tmp_path_factory):
    """One ledger for many examples, emptied by nobody."""
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres_database")()
    with Store.open(tmp_path_factory.mktemp("ledger"), url) as store:
        yield store.ledger, make.version(store)


def test_the_recorded_end_only_moves_forward(filled):
    forward = update(forecast_heads).values(seq=forecast_heads.c.seq + 1)
    with transaction(filled.engine) as connection:
        connection.execute(forward)
    assert len(filled.ledger.verify().breaks) == 2
