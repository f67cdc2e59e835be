"""Stacking: a small model learns from out-of-fold answers how far to trust whom, in which regime (Wolpert 1992)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import numpy as np

from augury.core.errors import InsufficientHistory
from augury.core.typing import Codes, Features, Floats, Json, Probabilities
from augury.models import MEMBERS
from augury.models.alignment import align_proba
from augury.models.ensemble.nested import FOLDS, inner_folds
from augury.models.ensemble.pooling import signed_score
from augury.models.ensemble.regimes import REGIMES, THIRDS

STACKS: Final[dict[str, tuple[str, Json]]] = {
    "stack": ("logreg", {}),
    "stack_boosted": ("gb", {"n_estimators": 200, "learning_rate": 0.05, "max_depth": 4}),
}
"""Value of ``weights`` in a recipe to the member that learns from the members, and its settings."""


@dataclass(frozen=True)
class Stack:
    """A member over members.

    Parameters
    ----------
    kind : str
        Key of ``STACKS``.
    members : tuple of str
        Whose answers it reads, sorted; with one of them missing it cannot answer.
    bounds : tuple of 2 floats
        Volatility per bar where quiet ends and strained begins.
    learner : Member
        Fitted; any tabular member.
    """

    kind: str
    members: tuple[str, ...]
    bounds: tuple[float, float]
    learner: Any

    @staticmethod
    def fit(
        kind: str, answers: Mapping[str, Probabilities], codes: Codes, volatility: Floats, horizon_bars: int
    ) -> tuple[Stack, Probabilities]:
        """Learn from all rows, and answer the newer rows by learners that had not seen them.

        Parameters
        ----------
        kind : str
            Key of ``STACKS``.
        answers : mapping
            Member to out-of-fold probabilities ``(n, 3)``, rows in time order.
        codes, volatility : array (n,)
        horizon_bars : int
            Rows left out between what a learner learns from and what it answers.

        Returns
        -------
        (Stack, (m, 3))
            The answers belong to the **last** m rows: those before the first inner fold ends have none, and no
            row is answered by a learner that saw it. Calibration reads these only.

        Raises
        ------
        InsufficientHistory
            The rows do not carry the inner folds.
        """
        cut = inner_folds(len(codes), horizon_bars)
        if not cut:
            raise InsufficientHistory(f"{len(codes)} out-of-fold rows do not carry the {FOLDS} folds of a stack")
        low, high = (float(value) for value in np.quantile(volatility, THIRDS))
        members = tuple(sorted(answers))

        def learned(rows: Any) -> Stack:
            name, settings = STACKS[kind]
            known = {member: answers[member][rows] for member in members}
            X = _inputs(known, volatility[rows], (low, high))
            return Stack(kind, members, (low, high), MEMBERS.load(name)(**settings).fit(X, codes[rows]))

        unseen = [learned(past).pooled(_part(answers, test), volatility[test]) for past, test in cut]
        return learned(slice(None)), np.concatenate(unseen)

    def pooled(self, answers: Mapping[str, Probabilities], volatility: Floats) -> Probabilities:
        """Return what the members' answers come to, ``(n, 3)``; each row by itself."""
        known = {name: answers[name] for name in self.members}
        X = _inputs(known, volatility, self.bounds)
        return align_proba(self.learner.predict_proba(X), self.learner.classes_)

    def answers_with(self, answers: Mapping[str, object]) -> bool:
        """True when every member it learned from has answered."""
        return set(self.members) <= set(answers)

    def save(self, folder: Path) -> Json:
        """Write the learner into an existing empty folder; return the rest as a JSON object."""
        self.learner.save(folder)
        return {"kind": self.kind, "members": list(self.members), "bounds": list(self.bounds)}

    @classmethod
    def load(cls, value: Json, folder: Path) -> Self:
        """Read what :meth:`save` wrote and returned."""
        low, high = value["bounds"]
        learner = MEMBERS.load(STACKS[value["kind"]][0]).load(folder)
        return cls(value["kind"], tuple(value["members"]), (low, high), learner)


def _part(answers: Mapping[str, Probabilities], rows: Any) -> dict[str, Probabilities]:
    return {name: said[rows] for name, said in answers.items()}


def _inputs(answers: Mapping[str, Probabilities], volatility: Floats, bounds: tuple[float, float]) -> Features:
    """The members' probabilities, then their disagreement, then the regime as one column each."""
    blocks = list(answers.values())
    scores = np.column_stack([signed_score(block) for block in blocks])
    mean = np.mean(blocks, axis=0)
    entropy = -np.sum(mean * np.log(np.clip(mean, 1e-12, 1.0)), axis=1)
    regime = (volatility > bounds[0]).astype(np.int64) + (volatility > bounds[1])
    columns = [*blocks, scores.std(axis=1), entropy, np.eye(len(REGIMES))[regime]]
    return np.ascontiguousarray(np.column_stack(columns), dtype=np.float32)
