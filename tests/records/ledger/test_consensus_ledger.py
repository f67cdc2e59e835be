from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from augury.core.errors import NotFound, StoreError
from augury.models.consensus import Consensus, agree
from augury.records.store import Store


@pytest.fixture
def formed(store: Store, make: Any) -> tuple[Consensus, ...]:
    """Two durations that d1 and h4 speak about, their forecasts in the ledger."""
    for timeframe in ("d1", "h4"):
        for horizon in ("5d", "15d"):
            manifest = make.version(store, timeframe=timeframe, horizon=horizon)
            store.ledger.append([make.forecast(manifest)], make.now)
    return tuple(agree(store.consensus.sources(["^GSPC"])["^GSPC"], 390))


def test_rows_come_back_as_they_were_made_and_are_written_once(store: Store, formed: Any, make: Any) -> None:
    rows = store.consensus.append(formed, make.now)
    assert [row.consensus for row in rows] == list(formed)
    assert [row.new for row in rows] == [True, True]
    again = store.consensus.append(formed, make.now + timedelta(hours=1))
    assert [(row.id, row.new) for row in again] == [(row.id, False) for row in rows]
    assert [row.consensus.horizon for row in store.consensus.latest("^GSPC")] == ["5d", "15d"]
    assert store.consensus.per_day() == {make.now.date(): 2}
    assert (store.consensus.verify().rows, store.consensus.verify().ok) == (2, True)


def test_a_recomputation_is_a_new_row(store: Store, formed: Any, make: Any) -> None:
    store.consensus.append(formed, make.now)
    other = replace(formed[0], confidence=0.9)
    (row,) = store.consensus.append([other], make.now)
    assert (row.seq, row.new) == (2, True)
    assert store.consensus.list("^GSPC", "5d")[0].consensus == other
    assert store.consensus.list("^GSPC", until=formed[0].made_at - timedelta(seconds=1)) == []
    assert store.consensus.verify().ok


def test_update_and_delete_are_refused(store: Store, formed: Any, make: Any) -> None:
    store.consensus.append(formed, make.now)
    from augury.records.database import transaction

    for statement in ("UPDATE consensus SET confidence = 1", "DELETE FROM consensus"):
        with pytest.raises(StoreError), transaction(store.engine) as connection:
            connection.execute(text(statement))
    assert store.consensus.verify().ok


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("UPDATE consensus SET confidence = 0.99 WHERE seq = 1 AND horizon = '5d'", "edited"),
        ("UPDATE consensus SET content_json = replace(content_json, 'd1', 'h1') WHERE horizon = '5d'", "edited"),
        ("DELETE FROM consensus WHERE seq = 1 AND horizon = '5d'", "missing"),
        ("DELETE FROM consensus WHERE seq = 2 AND horizon = '5d'", "end of the chain is missing"),
    ],
)
def test_an_edited_row_breaks_its_chain(sqlite_store: Store, make: Any, statement: str, reason: str) -> None:
    manifest = make.version(sqlite_store)
    sqlite_store.ledger.append([make.forecast(manifest)], make.now)
    (one,) = agree(sqlite_store.consensus.sources(["^GSPC"])["^GSPC"], 390)
    sqlite_store.consensus.append([one], make.now)
    sqlite_store.consensus.append([replace(one, confidence=0.7)], make.now)
    with sqlite_store.engine.execution_options(writes=True).begin() as connection:
        for (name,) in connection.exec_driver_sql(
            "SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'consensus'"
        ).all():
            connection.exec_driver_sql(f"DROP TRIGGER {name}")
        connection.execute(text(statement))
    checked = sqlite_store.consensus.verify()
    assert checked.first_broken is not None
    assert checked.first_broken.cell == "^GSPC consensus 5d"
    assert reason in checked.first_broken.reason


def test_a_source_that_is_not_in_the_ledger_is_found(store: Store, formed: Any, make: Any) -> None:
    voice = replace(formed[0].voices[0], row_hash="f" * 64)
    store.consensus.append([replace(formed[0], voices=(voice,))], make.now)
    broken = store.consensus.verify().first_broken
    assert broken is not None
    assert "not in the ledger" in broken.reason


def test_an_unknown_symbol_is_refused(store: Store, formed: Any, make: Any) -> None:
    with pytest.raises(NotFound):
        store.consensus.append([replace(formed[0], symbol="NOPE")], make.now)


def test_sources_are_the_newest_forecast_of_each_cell(open_store: Callable[..., Store], make: Any) -> None:
    store = open_store()
    manifest = make.version(store)
    for hours in (0, 1, 2):
        store.ledger.append([make.forecast(manifest, make.now + timedelta(hours=hours))], make.now)
    (source,) = store.consensus.sources(["^GSPC", "NOPE"])["^GSPC"]
    assert source.forecast.made_at == make.now + timedelta(hours=2)
    scores = store.consensus.scores(["^GSPC"], make.now)
    assert scores == {"^GSPC": {("d1", "5d"): {make.now.date(): pytest.approx(0.3)}}}
