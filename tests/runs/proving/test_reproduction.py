"""BEY-05: a fresh process and an empty folder give the same bytes, for every family of model."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from augury.core.errors import DataError, NotFound, TemporaryError
from augury.core.recipe import Recipe
from augury.core.timeframe import Timeframe
from augury.core.typing import Json
from augury.runs.cells import Cell
from augury.runs.executors._protocol import answer
from augury.runs.proving import reproduction
from augury.runs.proving.reproduction import find_version, reproduce, trained_on
from augury.runs.training import train
from augury.runs.workspace import Workspace

CELL = Cell("SYN001", "d1", "5d")
FAMILIES = Recipe(
    name="families",
    members={
        "rf": {"n_estimators": 8},
        "logreg": {},
        "lgbm": {"n_estimators": 20, "patience": 5},
        "gb": {"n_estimators": 5, "max_depth": 3},
    },
    folds=2,
    horizons=("5d",),
)
"""Every family of the default recipe, not in the order of the alphabet: a stored recipe is sorted."""


@pytest.fixture
def trained(workspace: Workspace) -> Workspace:
    (outcome,) = train(workspace, [CELL], FAMILIES)
    assert outcome.error is None
    return workspace


def test_every_family_gives_the_same_bytes_in_a_fresh_process_and_folder(trained: Workspace) -> None:
    row = find_version(trained, "SYN001")
    found = reproduce(trained, row)
    assert found.members == tuple(sorted(FAMILIES.members))
    what = [one.what for one in found.rows]
    assert {"bars", "features", "manifest", "forecast", "files/ensemble.json"} <= set(what)
    for name in FAMILIES.members:
        assert sum(one.startswith(f"files/members/{name}/") for one in what) >= 2
    assert [one for one in found.rows if not one.equal] == []
    assert all(len(one.old or "") == 64 for one in found.rows)
    assert found.refusal is None
    assert found.libraries == {}


def test_another_seed_is_named_by_the_first_file_that_differs(
    trained: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reseeded(task: Json, seconds_max: int) -> Json:
        return answer("rebuild", task | {"recipe": task["recipe"] | {"seed": 7}})

    monkeypatch.setattr(reproduction, "_ask", reseeded)
    found = reproduce(trained, find_version(trained, "SYN001"))
    assert found.refusal is not None
    assert found.refusal.exit_code == 5
    assert "files/ensemble.json was" in str(found.refusal)
    assert [one.equal for one in found.rows if one.what in ("bars", "features")] == [True, True]


def test_bars_that_were_revised_are_refused_and_bars_that_were_added_are_left_out(trained: Workspace) -> None:
    manifest = find_version(trained, "SYN001").manifest
    bars = trained.lake.read(["SYN001"], Timeframe.D1)
    earlier = bars.with_frame(bars.frame.head(600))
    cut = replace(
        manifest, data_last=f"{earlier.frame['ts'][-1]:%Y-%m-%dT%H:%M:%SZ}", data_version=earlier.data_version
    )
    assert trained_on(trained, cut).data_version == earlier.data_version
    trained.lake.write(bars.with_frame(bars.frame.with_columns(volume=pl.col("volume") + 1)))
    with pytest.raises(DataError, match="the same bars"):
        trained_on(trained, manifest)


def test_a_process_that_takes_too_long_is_ended(trained: Workspace) -> None:
    with pytest.raises(TemporaryError, match="ended after 0 s"):
        reproduce(trained, find_version(trained, "SYN001"), seconds_max=0)


def test_a_version_is_found_by_name_by_its_last_digits_or_as_a_champion(trained: Workspace) -> None:
    row = find_version(trained, "SYN001")
    assert find_version(trained, row.version).version == row.version
    assert find_version(trained, row.version[-6:]).version == row.version
    assert find_version(trained, "SYN001", timeframe="d1", horizon="5d").version == row.version
    with pytest.raises(NotFound, match="'NOPE'"):
        find_version(trained, "NOPE")
