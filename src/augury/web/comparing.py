"""Two versions side by side, as tables: scores, who was right on the same rows, settings, features, weights."""

from __future__ import annotations

import json
from typing import Any, Final

from augury.service.answers.comparisons import ComparisonAnswer
from augury.service.answers.scores import ScoreAnswer
from augury.web.columns import Row
from augury.web.tables import Column, Table

_BOTH: Final = (Column("a", "A", "long"), Column("b", "B", "long"))


def compare_tables(found: ComparisonAnswer) -> list[Table]:
    """Write a comparison as tables.

    Parameters
    ----------
    found : ComparisonAnswer

    Returns
    -------
    list of Table
        ``paired``, ``scores``, ``settings``, ``features``, ``weights``.
    """
    names = f"A {found.a.version}, B {found.b.version}"
    features: list[Row] = [{"only": "A", "feature": name} for name in found.features_only_a]
    features += [{"only": "B", "feature": name} for name in found.features_only_b]
    return [
        Table(
            "paired", f"On the same matured forecasts, B minus A, better is positive ({names})",
            (Column("name", "Metric"), *_INTERVAL, Column("judgement", "Judgement", "badge")),
            [_paired(one) for one in found.paired], "No bar was forecast by both and has matured.",
        ),
        Table(
            "scores", f"Scores, each on its own report rows ({names})", (Column("name", "Score"), *_BOTH),
            [{"name": one.name, "a": one.a and one.a.text, "b": one.b and one.b.text} for one in found.scores],
        ),
        Table(
            "settings", f"Settings that differ ({names})", (Column("name", "Setting", "code"), *_BOTH),
            [{"name": one.name, "a": _plain(one.a), "b": _plain(one.b)} for one in found.settings],
            "No setting differs.",
        ),
        Table(
            "features", f"Features that only one of them reads ({names})",
            (Column("only", "Only in"), Column("feature", "Feature", "code")), features,
            "Both read the same features.",
        ),
        Table(
            "weights", f"Weights of the members ({names})",
            (Column("member", "Member"), Column("a", "A", "number"), Column("b", "B", "number")),
            [one.model_dump() for one in found.weights], "Neither has a member: both give bands only.",
        ),
    ]  # fmt: skip


_INTERVAL: Final = (
    Column("value", "Difference", "number"), Column("low", "95 % from", "number"), Column("high", "to", "number"),
    Column("n", "n", "count", term="n"), Column("n_eff", "n_eff", "count", term="n_eff"),
)  # fmt: skip


def _paired(score: ScoreAnswer) -> Row:
    row: Row = score.model_dump(include={"name", "value", "low", "high", "n"})
    if not score.sufficient:
        return row | dict.fromkeys(("value", "low", "high")) | {"n_eff": int(score.n_eff), "judgement": "insufficient"}
    known = score.low is not None and score.high is not None
    better = "B is better" if known and (score.low or 0) > 0 else ""
    worse = "A is better" if known and (score.high or 0) < 0 else ""
    return row | {"n_eff": int(score.n_eff), "judgement": better or worse or "not told apart"}


def _plain(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
    return text if len(text) <= 64 or " " in text else f"{text[:16]}…"
