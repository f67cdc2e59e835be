from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from augury.core.errors import InsufficientHistory, NotFound, ValidationError
from augury.core.recipe import Recipe
from augury.core.score import Verdict
from augury.core.tables import LabelledTable
from augury.core.timeframe import Timeframe
from augury.runs.cells import Cell, plan_cells
from augury.runs.executors.inline import Inline
from augury.runs.executors.pool import Pool
from augury.runs.intake import bars_of
from augury.runs.jobs import train as train_job
from augury.runs.training import train
from augury.runs.workspace import Workspace

CELL = Cell("SYN001", "d1", "5d")


def test_a_trained_cell_becomes_the_champion_with_its_verdict(workspace: Workspace, tiny: Recipe) -> None:
    (outcome,) = train(workspace, [CELL], tiny)
    assert outcome.manifest is not None
    assert outcome.manifest.verdict.word in ("skill", "calibrated_only", "insufficient")
    assert workspace.store.versions.champion("SYN001", "d1", "5d") == outcome.manifest.version
    _, stored = workspace.store.artifacts.open("SYN001", "d1", "5d", outcome.manifest.version)
    assert stored == outcome.manifest
    assert abs(sum(stored.weights.values()) - 1) < 1e-9
    assert {score.slice for score in stored.scores} == {"report", "select"}


def test_one_failing_cell_leaves_the_others_and_every_end_is_recorded(workspace: Workspace, tiny: Recipe) -> None:
    cells = [CELL, Cell("MISSING", "d1", "5d"), Cell("SYN002", "d1", "5d")]
    outcomes = {outcome.cell: outcome for outcome in train(workspace, cells, tiny)}
    assert isinstance(outcomes[cells[1]].error, NotFound)
    assert "augury data import FILE --symbol MISSING --timeframe d1" in str(outcomes[cells[1]].error)
    assert outcomes[cells[0]].exit_code == outcomes[cells[2]].exit_code == 0
    recorded = {(row.symbol, row.status) for row in workspace.store.training_runs.list()}
    assert recorded == {("SYN001", "succeeded"), ("MISSING", "failed"), ("SYN002", "succeeded")}


