"""From a name to a model that answers; REC-04."""

from __future__ import annotations

from datetime import timedelta

import pytest
import structlog

from augury.core.errors import CorruptArtifact, NotFound, NotTrained, StaleModel, UnknownName
from augury.core.score import Verdict
from augury.records.database import transaction
from augury.records.registry.loader import EnsembleLoader, get_production_ensemble_with_trained_weights
from augury.records.tables import model_versions

DAY = timedelta(days=1)


@pytest.fixture
def loader(store, make):
    return EnsembleLoader(store, make.ensemble.read)


def damage(store, manifest):
    folder = store.artifacts.place(manifest.symbol, manifest.timeframe, manifest.horizon, manifest.version)
    (folder / "ensemble.json").write_text('{"answer": 666}')


def test_the_champion_is_loaded(loader, make):
    make.version(loader.store, answer=1)
    manifest = make.version(loader.store, answer=2, created_at=make.now + DAY)
    make.version(loader.store, answer=3, created_at=make.now + 2 * DAY, promote=False)
    for timeframe in ("d1", "1d"):
        loaded = loader.load_latest_model("^GSPC", timeframe)
        assert (loaded.ensemble.predict(None), loaded.manifest, loaded.degraded) == (2, manifest, False)


def test_nothing_promoted_is_none_and_an_unknown_timeframe_is_an_error(loader, make):
    assert loader.load_latest_model("^GSPC", "d1") is None
    make.version(loader.store, promote=False)
    assert loader.load_latest_model("^GSPC", "d1", "5d") is None
    assert loader.get_model_info("^GSPC", "d1") is None
    with pytest.raises(UnknownName):
        loader.load_latest_model("^GSPC", "d7")


def test_without_a_horizon_the_base_horizon_answers_else_the_shortest(loader, make):
    for i, horizon in enumerate(("90d", "15d", "5d")):
        make.version(loader.store, horizon=horizon, answer=i)
        expected = {0: "90d", 1: "15d", 2: "5d"}[i]
        assert loader.load_latest_model("^GSPC", "d1").manifest.horizon == expected
    assert loader.load_latest_model("^GSPC", "d1", "90d").ensemble.answer == 0


def test_a_version_older_than_the_limit_is_refused_unless_allowed(open_store, make):
    make.version(open_store())
    at_limit = EnsembleLoader(open_store(make.now + 60 * DAY), make.ensemble.read)
    assert at_limit.load_latest_model("^GSPC", "d1") is not None
    later = EnsembleLoader(open_store(make.now + 80 * DAY), make.ensemble.read)
    text = (
        r"^model \^GSPC d1 20261121 is 80 days old \(limit 60\) -> run: augury train --symbol \^GSPC --timeframe d1, or"
    )
    with pytest.raises(StaleModel, match=text + " add --allow-stale$"):
        later.load_latest_model("^GSPC", "d1")
    assert later.load_latest_model("^GSPC", "d1", allow_stale=True) is not None
    assert later.load_latest_model("^GSPC", "d1", max_age_days=80) is not None
    assert not get_production_ensemble_with_trained_weights("^GSPC", "d1", loader=later).is_trained


def test_a_damaged_champion_is_replaced_by_the_last_good_version_and_says_so(loader, make):
    make.version(loader.store, answer=1)
    make.version(loader.store, answer=9, created_at=make.now + DAY, promote=False, verdict=Verdict("refused"))
    middle = make.version(loader.store, answer=2, created_at=make.now + 2 * DAY)
    champion = make.version(loader.store, answer=3, created_at=make.now + 3 * DAY)
    damage(loader.store, champion)
    with structlog.testing.capture_logs() as logs:
        loaded = loader.load_latest_model("^GSPC", "d1")
    assert (loaded.ensemble.answer, loaded.degraded) == (2, True)
    assert [(entry["log_level"], entry["version"], entry["stands_in"]) for entry in logs] == [
        ("warning", champion.version, middle.version)
    ]
    damage(loader.store, middle)
    assert loader.load_latest_model("^GSPC", "d1").ensemble.answer == 1


