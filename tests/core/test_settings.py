"""Settings: flag over environment over file over default, each with its origin."""

from __future__ import annotations

from pathlib import Path

import pytest

from augury.core.errors import UsageError
from augury.core.settings import Settings, default_data_dir, mask


def load(tmp_path: Path, flags: dict | None = None, environ: dict | None = None, text: str | None = None) -> Settings:
    if text is not None:
        (tmp_path / "augury.yaml").write_text(text)
    return Settings.load(flags, environ=environ or {}, start=tmp_path)


def test_each_layer_wins_over_the_one_below_and_is_named_as_origin(tmp_path: Path) -> None:
    text = "workers: 2\nrecipe: demo\nmax_age_days: 30\n"
    settings = load(
        tmp_path, {"workers": 4, "recipe": None}, {"AUGURY__WORKERS": "3", "AUGURY__MAX_AGE_DAYS": "10"}, text
    )
    assert (settings.workers, settings.max_age_days, settings.recipe) == (4, 10, "demo")
    origins = settings.origins
    assert (origins["workers"], origins["max_age_days"]) == ("flag", "environment")
    assert origins["recipe"] == f"file {tmp_path / 'augury.yaml'}"
    assert origins["database_url"] == "default"


def test_the_plain_names_are_read_and_the_long_form_wins(tmp_path: Path) -> None:
    plain = {"DATABASE_URL": "postgresql+psycopg://a:b@h/d", "AUGURY_DATA_DIR": str(tmp_path / "d")}
    settings = load(tmp_path, environ=plain)
    assert settings.database_url == plain["DATABASE_URL"]
    assert settings.data_dir == (tmp_path / "d").resolve()
    assert load(tmp_path, environ=plain | {"AUGURY__DATABASE_URL": "other"}).database_url == "other"


def test_the_nearest_file_upward_is_found_and_an_explicit_one_replaces_it(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    (tmp_path / "augury.yaml").write_text("workers: 2")
    (tmp_path / "own.yaml").write_text("workers: 5")
    assert Settings.load(environ={}, start=deep).workers == 2
    assert Settings.load(environ={}, start=deep, config=tmp_path / "own.yaml").workers == 5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("worker: 2", "unknown setting 'worker', did you mean 'workers'"),
        ("zzz: 2", r"unknown setting 'zzz' \(known"),
        ("workers: 0", r"workers=0 is not a whole number in 1\.\.64"),
        ("workers: two", "workers=two"),
        ("max_age_days: -3", "max_age_days=-3"),
        ("[1, 2]", "must be a mapping"),
        ("a: [", "is not YAML"),
    ],
)
def test_wrong_settings_are_named_with_the_near_miss(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load(tmp_path, text=text)


def test_a_missing_config_file_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot read config"):
        Settings.load(environ={}, config=tmp_path / "none.yaml")


def test_secrets_are_masked_where_settings_are_shown(tmp_path: Path) -> None:
    settings = load(tmp_path, environ={"DATABASE_URL": "postgresql+psycopg://me:hunter2@host/db"})
    assert "hunter2" not in str(settings.shown())
    assert ("database_url", "postgresql+psycopg://me:***@host/db", "environment") in settings.shown()
    assert mask("sqlite:///x.db") == "sqlite:///x.db"


def test_the_data_folder_follows_the_users_data_home(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/somewhere")
    assert default_data_dir() == Path("/somewhere/augury")
    monkeypatch.delenv("XDG_DATA_HOME")
    assert default_data_dir() == Path.home() / ".local" / "share" / "augury"