def test_the_gates_refusal_registers_the_version_and_leaves_the_old_champion(
    workspace: Workspace, tiny: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    (first,) = train(workspace, [CELL], tiny)

    def leaking(bars, cell, recipe):  # type: ignore[no-untyped-def]
        labelled = original(bars, cell, recipe)
        name = labelled.manifest.names[0]
        leaked = pl.col("fwd_ret").cast(pl.Float32).fill_null(0.5).alias(name)
        return labelled.with_frame(labelled.frame.with_columns(leaked))

    original = train_job.label_cell
    monkeypatch.setattr(train_job, "label_cell", leaking)
    (second,) = train(workspace, [CELL], tiny.replace(seed=7), executor=Inline())
    assert second.manifest is not None
    assert second.exit_code == 5
    assert second.manifest.verdict.word == "refused"
    assert "SUSPECT_LEAK" in {gate.code for gate in second.manifest.verdict.failed}
    assert first.manifest is not None
    assert workspace.store.versions.champion("SYN001", "d1", "5d") == first.manifest.version


def test_a_constant_predictor_is_refused(workspace: Workspace, tiny: Recipe, monkeypatch: pytest.MonkeyPatch) -> None:
    def deaf(bars, cell, recipe):  # type: ignore[no-untyped-def]
        labelled = original(bars, cell, recipe)
        # One early row differs in each column: enough for the lint, too little for any member.
        flat = [
            (pl.int_range(pl.len()) == k).cast(pl.Float32).alias(name) for k, name in enumerate(labelled.manifest.names)
        ]
        return labelled.with_frame(labelled.frame.with_columns(flat))

    original = train_job.label_cell
    monkeypatch.setattr(train_job, "label_cell", deaf)
    (outcome,) = train(workspace, [CELL], tiny, executor=Inline())
    assert outcome.manifest is not None
    assert "CONSTANT" in {gate.code for gate in outcome.manifest.verdict.failed}
    assert outcome.exit_code == 5
    assert workspace.store.versions.champion("SYN001", "d1", "5d") is None


def test_features_without_any_use_are_named_and_nothing_is_trained(
    workspace: Workspace, tiny: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dead(bars, cell, recipe):  # type: ignore[no-untyped-def]
        labelled = original(bars, cell, recipe)
        return labelled.with_frame(
            labelled.frame.with_columns(pl.lit(1.0).cast(pl.Float32).alias(n) for n in labelled.manifest.names)
        )

    original = train_job.label_cell
    monkeypatch.setattr(train_job, "label_cell", dead)
    (outcome,) = train(workspace, [CELL], tiny, executor=Inline())
    assert outcome.exit_code == 3
    assert "none of the 48 features" in str(outcome.error)


def test_a_dropped_feature_is_named_in_the_record_of_the_run_and_the_version_serves_without_it(
    workspace: Workspace, tiny: Recipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    def planted(bars, cell, recipe):  # type: ignore[no-untyped-def]
        labelled = original(bars, cell, recipe)
        copy = (pl.col("rsi_14") * 2.0).alias("rsi")
        return labelled.with_frame(labelled.frame.with_columns(pl.lit(1.0).cast(pl.Float32).alias("obv"), copy))

    original = train_job.label_cell
    monkeypatch.setattr(train_job, "label_cell", planted)
    (outcome,) = train(workspace, [CELL], tiny, executor=Inline())
    assert outcome.manifest is not None
    dropped = {e["feature"]: e["kind"] for e in outcome.manifest.events if e["event"] == "feature_dropped"}
    assert dropped == {"obv": "constant", "rsi_14": "copy"}
    assert not set(dropped) & set(outcome.manifest.features.names)


def test_processes_and_one_process_give_identical_artifacts(workspace: Workspace, tiny: Recipe) -> None:
    cells = plan_cells(["SYN001", "SYN002"], ["d1"], ["5d"])
    apart = {o.cell: o for o in train(workspace, cells, tiny, executor=Pool(2))}
    alone = {o.cell: o for o in train(workspace, cells, tiny, executor=Inline())}
    for cell in cells:
        first, second = apart[cell].manifest, alone[cell].manifest
        assert first is not None
        assert second is not None
        assert first.content_hash == second.content_hash
        assert first.files == second.files


def test_invalid_bars_are_refused_before_anything_is_trained(workspace: Workspace, tiny: Recipe) -> None:
    bars = bars_of(workspace.lake, "SYN001", Timeframe.D1)
    broken = bars.frame.with_columns(
        high=pl.when(pl.int_range(pl.len()) == 300).then(pl.col("low") * 0.9).otherwise(pl.col("high"))
    )
    workspace.lake.write(bars.with_frame(broken))
    (outcome,) = train(workspace, [CELL], tiny)
    assert isinstance(outcome.error, ValidationError)
    assert outcome.exit_code == 3
    assert "OHLC_ORDER" in str(outcome.error)
    assert workspace.store.versions.list() == []


def test_too_little_history_says_how_much_is_needed(workspace: Workspace, tiny: Recipe) -> None:
    bars = bars_of(workspace.lake, "SYN001", Timeframe.D1)
    workspace.lake.write(bars.with_frame(bars.frame.tail(150)))
    (outcome,) = train(workspace, [CELL], tiny)
    assert isinstance(outcome.error, InsufficientHistory)
    assert "needs 100" in str(outcome.error)


def test_a_far_horizon_without_enough_independent_rows_gives_bands_only(workspace: Workspace, tiny: Recipe) -> None:
    (outcome,) = train(workspace, [Cell("SYN001", "d1", "60d")], tiny)
    assert outcome.manifest is not None
    assert outcome.manifest.weights == {}
    assert outcome.manifest.verdict.word == "insufficient"


def test_weights_are_fitted_on_rows_that_neither_train_the_scored_member_nor_score(
    workspace: Workspace, tiny: Recipe
) -> None:
    bars = bars_of(workspace.lake, "SYN001", Timeframe.D1)
    trained = train_job.train_cell(bars, CELL, tiny)
    labelled: LabelledTable = train_job.label_cell(bars, CELL, tiny).known()
    rows, _ = trained.ensemble.out_of_fold_prediction()
    last_fitted = labelled.frame["label_end"][int(rows.max())]
    assert last_fitted < labelled.frame["ts"][int(0.7 * len(labelled))]


def test_another_seed_or_label_is_another_content_hash(workspace: Workspace, tiny: Recipe) -> None:
    bars = bars_of(workspace.lake, "SYN001", Timeframe.D1)
    manifest = train_job.train_cell(bars, CELL, tiny).manifest
    spec = replace(manifest.label_spec, threshold=manifest.label_spec.threshold * 2)
    hashes = {
        manifest.content_hash,
        replace(manifest, label_spec=spec).content_hash,
        replace(manifest, verdict=Verdict("refused")).content_hash,
    }
    assert len(hashes) == 3
    assert replace(manifest, version="x", created_at="y", parent="z").content_hash == manifest.content_hash
