"""Fit the members of a cell: each out of fold for the weights, then once on all train rows."""

from __future__ import annotations

import inspect
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from augury.core.errors import InsufficientHistory, ModelError, UsageError
from augury.core.labelspec import CODES
from augury.core.recipe import Recipe
from augury.core.tables import LabelledTable
from augury.core.typing import Ints, Json, Probabilities
from augury.core.version import MemberEntry
from augury.labels.splits import ROWS_MIN as FOLD_ROWS_MIN
from augury.labels.splits import out_of_fold
from augury.models.alignment import align_proba
from augury.models.bands import BAND_SHAPES, BandShape, Spread
from augury.models.bands.conformal import Conformal
from augury.models.members import MEMBER_ERRORS, RECIPE_MEMBERS, AnyMember, ask, attempted, closes_of, places
from augury.models.rolling import rolling
from augury.models.statistical import SeriesMember

ROWS_MIN: Final = 50
"""Train rows below which no member is tried."""
ROLLED_FACTS: Final = ("refit_every_bars", "n_fits", "n_unanswered")
"""Facts of a member that is asked bar after bar and fitted again only now and then."""

OnEvent = Callable[[str, float], None]
_Report = Callable[[str, float], None]


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
    shape : BandShape
        What gives the bands their width, fitted on all rows.
    spread : Spread, optional
        Its out-of-fold answers; default those of ``shape``, which has learned nothing.
    shape_event : dict, optional
        Why the shape of the recipe could not be had, and the default stands there.
    """

    members: dict[str, AnyMember]
    entries: tuple[MemberEntry, ...]
    out_of_fold: OutOfFold
    train: LabelledTable
    seconds: dict[str, float] = field(default_factory=dict)
    shape: BandShape = field(default_factory=Conformal)
    spread: Spread | None = None
    shape_event: Json | None = None


def fit_members(train: LabelledTable, recipe: Recipe, on_event: OnEvent | None = None) -> FittedMembers:
    """Fit every member of a recipe.

    Each member is fitted ``folds`` times on an expanding, purged past (fewer times when the rows do
    not carry that many folds; ``n_folds`` in its facts) and once on all rows. A series member is
    asked bar after bar and fitted as often as the others, on every bar that had closed by then
    (``refit_every_bars``); it never sees a bar after the last train row. Out-of-fold rows before it
    had bars enough (``n_unanswered``) are left out for every member: weights compare like with like. Every
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
    job = _Job(train, out_of_fold(train, _folds(train, recipe.folds)), recipe)
    members: dict[str, AnyMember] = {}
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
    answered = min(map(len, proba.values()))
    rows = OutOfFold(job.rows[-answered:], {name: said[-answered:] for name, said in proba.items()})
    shape, spread, event = job.shape(answered)
    return FittedMembers(members, tuple(entries), rows, train, seconds, shape, spread, event)


