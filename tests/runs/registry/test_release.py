"""A version that was too good to be true serves only after an audit of that very version (BEY-09, Q03)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import polars as pl
import pytest

from augury.core.bars import Bars
from augury.core.errors import DataError, GateRefused, SuspectLeak, UsageError
from augury.core.recipe import Recipe
from augury.core.score import GateResult, Verdict
from augury.core.tables import LabelledTable
from augury.data.synthetic import SyntheticMarket
from augury.proof.audit import version_stages
from augury.records.registry.version_rows import VersionRow
from augury.runs.cells import Cell
from augury.runs.executors.inline import Inline
from augury.runs.forecasts.forecasting import forecast
from augury.runs.jobs import rebuild
from augury.runs.jobs import train as train_job
from augury.runs.proving import validation
from augury.runs.proving.reproduction import reproduce
from augury.runs.proving.validation import revalidate
from augury.runs.registry import release as releasing
from augury.runs.registry.registration import release_of
from augury.runs.registry.release import release
from augury.runs.training import train
from augury.runs.workspace import Workspace

CELL = Cell("SYN001", "d1", "1d")


def stopped(workspace: Workspace, recipe: Recipe, ic: float = 0.5) -> VersionRow:
    """Train on a market that really holds as much: the gate cannot know that and stops it."""
    workspace.lake.write(SyntheticMarket(n_symbols=1, n_bars=700, ic=ic, seed=5).bars())
    (outcome,) = train(workspace, [CELL], recipe, executor=Inline())
    assert outcome.manifest is not None
    return workspace.store.versions.get(*_key(CELL), outcome.manifest.version)


def _key(cell: Cell) -> tuple[str, str, str]:
    return cell.symbol, cell.timeframe, cell.horizon


def leaking(original: Callable[..., LabelledTable]) -> Callable[..., LabelledTable]:
    """The outcome itself under the name of a feature, as good as a correlation of 1."""

    def labelled(bars: Bars, cell: Cell, recipe: Recipe) -> LabelledTable:
        table = original(bars, cell, recipe)
        told = pl.col("fwd_ret").cast(pl.Float32).fill_null(0.5).alias("rsi_14")
        return table.with_frame(table.frame.with_columns(told))

    return labelled


def test_an_honest_version_that_was_stopped_is_audited_and_serves(workspace: Workspace, tiny: Recipe) -> None:
    row = stopped(workspace, tiny)
    assert (row.verdict, row.status) == ("refused", "rejected")
    assert workspace.store.versions.champion(*_key(CELL)) is None

    done = release(workspace, row, by="test", cuts=4)
    versions = workspace.store.versions
    assert versions.champion(*_key(CELL)) == done.manifest.version != row.version
    assert done.manifest.verdict.word in ("skill", "calibrated_only")
    assert done.manifest.parent == row.version
    assert done.manifest.files == row.manifest.files
    again = versions.get(*_key(CELL), row.version)
    assert (again.status, again.sha256) == ("rejected", row.sha256)
    (bundle,) = forecast(workspace, [CELL])
    assert [one.version for one in bundle.forecasts] == [done.manifest.version]

    evidence = release_of(versions.get(*_key(CELL), done.manifest.version).manifest)
    assert evidence is not None
    assert (evidence["of"], evidence["content_hash"]) == (row.version, row.sha256)
    assert (evidence["verdict"], evidence["data_version"]) == ("clean", row.manifest.data_version)
    assert [stage["stage"] for stage in evidence["stages"]] == ["features", "labels", "splits", "weights", "forecasts"]
    assert evidence["stages"][0]["columns"] == len(row.manifest.features.names)
    assert all(stage["values"] for stage in evidence["stages"])

    with pytest.raises(UsageError, match="was released as"):
        release(workspace, row, by="test", cuts=4)


def test_a_released_version_is_judged_again_with_its_evidence_and_reproduced_from_what_was_trained(
    workspace: Workspace, tiny: Recipe
) -> None:
    done = release(workspace, stopped(workspace, tiny), by="test", cuts=2)
    (judged,) = revalidate(workspace, symbols=["SYN001"], timeframe=None)
    assert judged.reproduced
    assert judged.verdict == done.manifest.verdict
    row = workspace.store.versions.get(*_key(CELL), done.manifest.version)
    found = reproduce(workspace, row)
    assert (found.refusal, found.version) == (None, done.of)


def test_a_leak_in_the_version_s_own_features_is_named_and_nothing_is_released(
    workspace: Workspace, tiny: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    leak = leaking(train_job.label_cell)
    for module in (train_job, validation, releasing, rebuild):
        if hasattr(module, "label_cell"):
            monkeypatch.setattr(module, "label_cell", leak)
    row = stopped(workspace, tiny, ic=0.0)
    assert row.verdict == "refused"
    with pytest.raises(SuspectLeak, match=r"'rsi_14' of features looked ahead \(shift\(-1\)\)") as caught:
        release(workspace, row, by="test", cuts=4)
    assert caught.value.exit_code == 5
    assert "rsi_14" in caught.value.facts["columns"]
    assert workspace.store.versions.champion(*_key(CELL)) is None
    assert [one.status for one in workspace.store.versions.list("SYN001")] == ["rejected"]


def test_a_clean_audit_of_other_features_than_the_version_saw_releases_nothing(
    workspace: Workspace, tiny: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The leak was repaired after the training: today's features are clean, the version is not."""
    with monkeypatch.context() as then:
        then.setattr(train_job, "label_cell", leaking(train_job.label_cell))
        row = stopped(workspace, tiny, ic=0.0)
    with pytest.raises(DataError, match="rule: the audit of that same version"):
        release(workspace, row, by="test", cuts=2)
    assert workspace.store.versions.champion(*_key(CELL)) is None


def test_other_bars_than_it_was_trained_on_are_refused(workspace: Workspace, tiny: Recipe) -> None:
    row = stopped(workspace, tiny)
    workspace.lake.write(SyntheticMarket(n_symbols=1, n_bars=700, ic=0.5, seed=6).bars())
    with pytest.raises(DataError, match="rule: the same bars"):
        release(workspace, row, by="test", cuts=2)


def test_only_what_was_stopped_for_this_alone_can_be_released(workspace: Workspace, tiny: Recipe) -> None:
    (outcome,) = train(workspace, [CELL], tiny, executor=Inline())
    assert outcome.manifest is not None
    row = workspace.store.versions.get(*_key(CELL), outcome.manifest.version)
    with pytest.raises(UsageError, match="was not stopped as too good to be true"):
        release(workspace, row, by="test")
    both = Verdict.of(tuple(GateResult(code, False, "refuse", "no") for code in ("CONSTANT", "SUSPECT_LEAK")))
    worse = replace(row, manifest=replace(row.manifest, verdict=both))
    with pytest.raises(GateRefused, match="CONSTANT refused it as well"):
        release(workspace, worse, by="test")


def test_an_audit_that_could_compare_nothing_releases_nothing(
    workspace: Workspace, tiny: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = stopped(workspace, tiny)

    def silent(*args: object, **settings: object) -> list[object]:
        stages = version_stages(*args, **settings)  # type: ignore[arg-type]
        return [replace(stage, cuts_max=0) if stage.name == "weights" else stage for stage in stages]

    monkeypatch.setattr(releasing, "version_stages", silent)
    with pytest.raises(GateRefused, match="nothing of weights could be compared"):
        release(workspace, row, by="test", cuts=2)
