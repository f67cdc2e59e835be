"""Tables and predictions shared by the tests of the room."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from augury.core.metrics.calibration import ReliabilityBin
from augury.core.score import Score, Verdict
from augury.core.tables import LabelledTable
from augury.proof.evaluation import evaluate, reliability
from augury.proof.judge import Evidence, judge

# Test files are imported one by one, without their folder on the path: the builders are not found otherwise.
sys.path.insert(0, str(Path(__file__).parent))

from known_truth import majority, make_prediction, make_table


@pytest.fixture(scope="session")
def table() -> LabelledTable:
    return make_table()


@pytest.fixture(scope="session")
def noise(table: LabelledTable) -> np.ndarray:
    return np.random.default_rng(7).uniform(-0.5, 0.5, size=len(table))


@pytest.fixture(scope="session")
def judged(table: LabelledTable, noise: np.ndarray) -> tuple[tuple[Score, ...], Verdict, list[ReliabilityBin]]:
    """Scores, verdict and reliability of a prediction that knows nothing."""
    prediction = make_prediction(table, noise)
    scores = evaluate(prediction, table, majority(table))
    evidence = Evidence(prediction, table, scores, 0.9, 0.4, 3500, 5)
    return scores, judge(evidence), reliability(prediction, table)
