"""One new bar computes one new row, equal bit for bit to computing everything again.

    memory, rows = remember(plan, columns, ...)      # the whole history, once
    memory, rows = advance(plan, memory, columns)    # the new bars only

What is remembered of a symbol is the tail of its bars that windows reach back to, and where each
recursion stood at the beginning of that tail. Going on from there repeats the same additions in
the same order, so nothing differs from a run over the whole history.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from augury.core.manifest import FeatureManifest
from augury.core.typing import Floats
from augury.features import machine
from augury.features.engine import leaf_columns
from augury.features.feature_sets import catalogue
from augury.features.language import Term
from augury.features.program import Program, compile_terms, first_row, leaves

_REACHES: Final = (24, 64, 136)
"""Features are grouped by how far back they reach, so that few of them need long tails."""


@dataclass(frozen=True)
class Plan:
    """How the features of a manifest are brought up to date.

    Parameters
    ----------
    columns : tuple of str
        What is remembered of a bar, in order.
    groups : tuple of (features, Program)
        Positions in the manifest, and the program that computes them.
    """

    columns: tuple[str, ...]
    groups: tuple[tuple[tuple[int, ...], Program], ...]

    @cached_property
    def reach_bars(self) -> int:
        """Bars of each symbol that are remembered."""
        return max((program.reach_bars for _, program in self.groups), default=0)

    @cached_property
    def states(self) -> int:
        """Recursions of all groups together."""
        return sum(program.states for _, program in self.groups)


@dataclass(frozen=True)
class Memory:
    """What is remembered of one symbol.

    Parameters
    ----------
    count : int
        Bars so far.
    tail : array (bars, columns)
        The newest bars, at most ``Plan.reach_bars``.
    states : array (states,)
        Where each recursion stood; without meaning while the tail is the whole history.
    """

    count: int
    tail: Floats
    states: Floats


def plan_for(manifest: FeatureManifest) -> Plan:
    """Arrange the work for a manifest, once."""
    features = [catalogue()[spec.name][1] for spec in manifest.features]
    return plan_of(tuple((feature.formula, feature.lookback_bars) for feature in features))


@lru_cache(maxsize=64)
def plan_of(features: tuple[tuple[Term, int], ...]) -> Plan:
    """Arrange the work for some terms, each with its lookback; once for the same ones."""
    terms = [term for term, _ in features]
    reaches = [first_row(term) for term in terms]
    classes: dict[int, list[int]] = {}
    for position, reach in enumerate(reaches):
        classes.setdefault(next((limit for limit in _REACHES if reach <= limit), 1 << 30), []).append(position)
    groups = tuple(
        (tuple(positions), compile_terms([terms[k] for k in positions], [features[k][1] for k in positions]))
        for _, positions in sorted(classes.items())
    )
    return Plan(leaves(terms), groups)


def advance(
    plan: Plan, memories: list[Memory | None], fresh: list[Floats]
) -> tuple[list[Memory], NDArray[np.float32], NDArray[np.int64]]:
    """Compute the rows of new bars.

    Parameters
    ----------
    plan : Plan
        From :func:`plan_for`.
    memories : list of Memory or None
        One for each symbol; None for a symbol that is new, whose bars are its whole history.
    fresh : list of array (bars, columns)
        The new bars of each symbol, the columns in the order of the plan.

    Returns
    -------
    memories : list of Memory
        To go on from.
    rows : array (new bars, features)
        The symbols one after the other.
    infinite : array (features,)
        The first row with an infinite value of each feature, -1 when there is none.
    """
    empty = np.empty((0, len(plan.columns)))
    old = [Memory(0, empty, np.full(plan.states, np.nan)) if one is None else one for one in memories]
    wanted = sum(len(part) for part in fresh)
    rows = np.empty((wanted, sum(len(positions) for positions, _ in plan.groups)), dtype=np.float32)
    infinite = np.full(rows.shape[1], -1, dtype=np.int64)
    states = [np.full(plan.states, np.nan) for _ in old]
    first = 0
    for positions, program in plan.groups:
        parts, columns = _given(plan, program, old, fresh)
        before = np.array([one.states[first : first + program.states] for one in old]).reshape(len(old), -1)
        answer = machine.run(program, leaf_columns(program, columns, parts), parts, states=before)
        rows[:, positions] = answer.values.T
        infinite[list(positions)] = answer.infinite
        for kept, now in zip(states, answer.states, strict=True):
            kept[first : first + program.states] = now[: program.states]
        first += program.states
    return _remembered(plan, old, fresh, states), rows, infinite


def _given(
    plan: Plan, program: Program, old: list[Memory], fresh: list[Floats]
) -> tuple[NDArray[np.void], dict[str, Floats]]:
    """The bars a program needs of each symbol: as much of its tail as it reaches back to, then the new ones."""
    tails = [one.tail[max(0, len(one.tail) - program.reach_bars) :] for one in old]
    parts = np.zeros(len(old), machine.SEGMENT)
    parts["rows"] = [len(tail) + len(new) for tail, new in zip(tails, fresh, strict=True)]
    parts["start"] = np.concatenate([[0], np.cumsum(parts["rows"])[:-1]])
    parts["skip"] = [len(tail) for tail in tails]
    parts["target"] = np.concatenate([[0], np.cumsum([len(new) for new in fresh])[:-1]])
    parts["before"] = [one.count - len(tail) for one, tail in zip(old, tails, strict=True)]
    parts["stateful"] = parts["before"] > 0
    bars = np.concatenate([piece for pair in zip(tails, fresh, strict=True) for piece in pair])
    return parts, {name: np.ascontiguousarray(bars[:, k]) for k, name in enumerate(plan.columns)}


def _remembered(plan: Plan, old: list[Memory], fresh: list[Floats], states: list[Floats]) -> list[Memory]:
    found = []
    for one, new, state in zip(old, fresh, states, strict=True):
        bars = new if len(new) >= plan.reach_bars else np.concatenate([one.tail, new])
        tail = bars[max(0, len(bars) - plan.reach_bars) :]
        found.append(Memory(one.count + len(new), np.ascontiguousarray(tail), state))
    return found
