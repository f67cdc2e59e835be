"""Conditions such as ``latency_p95 > 200ms``: read by a grammar of three lines, never evaluated as code.

    condition = clause { ("and" | "or") clause }        "and" binds tighter
    clause    = metric op number [unit]
    op        = "<" | "<=" | ">" | ">=" | "==" | "!="   unit = "ms" | "s" | "%"

Durations are held in seconds and shares as fractions, whatever unit a condition is written in.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NoReturn

from augury.core.errors import UsageError

UNITS: Final = {"": 1.0, "ms": 1e-3, "s": 1.0, "%": 1e-2}
TOLERANCE: Final = 1e-9
"""Closer than this is equal: 0.40 - 0.55 is -0.15000000000000002 in binary."""
LENGTH_MAX: Final = 500
_TOKEN: Final = re.compile(
    r"\s*(?:(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)|(?P<word>[A-Za-z_]\w*)|(?P<op><=|>=|==|!=|<|>)|(?P<unit>%))"
)
_DURATIONS: Final = ("latency", "silence", "age", "lag")
_SHARES: Final = ("accuracy", "accuracy_margin", "drift_score", "error_rate", "storage_free")
_JOINS: Final = ("and", "or")


@dataclass(frozen=True, slots=True)
class Clause:
    """One comparison.

    Parameters
    ----------
    metric : str
    op : str
    limit : float
        In seconds, as a fraction or as it is.
    unit : str
        It was written in, empty when none was.
    """

    metric: str
    op: str
    limit: float
    unit: str = ""

    def holds(self, value: float) -> bool:
        """Compare a measured value with the limit; what differs by less than 1e-9 is equal."""
        above = value - self.limit
        equal = abs(above) <= TOLERANCE
        return {
            "<": above < 0 and not equal,
            "<=": above < 0 or equal,
            ">": above > 0 and not equal,
            ">=": above > 0 or equal,
            "==": equal,
            "!=": not equal,
        }[self.op]

    def shown(self, value: float) -> str:
        """Write a value in the unit of this clause."""
        return f"{value / UNITS[self.unit]:.6g}{self.unit}"

    def __str__(self) -> str:
        return f"{self.metric} {self.op} {self.shown(self.limit)}"


@dataclass(frozen=True, slots=True)
class Condition:
    """Clauses joined by ``and``, and those groups by ``or``.

    Parameters
    ----------
    groups : tuple of tuple of Clause
        True when every clause of any group holds.

    Examples
    --------
    >>> slow = parse("latency_p95 > 200ms and error_rate > 1%")
    >>> slow.holds({"latency_p95": 0.25, "error_rate": 0.02}), slow.metrics
    (True, ('latency_p95', 'error_rate'))
    """

    groups: tuple[tuple[Clause, ...], ...]

    @property
    def clauses(self) -> tuple[Clause, ...]:
        """Every comparison, as written."""
        return tuple(clause for group in self.groups for clause in group)

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics it needs, in the order they are named."""
        return tuple(dict.fromkeys(clause.metric for clause in self.clauses))

    def holds(self, values: Mapping[str, float | None]) -> bool | None:
        """Say whether it is true; None when what is missing could decide it.

        Parameters
        ----------
        values : mapping
            Metric to value; None or absent: not measured.

        Examples
        --------
        >>> either = parse("accuracy < 50% or drift_score > 0.2")
        >>> either.holds({"drift_score": 0.3}), either.holds({"drift_score": 0.1})
        (True, None)
        """
        found = [_all(group, values) for group in self.groups]
        return True if True in found else None if None in found else False

    def __str__(self) -> str:
        return " or ".join(" and ".join(str(clause) for clause in group) for group in self.groups)


def parse(text: str) -> Condition:
    """Read a condition.

    Parameters
    ----------
    text : str
        At most 500 characters.

    Raises
    ------
    UsageError
        Not a condition; the message names the character at which it stops being one.

    Examples
    --------
    >>> str(parse("accuracy<0.8")), parse("latency_p95 > 200ms").clauses[0].limit
    ('accuracy < 0.8', 0.2)
    >>> parse("accuracy << 0.8")
    Traceback (most recent call last):
        ...
    augury.core.errors.UsageError: condition 'accuracy << 0.8': expected a number at character 11, found '< 0.8' ...
    """
    if len(text) > LENGTH_MAX:
        raise UsageError(f"a condition has at most {LENGTH_MAX} characters, found {len(text)}")
    reader = _Reader(text)
    groups: list[list[Clause]] = [[_clause(reader)]]
    while not reader.done():
        at = reader.at
        word = reader.take("word", "'and' or 'or'").lower()
        if word == "and":
            groups[-1].append(_clause(reader))
        elif word == "or":
            groups.append([_clause(reader)])
        else:
            reader.stop("'and' or 'or'", at)
    return Condition(tuple(tuple(group) for group in groups))


class _Reader:
    """The text and how far it was read."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def done(self) -> bool:
        return not self.text[self.at :].strip()

    def peek(self, kind: str) -> str | None:
        found = _TOKEN.match(self.text, self.at)
        return None if found is None else found.group(kind)

    def take(self, kind: str, expected: str) -> str:
        found = _TOKEN.match(self.text, self.at)
        if found is None or found.group(kind) is None:
            self.stop(expected, self.at)
        self.at = found.end()
        return str(found.group(kind))

    def stop(self, expected: str, at: int) -> NoReturn:
        at += len(self.text[at:]) - len(self.text[at:].lstrip())
        rest = self.text[at:]
        raise UsageError(
            f"condition '{self.text}': expected {expected} at character {at + 1}, "
            f"found {repr(rest) if rest else 'the end'} (rule: metric op value[unit], e.g. latency_p95 > 200ms)",
            fix="augury alerts rules --help",
            at=at,
        )


def _clause(reader: _Reader) -> Clause:
    start = reader.at
    metric = reader.take("word", "a metric")
    if metric.lower() in _JOINS:
        reader.stop("a metric", start)
    op = reader.take("op", "one of < <= > >= == !=")
    at = reader.at
    number = float(reader.take("number", "a number"))
    if not math.isfinite(number):
        reader.stop("a finite number", at)
    unit = _unit(reader)
    _fitting(reader, metric, number, unit, at)
    return Clause(metric, op, number * UNITS[unit], unit)


def _unit(reader: _Reader) -> str:
    if reader.peek("unit") is not None:
        return reader.take("unit", "%")
    word = reader.peek("word")
    if word in UNITS:
        return reader.take("word", "a unit")
    if reader.at < len(reader.text) and not reader.text[reader.at].isspace():
        reader.stop("a unit (ms, s, %)", reader.at)
    return ""


def _fitting(reader: _Reader, metric: str, number: float, unit: str, at: int) -> None:
    """Refuse what could only be a slip: a duration without a unit, a share in seconds or above one."""
    words = metric.lower().split("_")
    if any(word in _DURATIONS for word in words):
        if unit not in ("ms", "s"):
            reader.stop(f"a duration with its unit, ms or s ({metric} is one)", at)
    elif metric in _SHARES and (unit in ("ms", "s") or abs(number * UNITS[unit]) > 1):
        reader.stop(f"a share in 0..1 or a percentage ({metric} is one)", at)


def _all(group: tuple[Clause, ...], values: Mapping[str, float | None]) -> bool | None:
    found = [None if (value := values.get(clause.metric)) is None else clause.holds(value) for clause in group]
    return False if False in found else None if None in found else True
