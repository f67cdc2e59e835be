from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from augury.core.clock import FixedClock
from augury.core.errors import CorruptStore, MissingExtra, NotFound, UsageError
from augury.core.forecast import Forecast
from augury.core.recipe import Recipe
from augury.core.settings import Settings
from augury.data.synthetic import SyntheticMarket
from augury.runs.cells import Cell
from augury.runs.executors.inline import Inline
from augury.runs.forecasts.forecasting import forecast
from augury.runs.jobs.rebuild import close_of_last
from augury.runs.training import train
from augury.runs.upkeep import database_copy
from augury.runs.upkeep.backup import backup, restore, verify_backup, verify_store
from augury.runs.workspace import Workspace

CELL = Cell("SYN001", "d1", "5d")


def settings_of(folder: Path, database_url: str = "") -> Settings:
    wanted = {"data_dir": folder, "workers": 1, "database_url": database_url}
    return Settings.load(wanted, environ={}, start=folder.parent)


def filled(settings: Settings, recipe: Recipe) -> list[Forecast]:
    """A store with one version and one forecast, said at the close of the last bar."""
    bars = SyntheticMarket(n_symbols=1, n_bars=700, ic=0.1).bars()
    with Workspace.open(settings, clock=FixedClock(close_of_last(bars))) as workspace:
        workspace.lake.write(bars)
        (outcome,) = train(workspace, [CELL], recipe, executor=Inline())
        assert outcome.manifest is not None
        return said(workspace)


def said(workspace: Workspace) -> list[Forecast]:
    return [row for bundle in forecast(workspace, [CELL]) for row in bundle.forecasts]


@pytest.fixture
def saved(tmp_path: Path, tiny: Recipe) -> Path:
    settings = settings_of(tmp_path / "data")
    filled(settings, tiny)
    with Workspace.open(settings) as workspace:
        backup(workspace, tmp_path / "saved")
    return tmp_path / "saved"


def test_all_is_deleted_and_restored_and_forecasts_are_the_same_bytes(
    tmp_path: Path, tiny: Recipe, database_url: str, request: pytest.FixtureRequest
) -> None:
    settings = settings_of(tmp_path / "data", database_url)
    before = filled(settings, tiny)
    with Workspace.open(settings) as workspace:
        rows = [(row.seq, row.row_hash) for row in workspace.store.ledger.list()]
        made = backup(workspace, tmp_path / "saved")
    assert made["database"] == ("augury.pgdump" if database_url else "augury.sqlite")
    shutil.rmtree(settings.data_dir)
    empty = request.getfixturevalue("postgres_database")() if database_url else ""
    assert verify_backup(tmp_path / "saved").findings == ()

    again = replace(settings, database_url=empty)
    found = restore(tmp_path / "saved", again)

    assert (found.findings, found.ledger_rows, found.versions, found.series) == ((), 1, 1, 1)
    with Workspace.open(again, clock=FixedClock(before[0].made_at)) as workspace:
        assert [(row.seq, row.row_hash) for row in workspace.store.ledger.list()] == rows
        after = said(workspace)
        assert [row.to_json() for row in after] == [row.to_json() for row in before]
        assert [(row.seq, row.row_hash) for row in workspace.store.ledger.list()] == rows  # word for word: not new


def test_a_flipped_byte_of_any_file_is_found_and_is_not_restored(saved: Path, tmp_path: Path) -> None:
    listed = json.loads((saved / "backup.json").read_text())["files"]
    assert {name.split("/")[0] for name in listed} == {"database", "artifacts", "lake"}
    for name in [*listed, "backup.json"]:
        path = saved / name
        content = path.read_bytes()
        at = len(content) // 2
        path.write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        with pytest.raises(CorruptStore):
            verify_backup(saved).require()
        with pytest.raises(CorruptStore):
            restore(saved, settings_of(tmp_path / "new"))
        assert not (tmp_path / "new").exists()
        path.write_bytes(content)
    assert verify_backup(saved).findings == ()


def test_a_missing_and_a_strange_file_are_found(saved: Path) -> None:
    victim = next(path for path in saved.rglob("*.parquet"))
    victim.unlink()
    (saved / "artifacts" / "note.txt").write_text("hello")
    found = verify_backup(saved).findings
    assert [line.split(" is ")[1] for line in found] == ["not of this backup", "missing"]


def test_nothing_is_written_over(saved: Path, tmp_path: Path) -> None:
    with Workspace.open(settings_of(tmp_path / "data")) as workspace, pytest.raises(UsageError, match="not empty"):
        backup(workspace, saved)
    with pytest.raises(UsageError, match="not empty"):
        restore(saved, settings_of(tmp_path / "data"))
    with pytest.raises(NotFound, match="is no backup"):
        restore(tmp_path / "data", settings_of(tmp_path / "new"))


def test_a_version_that_was_edited_on_the_disk_is_found_in_the_data_folder(tmp_path: Path, tiny: Recipe) -> None:
    settings = settings_of(tmp_path / "data")
    filled(settings, tiny)
    with Workspace.open(settings) as workspace:
        assert verify_store(workspace).findings == ()
        victim = next(workspace.store.artifacts.root.glob("*/*/*/*/ensemble.json"))
        victim.write_text(victim.read_text() + " ")
        (found,) = verify_store(workspace).findings
        assert "ensemble.json" in found


def test_a_backup_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_dump(*_: object) -> str:
        raise MissingExtra("pg_dump is missing")

    monkeypatch.setattr("augury.runs.upkeep.backup.copy_out", no_dump)
    with Workspace.open(settings_of(tmp_path / "data")) as workspace, pytest.raises(MissingExtra):
        backup(workspace, tmp_path / "saved")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data"]


def test_without_pg_dump_the_message_names_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    monkeypatch.setattr(database_copy, "_WHEEL", "no_such_package")
    with pytest.raises(MissingExtra, match=r"pg_dump 17 or newer is missing: .*found none"):
        database_copy._binary("pg_dump", 17)


def test_a_backup_of_sqlite_is_not_restored_into_postgresql(saved: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the backup is of SQLite"):
        restore(saved, settings_of(tmp_path / "new", "postgresql+psycopg://localhost/nothing"))
