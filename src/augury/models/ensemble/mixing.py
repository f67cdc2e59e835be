"""How the members' answers become one: weights, weights by regime, or a stack, as the recipe says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from augury.core.errors import InsufficientHistory, UnknownName
from augury.core.recipe import Recipe
from augury.core.suggestion import did_you_mean
from augury.core.tables import VOLATILITY
from augury.core.typing import Codes, Floats, Json, Probabilities
from augury.models.ensemble.nested import BASE, NESTED, WEIGHT_RULES, weigh
from augury.models.ensemble.pooling import pool
from augury.models.ensemble.regimes import REGIME, RegimeWeights
from augury.models.ensemble.stacking import STACKS, Stack
from augury.models.ensemble.weights._shape import Weighed
from augury.models.training import FittedMembers, OutOfFold


@dataclass(frozen=True)
class Mixing:
    """What the ``weights`` of a recipe came to.

    Parameters
    ----------
    weighed : Weighed
        The global weights and their events.
    out_of_fold : OutOfFold
        Rows that are pooled, and what each member said of them.
    pooled : (n, 3)
        The pool on those rows, by nothing that saw their outcome but the weights themselves.
    regimes : RegimeWeights, optional
    stack : Stack, optional
    """

    weighed: Weighed
    out_of_fold: OutOfFold
    pooled: Probabilities
    regimes: RegimeWeights | None = None
    stack: Stack | None = None


def check_weights(name: str) -> str:
    """Return the ``weights`` of a recipe when they are known.

    Raises
    ------
    UnknownName
        No such rule; the message lists them.

    Examples
    --------
    >>> check_weights("kfold")
    Traceback (most recent call last):
        ...
    augury.core.errors.UnknownName: unknown weight rule 'kfold' (known: directional, equal, ...)
    """
    known = sorted([*WEIGHT_RULES.names(), NESTED, REGIME, *STACKS])
    if name not in known:
        hint = did_you_mean(name, known)
        raise UnknownName(f"unknown weight rule '{name}'{hint} (known: {', '.join(known)})", name=name)
    return name


def fit_mixing(fitted: FittedMembers, recipe: Recipe, horizon_bars: int) -> Mixing:
    """Weigh or stack fitted members on their out-of-fold answers.

    Parameters
    ----------
    fitted : FittedMembers
    recipe : Recipe
        ``weights`` is a rule of the catalogue, ``nested``, ``regime``, ``stack`` or ``stack_boosted``.
    horizon_bars : int

    Raises
    ------
    UnknownName
        ``weights`` is none of these.
    """
    check_weights(recipe.weights)
    said = fitted.out_of_fold
    seen = fitted.train.with_frame(fitted.train.frame[said.rows])
    codes, volatility = seen.y, seen.column(VOLATILITY)
    if recipe.weights in STACKS:
        return _stacked(said, recipe.weights, codes, volatility, horizon_bars)
    weighed, regimes = reweigh(recipe.weights, said.proba, codes, volatility, horizon_bars)
    if regimes is None:
        return Mixing(weighed, said, pool(said.proba, weighed.weights))
    pooled = regimes.pool(said.proba, volatility, weighed.weights)
    return Mixing(weighed, said, pooled, regimes)


def reweigh(
    name: str, answers: Mapping[str, Probabilities], codes: Codes, volatility: Floats, horizon_bars: int
) -> tuple[Weighed, RegimeWeights | None]:
    """Weigh members by the ``weights`` of a recipe; a stack is no weights.

    Parameters
    ----------
    name : str
    answers : mapping
        Member to probabilities ``(n, 3)`` of rows it had not seen, in time order.
    codes, volatility : array (n,)
    horizon_bars : int

    Raises
    ------
    UnknownName
        No such rule.
    """
    if name != REGIME:
        return weigh(name, answers, codes, horizon_bars), None

    def base(said: Mapping[str, Probabilities], came: Codes) -> Weighed:
        return weigh(BASE, said, came, horizon_bars)

    regimes, weighed = RegimeWeights.fit(base, answers, codes, volatility)
    return weighed, regimes


def _stacked(said: OutOfFold, kind: str, codes: Codes, volatility: Floats, horizon_bars: int) -> Mixing:
    weighed = weigh(BASE, said.proba, codes, horizon_bars)
    try:
        stack, pooled = Stack.fit(kind, said.proba, codes, volatility, horizon_bars)
    except InsufficientHistory as error:
        event: Json = {"event": "unavailable", "weights": kind, "reason": error.message, "instead": BASE}
        return Mixing(Weighed(weighed.weights, (*weighed.events, event)), said, pool(said.proba, weighed.weights))
    newest = OutOfFold(said.rows[-len(pooled) :], {name: rows[-len(pooled) :] for name, rows in said.proba.items()})
    event = {"event": "stacked", "kind": kind, "rows": len(codes), "rows_unseen": len(pooled)}
    return Mixing(Weighed(weighed.weights, (*weighed.events, event)), newest, pooled, stack=stack)
