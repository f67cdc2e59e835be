"""From terms to a program: the order of work, the slots values live in, and how far back each looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from augury.core.typing import Floats
from augury.features.language import Term

OPERATIONS: Final = (
    "add sub mul div lesser greater above below at_least at_most "
    "add_to sub_from mul_by div_by subtracted divided lesser_of greater_of "
    "above_scalar below_scalar at_least_scalar at_most_scalar "
    "negative magnitude sign root logarithm not fill choose share "
    "lag lag_or_self known_from sum sum_above mean sd covariance lowest highest dot smooth quantiles since "
    "levels pivots profile supertrend swings output"
)
"""What the machine can do, in the order of its codes."""
INSTRUCTION: Final = np.dtype(
    [("op", "i4"), ("dst", "i4"), ("args", "i4", 4), ("n", "i4"), ("m", "i4"), ("p", "f8"), ("q", "f8")]
)
_CODES: Final = {name: code for code, name in enumerate(OPERATIONS.split())}
_PARTS: Final = {"quantiles": 2, "levels": 4, "pivots": 2, "profile": 3, "supertrend": 5, "swings": 4}
"""Operations with several results."""
_STATES: Final = {"smooth": 1, "supertrend": 42, "swings": 9}
"""Recursions, and how many numbers each keeps from bar to bar."""


@dataclass(frozen=True)
class Program:
    """What the machine runs for each symbol.

    Parameters
    ----------
    code : array of INSTRUCTION
        In order of work.
    columns : tuple of str or Term
        What the leading slots point at: columns of the bars, then ``rolling`` terms computed before.
    slots : int
        Working columns beside those.
    weights : array of float
        Of all weighted sums, one after the other.
    states : int
        How many recursions there are.
    reach_bars : int
        Earlier bars one new row needs to be computed from, recursions going on from their kept state.
    outputs : int
        How many results.
    """

    code: NDArray[np.void]
    columns: tuple[str | Term, ...]
    slots: int
    weights: Floats
    states: int
    reach_bars: int
    outputs: int


def compile_terms(terms: Sequence[Term], lookbacks: Sequence[int]) -> Program:
    """Arrange the work for some terms.

    Parameters
    ----------
    terms : sequence of Term
        The results, in order.
    lookbacks : sequence of int
        Bars that must exist before each is known; earlier rows come out unknown.
    """
    return _Compiler(terms, lookbacks).program


def leaves(terms: Sequence[Term]) -> tuple[str, ...]:
    """Names of the columns that some terms read, in order of first use."""
    found: dict[str, None] = {}
    for term in _ordered(terms):
        if term.op == "column":
            found[str(term.numbers[0])] = None
    return tuple(found)


def first_row(term: Term) -> int:
    """The first row of a cut history at which a term is what it is on the whole one."""
    return _Reach().of(term)


class _Reach:
    def __init__(self) -> None:
        self._known: dict[int, int] = {}

    def of(self, term: Term) -> int:
        for node in _ordered([term]):
            if id(node) not in self._known:
                before = max((self._known[id(arg)] for arg in node.args), default=0)
                self._known[id(node)] = before + _own_reach(node)
        return self._known[id(term)]


def _own_reach(term: Term) -> int:
    numbers = term.numbers
    if term.op in _STATES:
        return 0
    if term.op in ("lag", "lag_or_self", "quantiles", "since"):
        return int(numbers[0])  # type: ignore[call-overload, no-any-return]
    if term.op in ("sum", "sum_above", "mean", "sd", "covariance", "lowest", "highest", "rolling", *_PARTS):
        return int(numbers[0]) - 1  # type: ignore[call-overload, no-any-return]
    return len(numbers) - 1 if term.op == "dot" else 0


def _ordered(terms: Sequence[Term]) -> list[Term]:
    """Every term below some terms, operands first, each once."""
    seen: set[int] = set()
    out: list[Term] = []
    stack = [(term, False) for term in reversed(terms)]
    while stack:
        term, ready = stack.pop()
        if ready:
            out.append(term)
        elif id(term) not in seen:
            seen.add(id(term))
            stack.append((term, True))
            stack.extend((arg, False) for arg in reversed(term.args))
    return out


class _Compiler:
    def __init__(self, terms: Sequence[Term], lookbacks: Sequence[int]) -> None:
        self._terms, self._lookbacks = list(terms), list(lookbacks)
        self._reach = _Reach()
        self._rows: list[tuple[object, ...]] = []
        self._slot: dict[int, int] = {}
        self._free: list[int] = []
        self._weights: list[float] = []
        self._slots = self._states = 0

    @cached_property
    def program(self) -> Program:
        order = _smoothed_together(_cut_at_rolling(self._terms))
        columns = [t for t in order if t.op in ("column", "rolling")]
        self._slot = {id(term): k for k, term in enumerate(columns)}
        self._first = len(columns)
        self._uses = _uses(order, self._terms)
        wanted = _positions(self._terms)
        for term in order:
            self._place(term)
            for position in wanted.get(id(term), ()):
                self._emit("output", position, (self._slot[id(term)],), self._lookbacks[position])
                self._release(term)
        code = np.zeros(len(self._rows), INSTRUCTION)
        for k, row in enumerate(self._rows):
            code[k] = row
        reach = max((self._reach.of(term) for term in self._terms), default=0)
        names = tuple(str(t.numbers[0]) if t.op == "column" else t for t in columns)
        weights = np.array(self._weights or [0.0])
        return Program(code, names, self._slots, weights, self._states, reach, len(self._terms))

    def _place(self, term: Term) -> None:
        if id(term) in self._slot:
            return
        args = tuple(self._slot[id(arg)] for arg in term.args)
        if term.op == "part":
            self._slot[id(term)] = args[0] + int(term.numbers[0])  # type: ignore[call-overload]
            return
        slot = self._slot[id(term)] = self._take(_PARTS.get(term.op, 1))
        self._instruct(term, slot, args)
        for arg in term.args:
            self._release(arg)

    def _instruct(self, term: Term, slot: int, args: tuple[int, ...]) -> None:
        numbers = term.numbers
        if term.op == "dot":
            self._emit("dot", slot, args, len(numbers), len(self._weights))
            self._weights.extend(numbers)  # type: ignore[arg-type]
        elif term.op in _STATES:
            first = max(self._reach.of(arg) for arg in term.args)
            self._emit(term.op, slot, args, self._states, first, *numbers)
            self._states += _STATES[term.op]
        elif term.op == "share":
            self._emit("share", slot, args, 0, 0, *numbers)
        elif numbers and isinstance(numbers[0], float):
            self._emit(term.op, slot, args, 0, 0, numbers[0])
        else:
            self._emit(term.op, slot, args, *numbers)

    def _emit(
        self, op: str, dst: int, args: tuple[int, ...], n: object = 0, m: object = 0, p: object = 0.0, q: object = 0.0
    ) -> None:
        self._rows.append((_CODES[op], dst, (*args, *(-1,) * (4 - len(args))), n, m, p, q))

    def _take(self, count: int) -> int:
        if count == 1 and self._free:
            return self._free.pop()
        self._slots += count
        return self._first + self._slots - count

    def _release(self, term: Term) -> None:
        """One use less; a slot nobody will read again is the next to be written, while it is still in cache."""
        self._uses[id(term)] -= 1
        plain = term.op != "part" and term.op not in _PARTS
        if plain and self._uses[id(term)] == 0 and self._slot[id(term)] >= self._first:
            self._free.append(self._slot[id(term)])


def _cut_at_rolling(terms: Sequence[Term]) -> list[Term]:
    """The order of work, what lies below ``rolling`` terms left out: they are computed before."""
    cut = {id(t): t for t in _ordered(terms) if t.op == "rolling"}
    if not cut:
        return _ordered(terms)
    seen: set[int] = set()

    def below(term: Term) -> list[Term]:
        if id(term) in seen:
            return []
        seen.add(id(term))
        args = () if id(term) in cut else term.args
        return [node for arg in args for node in below(arg)] + [term]

    return [node for term in terms for node in below(term)]


def _smoothed_together(order: Sequence[Term]) -> list[Term]:
    """The same work with independent recursions side by side: the machine runs four in the time of one."""
    phase: dict[int, int] = {}
    for term in order:
        phase[id(term)] = max((phase.get(id(arg), 0) + (arg.op == "smooth") for arg in term.args), default=0)
    groups: dict[int, list[Term]] = {}
    for term in order:
        if term.op == "smooth":
            groups.setdefault(phase[id(term)], []).append(term)
    out: dict[int, Term] = {}
    for term in order:
        if term.op == "smooth" and id(term) not in out:
            for number in [n for n in sorted(groups) if n <= phase[id(term)]]:
                group = groups.pop(number)
                below = {id(node) for node in _ordered([arg for one in group for arg in one.args])}
                out |= {id(node): node for node in order if id(node) in below and id(node) not in out}
                out |= {id(one): one for one in group}
        out.setdefault(id(term), term)
    return list(out.values())


def _uses(order: Sequence[Term], wanted: Sequence[Term]) -> dict[int, int]:
    count = {id(term): 0 for term in order}
    for term in order:
        for arg in term.args if term.op not in ("rolling", "part") else ():
            count[id(arg)] += 1
    for term in wanted:
        count[id(term)] += 1
    return count


def _positions(terms: Sequence[Term]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for position, term in enumerate(terms):
        found.setdefault(id(term), []).append(position)
    return found
