"""Flag over environment over recipe over default, and each value says where it came from."""

from __future__ import annotations

import pytest

from augury.core.errors import UnknownName, UsageError
from augury.learning.environment import resolve
from augury.learning.schedules import build_schedule


def test_each_layer_wins_over_the_one_below() -> None:
    recipe = {"optimizer": "adamw", "seed": 7, "epochs": 30}
    environ = {"OPTIMIZER_TYPE": "adabelief", "NUM_WORKERS": "2"}
    found = resolve({"epochs": 5, "patience": None}, environ=environ, recipe=recipe)
    assert (found.settings.optimizer, found.settings.epochs, found.settings.seed) == ("adabelief", 5, 7)
    assert found.settings.workers == 2
    told = {name: found.origins[name] for name in ("epochs", "optimizer", "workers", "seed", "patience")}
    assert told == {
        "epochs": "flag",
        "optimizer": "environment OPTIMIZER_TYPE",
        "workers": "environment NUM_WORKERS",
        "seed": "recipe",
        "patience": "default",
    }
    assert resolve({"optimizer": "adamw"}, environ=environ).origins["optimizer"] == "flag"
    assert ("optimizer", "adabelief", "environment OPTIMIZER_TYPE") in found.shown()


@pytest.mark.parametrize("variable", ["SCHEDULER_TYPE", "SCHEDULER"])
def test_every_variable_acts(variable: str) -> None:
    environ = {variable: "cosine_restarts", "COSINE_T0": "3", "COSINE_TMULT": "2", "COSINE_ETA_MIN": "5e-5"}
    found = resolve({"learning_rate": 1e-3}, environ=environ)
    assert found.settings.schedule_settings == {"t0": 3, "t_mult": 2, "eta_min": 5e-5}
    assert found.origins["schedule_settings.t0"] == "environment COSINE_T0"
    schedule = build_schedule(found.settings)
    assert [epoch for epoch in range(1, 30) if schedule.rate(epoch) == 1e-3] == [3, 9, 21]


def test_safe_mode_is_no_worker() -> None:
    assert resolve(environ={"NUM_WORKERS": "0"}, recipe={"workers": 3}).settings.workers == 0


@pytest.mark.parametrize(
    ("variable", "value", "known"),
    [
        ("SCHEDULER_TYPE", "cosin", "constant, cosine, cosine_restarts, plateau"),
        ("OPTIMIZER_TYPE", "sgdx", "adabelief, adamw"),
    ],
)
def test_an_unknown_value_names_the_variable_and_the_known_ones(variable: str, value: str, known: str) -> None:
    with pytest.raises(UnknownName, match=rf"unknown \w+ '{value}' from environment {variable}.*known: {known}"):
        resolve(environ={variable: value})


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"COSINE_T0": "three"}, "COSINE_T0='three' is not a whole number"),
        ({"COSINE_ETA_MIN": "low"}, "COSINE_ETA_MIN='low' is not a number"),
        ({"NUM_WORKERS": "-1"}, "workers=-1"),
        ({"SCHEDULER": "cosine", "SCHEDULER_TYPE": "plateau"}, "two words for one setting"),
    ],
)
def test_a_value_that_cannot_be_is_refused(environ: dict[str, str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        resolve(environ=environ)


def test_an_unknown_setting_of_a_recipe_is_refused() -> None:
    with pytest.raises(UsageError, match="unknown setting 'epoch', did you mean 'epochs'"):
        resolve(environ={}, recipe={"epoch": 3})


def test_what_means_nothing_for_the_chosen_schedule_is_said_and_left_out() -> None:
    environ = {"COSINE_T0": "3", "COSINE_ETA_MIN": "0"}
    found = resolve({"schedule": "cosine"}, environ=environ)
    assert found.settings.schedule_settings == {"eta_min": 0.0}
    assert found.unused == ("COSINE_T0 (schedule is cosine)",)


def test_settings_of_the_recipe_go_with_the_schedule_they_were_written_for() -> None:
    recipe = {"schedule": "plateau", "schedule_settings": {"wait": 2, "eta_min": 1e-5}}
    found = resolve({"schedule": "cosine_restarts"}, environ={"COSINE_T0": "4"}, recipe=recipe)
    assert found.settings.schedule_settings == {"t0": 4}
    assert found.unused == ("schedule_settings.wait (recipe)", "schedule_settings.eta_min (recipe)")
    kept = resolve({"schedule": "plateau"}, environ={}, recipe=recipe)
    assert kept.settings.schedule_settings == {"wait": 2, "eta_min": 1e-5}


def test_an_empty_environment_changes_nothing() -> None:
    found = resolve(environ={"SCHEDULER_TYPE": " "})
    assert set(found.origins.values()) == {"default"}
