"""Up and down, empty and filled, in both databases; REC-10."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from augury.core.errors import UsageError
from augury.records import migrate
from augury.records.columns import metadata
from augury.records.database import reading, transaction
from augury.records.store import Store


def test_the_migrations_build_exactly_the_tables_of_the_code(store):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with store.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        assert set(inspect(connection).get_table_names()) == {*metadata.tables, "alembic_version"}


def test_every_check_of_the_code_is_in_the_database(store):
    wanted = {
        (table.name, str(constraint.name))
        for table in metadata.tables.values()
        for constraint in table.constraints
        if type(constraint).__name__ == "CheckConstraint"
    }
    found = inspect(store.engine)
    assert wanted == {(name, check["name"]) for name in metadata.tables for check in found.get_check_constraints(name)}


def test_the_schema_holds_what_the_specification_lists():
    assert {
        *("symbols", "bars", "forecasts", "forecast_evaluations", "training_runs", "drift_monitoring"),
        *("weights_log", "model_versions", "data_versions", "alerts", "jobs", "job_events", "aliases", "alias_log"),
        *("label_specs",),
    } <= set(metadata.tables)


def test_the_code_knows_the_revisions_of_the_folder():
    from alembic.script import ScriptDirectory

    found = [script.revision for script in ScriptDirectory(str(migrate.FOLDER)).walk_revisions()]
    assert list(migrate.REVISIONS) == found[::-1]


def test_down_and_up_again_on_an_empty_store(store):
    migrate.downgrade(store.engine)
    assert migrate.current(store.engine) is None
    assert inspect(store.engine).get_table_names() == ["alembic_version"]
    migrate.upgrade(store.engine)
    assert migrate.current(store.engine) == migrate.head()


def test_down_and_up_again_on_a_filled_store(store, make):
    store.ledger.append([make.forecast(make.version(store))], make.now)
    migrate.downgrade(store.engine)
    assert inspect(store.engine).get_table_names() == ["alembic_version"]
    migrate.upgrade(store.engine)
    assert store.ledger.verify().rows == 0
    store.ledger.append([make.forecast(make.version(store))], make.now)
    assert store.ledger.verify().require().rows == 1


def test_a_migration_that_fails_leaves_nothing(store, monkeypatch):
    from augury.records.migrations import append_only

    migrate.downgrade(store.engine)

    def stop(connection):
        raise RuntimeError("power cut")

    monkeypatch.setattr(append_only, "install", stop)
    with pytest.raises(RuntimeError):
        migrate.upgrade(store.engine)
    assert inspect(store.engine).get_table_names() == ["alembic_version"]
    assert migrate.current(store.engine) is None


def test_a_store_from_the_future_is_refused_by_name(store, open_store):
    with transaction(store.engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(UsageError, match=r"has schema 9999, this Augury knows 0006.*pip install --upgrade augury"):
        open_store()


def test_opening_an_up_to_date_store_does_not_import_alembic(data_dir: Path):
    Store.open(data_dir).close()
    code = f"""
import sys
from pathlib import Path
from augury.records.store import Store
Store.open(Path({str(data_dir)!r})).close()
sys.exit("alembic" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_moments_come_back_in_utc(store, make):
    make.version(store)
    with reading(store.engine) as connection:
        (found,) = connection.execute(metadata.tables["model_versions"].select()).all()
    assert found.created_at == make.now
    assert found.created_at.utcoffset().total_seconds() == 0
