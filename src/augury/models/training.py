"""Fit the members of a cell: each out of fold for the weights, then once on all train rows."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from augury.core.errors import InsufficientHistory, MissingExtra, ModelError, UsageError
from augury.core.protocols import Member
from augury.core.recipe import Recipe
from augury.core.tables import LabelledTable
from augury.core.typing import Codes, Features, Ints, Json, Probabilities
from augury.core.version import MemberEntry
from augury.labels.splits import ROWS_MIN as FOLD_ROWS_MIN
from augury.labels.splits import out_of_fold
from augury.models import MEMBERS
from augury.models.alignment import align_proba

ROWS_MIN: Final = 50
"""Train rows below which no member is tried."""
MEMBER_ERRORS: Final = (ValueError, FloatingPointError, MemoryError, ModelError, InsufficientHistory)
"""What a member may raise when the rows are not to its liking; libraries' own errors become ModelError."""

OnEvent = Callable[[str, float], None]


@dataclass(frozen=True)
class OutOfFold:
    """Answers of members for rows they had not seen.

    Parameters
    ----------
    rows : (m,) int64
        Indices into the train table, ascending.
    proba : dict
        Member to ``(m, 3)`` in the order of ``LABELS``.
    """

    rows: Ints
    proba: dict[str, Probabilities]


@dataclass(frozen=True)
class FittedMembers:
    """What :func:`fit_members` made.

    Parameters
    ----------
    members : dict
        Name to fitted member; only those that are ready.
    entries : tuple of MemberEntry
        Every member of the recipe, the unavailable and failed ones with their reason.
    out_of_fold : OutOfFold
    train : LabelledTable
        The rows they were fitted on.
    seconds : dict
        Member to seconds of fitting; never part of anything hashed.
    """

    members: dict[str, Member]
    entries: tuple[MemberEntry, ...]
    out_of_fold: OutOfFold
    train: LabelledTable
    seconds: dict[str, float] = field(default_factory=dict)


def fit_members(train: LabelledTable, recipe: Recipe, on_event: OnEvent | None = None) -> FittedMembers:
    """Fit every member of a recipe.

    Each member is fitted ``folds`` times on an expanding, purged past (fewer times when the rows do
    not carry that many folds; ``n_folds`` in its facts) and once on all rows; every
    fit uses the recipe's own ``seed`` as its random state, so a member's result depends neither on
    the other members nor on their order. A member that cannot be fitted is recorded with its
    reason and left out.

    Parameters
    ----------
    train : LabelledTable
        Known rows of one symbol in time order.
    recipe : Recipe
        Members, folds, seed.
    on_event : callable, optional
        Receives (what was done, share of the work in [0, 1]).

    Raises
    ------
    InsufficientHistory
        Fewer than 50 rows.
    UsageError
        A member of the recipe has no such setting.
    ModelError
        No member is left.
    """
    if len(train) < ROWS_MIN:
        raise InsufficientHistory(
            f"{len(train)} train rows for {train.spec.horizon}, needs {ROWS_MIN} (insufficient_history)",
            need=ROWS_MIN,
            have=len(train),
        )
    job = _Job(train.X, train.y, out_of_fold(train, _folds(train, recipe.folds)), recipe, train.spec.horizon_bars)
    members: dict[str, Member] = {}
    proba: dict[str, Probabilities] = {}
    entries: list[MemberEntry] = []
    seconds: dict[str, float] = {}
    # In one order however the recipe was written: sums over members keep it in their last bit, its hash does not.
    for done, name in enumerate(sorted(recipe.members)):
        start = time.perf_counter()
        entry, fitted = job.fit(name, _progress(on_event, name, done, len(recipe.members)))
        entries.append(entry)
        if fitted is not None:
            members[name], proba[name] = fitted
            seconds[name] = time.perf_counter() - start
    if not members:
        reasons = "; ".join(f"{entry.name}: {entry.reason}" for entry in entries)
        raise ModelError(f"no member could be fitted on {len(train)} rows: {reasons}")
    return FittedMembers(members, tuple(entries), OutOfFold(job.rows, proba), train, seconds)


@dataclass(frozen=True)
class _Job:
    X: Features
    y: Codes
    folds: list[tuple[Ints, Ints]]
    recipe: Recipe
    horizon_bars: int

    @property
    def rows(self) -> Ints:
        return np.concatenate([test for _, test in self.folds])

    def fit(
        self, name: str, report: Callable[[str, float], None]
    ) -> tuple[MemberEntry, tuple[Member, Probabilities] | None]:
        settings = self.recipe.members[name]
        try:
            kind = MEMBERS.load(name)
            needs = getattr(kind, "rows_min", ROWS_MIN)
            if len(self.y) < needs:
                raise InsufficientHistory(f"{len(self.y)} train rows, needs {needs}")
            proba = []
            for number, (past, test) in enumerate(self.folds):
                member = self._new(name, kind).fit(self.X[past], self.y[past])
                proba.append(align_proba(member.predict_proba(self.X[test]), member.classes_))
                report(f"fold {number + 1}/{len(self.folds)}", (number + 1) / (len(self.folds) + 1))
            member = self._new(name, kind).fit(self.X, self.y)
            align_proba(member.predict_proba(self.X[-1:]), member.classes_)
        except (MissingExtra, InsufficientHistory) as error:
            return MemberEntry(name, "unavailable", str(error), dict(settings)), None
        except MEMBER_ERRORS as error:
            return MemberEntry(name, "failed", f"{type(error).__name__}: {error}", dict(settings)), None
        report("fitted", 1.0)
        facts = {"n_rows": len(self.y), "n_features": self.X.shape[1], "n_folds": len(self.folds)} | member.facts()
        return MemberEntry(name, "ready", "", dict(settings), facts), (member, np.concatenate(proba))

    def _new(self, name: str, kind: type[Member]) -> Member:
        known = inspect.signature(kind).parameters
        given: Json = {"random_state": self.recipe.seed, "horizon_bars": self.horizon_bars}
        settings = {key: value for key, value in given.items() if key in known} | self.recipe.members[name]
        for key in settings:
            if key not in known:
                raise UsageError(f"member '{name}' has no setting '{key}' (known: {', '.join(known)})")
        return kind(**settings)


def _folds(train: LabelledTable, wanted: int) -> int:
    """As many of the wanted folds as leave the first one 10 train dates once the horizon is purged."""
    n_dates, needs = train.frame["ts"].n_unique(), train.spec.horizon_bars + FOLD_ROWS_MIN
    return max(2, min(wanted, n_dates // needs - 1))


def _progress(on_event: OnEvent | None, name: str, done: int, total: int) -> Callable[[str, float], None]:
    def report(what: str, share: float) -> None:
        if on_event is not None:
            on_event(f"{name} {what}", (done + share) / total)

    return report