def test_when_no_version_is_whole_the_train_command_is_named(loader, make):
    damage(loader.store, make.version(loader.store))
    with pytest.raises(NotTrained, match=r"no trained model for \^GSPC d1: .* -> run: augury train --symbol \^GSPC"):
        loader.load_latest_model("^GSPC", "d1")
    production = get_production_ensemble_with_trained_weights("^GSPC", "d1", loader=loader)
    assert not production.is_trained


def test_a_version_swapped_for_another_sealed_one_is_refused(loader, make):
    manifest = make.version(loader.store)
    with transaction(loader.store.engine) as connection:
        changed = manifest.to_json() | {"parent": "someone"}
        connection.execute(model_versions.update().values(manifest_json=changed))
    with pytest.raises(CorruptArtifact, match=r"manifest\.json .* is not the one that was registered"):
        loader.load("^GSPC", "d1", "5d", manifest.version)


def test_any_version_is_loaded_by_name_and_nothing_stands_in_for_it(loader, make):
    old = make.version(loader.store, answer=1)
    make.version(loader.store, answer=2, created_at=make.now + DAY)
    assert loader.load("^GSPC", "d1", "5d", old.version).ensemble.answer == 1
    assert loader.load("^GSPC", "d1", "5d").ensemble.answer == 2
    damage(loader.store, old)
    with pytest.raises(CorruptArtifact):
        loader.load("^GSPC", "d1", "5d", old.version)
    with pytest.raises(NotFound):
        loader.load("^GSPC", "d1", "5d", "20200101T000000Z-abcdef")
    with pytest.raises(NotTrained):
        loader.load("^GSPC", "d1", "90d", "@champion")


def test_a_version_trained_without_a_member_is_degraded(loader, make):
    make.version(loader.store, degraded=True)
    assert loader.load_latest_model("^GSPC", "d1").degraded


def test_models_are_listed_by_symbol_timeframe_and_date_the_newest_first(loader, make):
    for days, horizon in ((0, "5d"), (0, "15d"), (9, "5d")):
        make.version(loader.store, "BRK.B", horizon=horizon, created_at=make.now + days * DAY)
    make.version(loader.store, "A_B", "w1", "30d")
    assert loader.list_available_models() == {
        "A_B": {"w1": ["2026-11-21"]},
        "BRK.B": {"d1": ["2026-11-30", "2026-11-21"]},
    }


def test_info_is_the_manifest_and_reads_no_model(loader, make):
    manifest = make.version(loader.store)
    damage(loader.store, manifest)
    assert loader.get_model_info("^GSPC", "d1") == manifest.to_json()


def test_what_answers_in_production_is_an_object_before_anything_was_trained(loader, make):
    production = get_production_ensemble_with_trained_weights("^GSPC", "d1", loader=loader)
    assert not production.is_trained
    with pytest.raises(NotTrained, match=r"^no trained model for \^GSPC d1 -> run: augury train"):
        production.predict(None)
    make.version(loader.store, answer=4)
    production = get_production_ensemble_with_trained_weights("^GSPC", "d1", loader=loader)
    assert production.is_trained
    assert production.predict(None) == 4


def test_calls_on_the_class_answer_from_the_store_that_the_settings_name(
    data_dir, database_url, open_store, make, monkeypatch
):
    monkeypatch.setenv("AUGURY_DATA_DIR", str(data_dir))
    monkeypatch.setenv("DATABASE_URL", database_url)
    assert EnsembleLoader.list_available_models() == {}
    assert EnsembleLoader.load_latest_model("^GSPC", "d1") is None
    manifest = make.version(open_store())
    assert EnsembleLoader.list_available_models() == {"^GSPC": {"d1": ["2026-11-21"]}}
    assert EnsembleLoader.get_model_info("^GSPC", "d1")["version"] == manifest.version
    assert "champion" in EnsembleLoader.load_latest_model.__doc__
