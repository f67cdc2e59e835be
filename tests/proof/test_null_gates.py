"""Q02: where there is nothing to find, nothing may be found; a pipeline that finds it is refused by name."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from known_truth import majority, make_prediction, make_table

from augury.core.errors import UnknownName
from augury.core.manifest import FeatureManifest, FeatureSpec
from augury.core.score import Score, Verdict
from augury.core.tables import LabelledTable
from augury.data.synthetic import SyntheticMarket
from augury.labels.splits import time_ordered
from augury.proof.evaluation import evaluate
from augury.proof.null_data import TABLE_KINDS, null_table, random_walk
from augury.proof.null_gates import null_gates

WIDTH = 80


def wide_table(seed: int = 0, *, leak: float = 0.0) -> LabelledTable:
    """Many columns of noise; with ``leak`` the first one is partly the outcome itself."""
    table = make_table(600, 1, seed=seed)
    rng = np.random.default_rng(seed + 100)
    X = rng.normal(size=(len(table), WIDTH)).astype(np.float32)
    returns = table.forward_returns
    X[:, 0] += np.float32(leak) * (returns / returns.std()).astype(np.float32)
    names = [f"x{at:02d}" for at in range(WIDTH)]
    frame = table.frame.drop("x").with_columns([pl.Series(name, X[:, at]) for at, name in enumerate(names)])
    specs = tuple(FeatureSpec(name, "test", ("close",), 1) for name in names)
    return LabelledTable(frame, FeatureManifest(specs), table.spec, table.data_version)


def linear(table: LabelledTable, *, on_fitted_rows: bool) -> tuple[Score, ...]:
    """Least squares; ``on_fitted_rows`` is the planted fault: it is scored on what it has learned."""
    split = time_ordered(table)
    asked = split.train if on_fitted_rows else split.valid
    weights, *_ = np.linalg.lstsq(split.train.X.astype(float), split.train.forward_returns, rcond=None)
    score = np.clip(asked.X @ weights * 20, -0.9, 0.9)
    return evaluate(make_prediction(asked, score), asked, majority(asked))


def honest(table: LabelledTable) -> tuple[Score, ...]:
    return linear(table, on_fitted_rows=False)


def scored_on_fitted_rows(table: LabelledTable) -> tuple[Score, ...]:
    return linear(table, on_fitted_rows=True)


def draws(table: LabelledTable, kind: str, n: int = 2) -> list[LabelledTable]:
    return [null_table(table, kind, seed) for seed in range(n)]


def test_an_honest_pipeline_finds_nothing_in_any_kind_of_null_data() -> None:
    table = wide_table(leak=0.5)
    found = null_gates({kind: draws(table, kind) for kind in TABLE_KINDS}, honest)
    assert [gate.code for gate in found] == ["NULL_SHUFFLED_TARGET", "NULL_NOISE_FEATURES"]
    assert all(gate.passed for gate in found), [gate.message for gate in found]
    assert Verdict.of(found).word == "skill"


@pytest.mark.parametrize("kind", TABLE_KINDS)
def test_a_pipeline_that_is_scored_on_fitted_rows_is_refused_under_the_gates_name(kind: str) -> None:
    (gate,) = null_gates({kind: draws(wide_table(), kind)}, scored_on_fitted_rows)
    assert not gate.passed
    assert gate.code == f"NULL_{kind.upper()}"
    assert "finds skill in data that hold none" in gate.message
    assert "n=" in gate.message
    assert Verdict.of((gate,)).word == "refused"


def test_a_feature_that_looks_ahead_shows_on_a_random_walk_and_on_it_alone() -> None:
    """Shuffled outcomes hide such a leak; a walk keeps it and has nothing else."""
    (shuffled,) = null_gates({"shuffled_target": draws(wide_table(leak=1.0), "shuffled_target")}, honest)
    assert shuffled.passed
    (walk,) = null_gates({"random_walk": [wide_table(seed, leak=1.0) for seed in (1, 2)]}, honest)
    assert not walk.passed
    assert walk.code == "NULL_RANDOM_WALK"


def test_honest_pipelines_are_hardly_ever_refused() -> None:
    refused = 0
    for seed in range(40):
        table = wide_table(seed)
        refused += any(
            not gate.passed for gate in null_gates({k: [null_table(table, k, seed)] for k in TABLE_KINDS}, honest)
        )
    assert refused <= 2


def test_shuffling_keeps_the_rows_and_the_classes_and_cuts_the_tie() -> None:
    table = wide_table(leak=1.0)
    null = null_table(table, "shuffled_target", 3)
    assert null.X.tobytes() == table.X.tobytes()
    assert sorted(null.y.tolist()) == sorted(table.y.tolist())
    assert abs(np.corrcoef(null.X[:, 0], null.forward_returns)[0, 1]) < 0.15
    assert null.frame.equals(null_table(table, "shuffled_target", 3).frame)
    assert not null.frame.equals(null_table(table, "shuffled_target", 4).frame)


def test_a_random_walk_is_made_of_real_days_in_another_order() -> None:
    real = SyntheticMarket(n_symbols=2, n_bars=400).bars()
    walk = random_walk(real, seed=5)
    assert walk.frame.select("symbol", "ts").equals(real.frame.select("symbol", "ts"))
    for name in ("high", "low"):
        ratio = (walk.frame[name] / walk.frame["close"]).round(9)
        assert set(ratio.to_list()) <= set((real.frame[name] / real.frame["close"]).round(9).to_list())
    steps = walk.of("SYN001").frame["close"].log().diff().drop_nulls().to_numpy()
    assert abs(np.corrcoef(steps[1:], steps[:-1])[0, 1]) < 0.15


def test_an_unknown_kind_is_named() -> None:
    with pytest.raises(UnknownName, match=r"unknown null table 'noise'"):
        null_table(wide_table(), "noise", 0)