@dataclass(frozen=True)
class _Job:
    train: LabelledTable
    folds: list[tuple[Ints, Ints]]
    recipe: Recipe

    @property
    def rows(self) -> Ints:
        return np.concatenate([test for _, test in self.folds])

    def fit(self, name: str, report: _Report) -> tuple[MemberEntry, tuple[AnyMember, Probabilities] | None]:
        def made() -> tuple[Json, tuple[AnyMember, Probabilities]]:
            kind = RECIPE_MEMBERS.load(name)
            if issubclass(kind, SeriesMember):
                member, proba, facts = self._rolled(name, kind, report)
            else:
                member, proba, facts = self._folded(name, kind, report)
            ask(member, self._part(self.rows[-1:]))
            report("fitted", 1.0)
            return facts | member.facts(), (member, proba)

        return attempted(name, self.recipe.members[name], made)

    def _folded(self, name: str, kind: type[Any], report: _Report) -> tuple[AnyMember, Probabilities, Json]:
        """A member that reads features: fitted on the past of each fold, then on all rows."""
        X, y = self.train.X, self.train.y
        needs = getattr(kind, "rows_min", ROWS_MIN)
        if len(y) < needs:
            raise InsufficientHistory(f"{len(y)} train rows, needs {needs}")
        proba = []
        for number, (past, test) in enumerate(self.folds):
            member = self._new(name, kind).fit(X[past], y[past])
            proba.append(ask(member, self.train, X[test]))
            report(f"fold {number + 1}/{len(self.folds)}", (number + 1) / (len(self.folds) + 1))
        facts = {"n_rows": len(y), "n_features": X.shape[1], "n_folds": len(self.folds)}
        return self._new(name, kind).fit(X, y), np.concatenate(proba), facts

    def _rolled(self, name: str, kind: type[SeriesMember], report: _Report) -> tuple[AnyMember, Probabilities, Json]:
        """A member that reads closes: asked at every bar, fitted again every few hundred, then on all bars."""
        series = closes_of(self.train)
        at = places(series.ts, self.train.frame["ts"])
        # As many bars before the first row as a fit needs, and none after the last.
        begins = max(0, int(at[0]) - kind.rows_min)
        known, asked = series.until(int(at[-1]) + 1).since(begins), at[self.rows] - begins
        first = max(int(asked[0]), kind.rows_min - 1)
        asked = asked[asked >= first]
        if 2 * len(asked) < len(self.rows):
            raise InsufficientHistory(
                f"{len(known)} bars, needs {kind.rows_min} before the later half of the out-of-fold rows"
            )
        every, spec = math.ceil((len(known) - first) / len(self.folds)), self.train.spec
        rolled = rolling(lambda: self._new(name, kind), known, spec.horizon_bars, first=first, refit_every=every)
        report("rolled", len(self.folds) / (len(self.folds) + 1))
        proba = align_proba(rolled.said.proba(spec.threshold)[asked - first], CODES)
        facts = {"n_rows": len(self.train), "n_folds": len(self.folds)}
        measured = (every, rolled.n_fits, len(self.rows) - len(asked))
        return self._new(name, kind).fit(known), proba, facts | dict(zip(ROLLED_FACTS, measured, strict=True))

    def shape(self, answered: int) -> tuple[BandShape, Spread | None, Json | None]:
        """The shape of the bands and its newest out-of-fold answers; the default, with the reason, where it fails."""
        kind, seed = BAND_SHAPES.load(self.recipe.bands), self.recipe.seed
        try:
            parts = [kind().fit(self._part(past), seed).spread(self._part(test)) for past, test in self.folds]
            return kind().fit(self.train, seed), Spread.joined(parts).newest(answered), None
        except MEMBER_ERRORS as error:
            if kind is Conformal:
                raise
            return Conformal(), None, {"event": "unavailable", "bands": self.recipe.bands, "reason": str(error)}

    def _part(self, rows: Ints) -> LabelledTable:
        return self.train.with_frame(self.train.frame[rows])

    def _new(self, name: str, kind: type[Any]) -> Any:
        known = inspect.signature(kind).parameters
        given: Json = {"random_state": self.recipe.seed, "horizon_bars": self.train.spec.horizon_bars}
        settings = {key: value for key, value in given.items() if key in known} | self.recipe.members[name]
        for key in settings:
            if key not in known:
                raise UsageError(f"member '{name}' has no setting '{key}' (known: {', '.join(known)})")
        return kind(**settings)


def _folds(train: LabelledTable, wanted: int) -> int:
    """As many of the wanted folds as leave the first one 10 train dates once the horizon is purged."""
    n_dates, needs = train.frame["ts"].n_unique(), train.spec.horizon_bars + FOLD_ROWS_MIN
    return max(2, min(wanted, n_dates // needs - 1))


def _progress(on_event: OnEvent | None, name: str, done: int, total: int) -> _Report:
    def report(what: str, share: float) -> None:
        if on_event is not None:
            on_event(f"{name} {what}", (done + share) / total)

    return report
