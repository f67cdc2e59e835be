"""Two versions of a cell side by side: what differs, what each scored, and who was right on the same rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from augury.core.metrics.bootstrap import block_length, bootstrap_difference
from augury.core.score import Score
from augury.core.typing import Json
from augury.core.version import VersionManifest
from augury.proof.comparison import differing
from augury.records.ledger.paired import Pair, pairs_of
from augury.records.registry.loader import EnsembleLoader
from augury.runs.cells import Cell
from augury.runs.workspace import Workspace

PAIRED: Final = ("hit", "brier", "pinball")


@dataclass(frozen=True)
class VersionComparison:
    """What tells two versions apart.

    Parameters
    ----------
    cell : Cell
    a, b : VersionManifest
    scores : list of (str, Score or None, Score or None)
        Each score of the report slices, of A and of B. They stand on each version's own rows.
    settings : dict
        Each setting that differs, dotted, to its two values.
    features_only_a, features_only_b : tuple of str
    weights : dict
        Each member of either to its two weights.
    paired : list of Score
        B minus A on shared matured forecasts, better is positive; interval by blocks.
    verdict : str
        One sentence on the first of them.
    """

    cell: Cell
    a: VersionManifest
    b: VersionManifest
    scores: list[tuple[str, Score | None, Score | None]]
    settings: dict[str, tuple[Any, Any]]
    features_only_a: tuple[str, ...]
    features_only_b: tuple[str, ...]
    weights: dict[str, tuple[float | None, float | None]]
    paired: list[Score]
    verdict: str

    def to_json(self) -> Json:
        """Write as a JSON object."""
        return {
            "cell": str(self.cell),
            "a": self.a.version,
            "b": self.b.version,
            "verdicts": [self.a.verdict.word, self.b.verdict.word],
            "scores": {
                name: [None if score is None else score.to_json() for score in both] for name, *both in self.scores
            },
            "settings": {name: list(values) for name, values in self.settings.items()},
            "features_only_a": list(self.features_only_a),
            "features_only_b": list(self.features_only_b),
            "weights": {name: list(values) for name, values in self.weights.items()},
            "paired": [score.to_json() for score in self.paired],
            "verdict": self.verdict,
        }


def compare_versions(workspace: Workspace, cell: Cell, a: str, b: str) -> VersionComparison:
    """Compare two registered versions of a cell.

    Parameters
    ----------
    workspace : Workspace
    cell : Cell
    a, b : str
        Versions, ``@champion`` or ``@challenger``.

    Raises
    ------
    NotFound, NotTrained
        No such version; the alias points to nothing.
    """
    where = (cell.symbol, cell.timeframe, cell.horizon)
    loader = EnsembleLoader(workspace.store)
    names = [loader.resolve(*where, name) if name.startswith("@") else name for name in (a, b)]
    first, second = (workspace.store.versions.get(*where, name).manifest for name in names)
    same_label = first.label_spec.hash == second.label_spec.hash
    pairs = pairs_of(workspace.store.engine, *where, *names) if same_label else []
    paired = [_paired(pairs, metric, first.label_spec.horizon_bars) for metric in PAIRED if pairs]
    columns_a, columns_b = first.features.names, second.features.names
    return VersionComparison(
        cell,
        first,
        second,
        _scores(first, second),
        differing(_settings(first), _settings(second)),
        tuple(name for name in columns_a if name not in columns_b),
        tuple(name for name in columns_b if name not in columns_a),
        {name: (first.weights.get(name), second.weights.get(name)) for name in {**first.weights, **second.weights}},
        paired,
        _told(paired, same_label),
    )


def _settings(manifest: VersionManifest) -> Json:
    """What was decided before training: the recipe, the label, the data."""
    data = {"version": manifest.data_version, "first": manifest.data_first, "last": manifest.data_last}
    return {"recipe": manifest.recipe.to_json(), "label": manifest.label_spec.to_json(), "data": data} | {
        "libraries": dict(manifest.libraries)
    }


def _scores(a: VersionManifest, b: VersionManifest) -> list[tuple[str, Score | None, Score | None]]:
    report = [{score.name: score for score in one.scores if score.slice == "report"} for one in (a, b)]
    return [(name, report[0].get(name), report[1].get(name)) for name in {**report[0], **report[1]}]


def _paired(pairs: Sequence[Pair], metric: str, horizon_bars: int) -> Score:
    scores = np.array([pair.scores(metric) for pair in pairs])
    n = len(scores)
    low, high = (
        bootstrap_difference(scores[:, 1], scores[:, 0], block_length(n, horizon_bars)) if n > 1 else (None, None)
    )
    value = float((scores[:, 1] - scores[:, 0]).mean())
    return Score(f"{metric}_difference", value, low, high, 0.0, n, n / horizon_bars)


def _told(paired: list[Score], same_label: bool) -> str:
    if not same_label:
        return "no verdict: their labels differ, so that no forecast of one is a forecast of the other"
    if not paired:
        return "no verdict: no bar was forecast by both and has matured"
    score = paired[0]
    if not score.sufficient or score.low is None or score.high is None:
        return f"no verdict: {score.text()}"
    word = "B is better" if score.low > 0 else "A is better" if score.high < 0 else "no difference shown"
    return f"{word}: hit rate {score.value:+.4f} [{score.low:+.4f}, {score.high:+.4f}], n={score.n}"
