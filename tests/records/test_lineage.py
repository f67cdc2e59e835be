"""Where data came from; DAT-20, in both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import delete, update

from augury.core.bars import Bars
from augury.core.errors import NotFound, StoreError, UnknownName, UsageError
from augury.core.timeframe import Timeframe
from augury.data.lake import Lake
from augury.data.synthetic import SyntheticMarket
from augury.records.database import transaction
from augury.records.lineage import Derivation, Lineage
from augury.records.tables import lineage as table
from augury.runs.intake import import_file
from augury.runs.provenance import from_source, remembered

FILE, WHOLE, PART, MORE = "f" * 64, "a1" * 32, "a2" * 32, "b" * 64


def chain(store) -> Lineage:
    store.lineage.record(
        [
            Derivation(FILE, "file", (), {"path": "prices.csv"}),
            Derivation(WHOLE, "import", (FILE,), {"mapped": ["Close->close"]}, 600),
            Derivation(PART, "symbol", (WHOLE,), {"symbol": "SPY"}, 300, "d1/SPY"),
            Derivation(MORE, "append", (PART, WHOLE), {}, 301, "d1/SPY", "appended"),
        ]
    )
    return store.lineage


def test_ancestors_lead_back_to_the_file_each_once_nearest_first(store, make) -> None:
    found = chain(store).ancestors(MORE)
    assert [(step.depth, step.derivation.kind) for step in found] == [
        (0, "append"), (1, "import"), (1, "symbol"), (2, "file"),
    ]  # fmt: skip
    origin = found[-1].derivation
    assert origin.parameters == {"path": "prices.csv"}
    assert (origin.made_at, origin.software.split()[0]) == (make.now, "augury")


def test_the_beginning_of_a_hash_is_enough_unless_two_begin_so(store) -> None:
    lineage = chain(store)
    assert lineage.resolve("B") == MORE
    with pytest.raises(UsageError, match="2 hashes begin with a: a1a1a1a1a, a2a2a2a2a; give more"):
        lineage.ancestors("a")
    with pytest.raises(NotFound, match="nothing recorded of data 0123"):
        lineage.ancestors("0123")
    for wrong in ("", "xyz", "a%", "a" * 65):
        with pytest.raises(UsageError, match="is no hash"):
            lineage.resolve(wrong)


def test_a_dataset_counts_schema_revisions_and_appends(store) -> None:
    lineage = store.lineage
    changes = [None, "appended", "appended", "revised", "appended", "schema", "revised"]
    versions = [
        lineage.record([Derivation(f"{at:064x}", "symbol", (), {}, 1, "d1/SPY", change)])[0]
        for at, change in enumerate(changes)
    ]
    assert versions == ["1.0.0", "1.0.1", "1.0.2", "1.1.0", "1.1.1", "2.0.0", "2.1.0"]
    assert lineage.current("d1/SPY").version == "2.1.0"
    assert lineage.current("d1/QQQ") is None


def test_saying_the_same_again_writes_nothing_and_counts_nothing(store, open_store, make) -> None:
    first = chain(store).ancestors(MORE)
    again = open_store(make.now + timedelta(days=1))
    again.lineage.record([Derivation(FILE, "file", (), {"path": "prices.csv"})])
    assert again.lineage.record([Derivation(MORE, "append", (PART, WHOLE), {}, 301, "d1/SPY", "appended")]) == ["1.0.1"]
    assert again.lineage.ancestors(MORE) == first


def test_records_are_only_added(store) -> None:
    chain(store)
    for edit in (update(table).values(rows=1), delete(table)):
        with pytest.raises(StoreError, match="lineage is append-only"), transaction(store.engine) as connection:
            connection.execute(edit)
    with pytest.raises(UnknownName, match="known: file, source"):
        store.lineage.record([Derivation(FILE, "guess")])
    with pytest.raises(UnknownName, match="known: schema, revised, appended"):
        store.lineage.record([Derivation(FILE, "file", change="better")])


def market(n_bars: int, seed: int = 1) -> Bars:
    whole = SyntheticMarket(n_symbols=2, n_bars=150, seed=seed).bars()
    return whole.with_frame(whole.frame.group_by("symbol", maintain_order=True).head(n_bars))


def test_an_import_leads_from_the_data_version_of_a_forecast_back_to_the_file(sqlite_store, tmp_path) -> None:
    path, lake = tmp_path / "prices.csv", Lake(tmp_path / "lake")
    market(150).frame.write_csv(path)
    kept = import_file(lake, path, lineage=sqlite_store.lineage)
    read = lake.read(["SYN002"], Timeframe.D1)
    steps = [step.derivation for step in sqlite_store.lineage.ancestors(read.data_version[:12])]
    assert [one.kind for one in steps] == ["symbol", "import", "file"]
    assert [steps[1].child_hash, steps[2].parameters["path"]] == [kept.bars.data_version, str(path)]
    assert (steps[0].dataset, steps[0].version, steps[0].rows) == ("d1/SYN002", "1.0.0", 150)


def test_what_became_of_stored_bars_moves_the_right_number(sqlite_store, tmp_path) -> None:
    lake, lineage, versions = Lake(tmp_path), sqlite_store.lineage, []
    other = market(30, seed=2)
    adjusted = other.with_frame(other.frame.with_columns(adj_close=other.frame["close"]))
    for bars in (market(20), market(20), market(25), other, adjusted):
        with remembered(lineage, lake, bars, from_source(bars, "synthetic")):
            lake.write(bars)
        versions.append(lineage.current("d1/SYN001").version)
    assert versions == ["1.0.0", "1.0.0", "1.0.1", "1.1.0", "2.0.0"]


def test_appended_bars_descend_from_what_was_stored_and_what_came(sqlite_store, tmp_path) -> None:
    lake, lineage = Lake(tmp_path), sqlite_store.lineage
    whole = market(30).of("SYN001")
    old, new = (whole.with_frame(frame) for frame in (whole.frame.head(28), whole.frame.tail(2)))
    for bars in (old, new):
        with remembered(lineage, lake, bars, from_source(bars, "synthetic")):
            lake.append(bars)
    newest, *origins = [step.derivation for step in lineage.ancestors(whole.data_version)]
    assert (newest.kind, newest.parents, newest.version) == ("append", (old.data_version, new.data_version), "1.0.1")
    assert [one.kind for one in origins] == ["source", "source"]
