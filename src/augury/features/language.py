"""The words features are written in: columns of bars, arithmetic, windows, recursions.

    momentum_5d = close / lag(close, 5) - 1.0
    rsi = 100.0 * share(mean(gain, 14), mean(gain, 14) + mean(loss, 14), ...)

A term says what is to be computed; nothing is computed here. Equal terms are one object, so what
two features share is computed once. No word looks to the right of the bar: a formula that can be
written is causal. An unknown value (NaN) makes every result that reads it unknown; comparisons
answer 1, 0 or unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from augury.core.errors import UsageError
from augury.core.typing import Floats

FLAT: Final = 1e-12
"""A spread below this fraction of the price is rounding, not movement: the bar counts as flat."""

Number = int | float
Operand = "Term | int | float"


class Term:
    """One value for each bar: a column, or an operation on other terms.

    Terms are made by the functions of this module and by arithmetic; they are compared by
    identity, and the same operation on the same terms is the same object.

    Parameters
    ----------
    op : str
        Name of a machine operation, ``column`` or ``rolling``.
    args : tuple of Term
        Operands.
    numbers : tuple
        Whatever else the operation is told: lengths, weights, a column's name.
    """

    __slots__ = ("args", "numbers", "op")

    def __init__(self, op: str, args: tuple[Term, ...], numbers: tuple[object, ...]) -> None:
        self.op, self.args, self.numbers = op, args, numbers

    def __repr__(self) -> str:
        inner = ", ".join([*map(repr, self.args), *map(repr, self.numbers)])
        return str(self.numbers[0]) if self.op == "column" else f"{self.op}({inner})"

    def __add__(self, other: Term | Number) -> Term:
        return _binary("add", "add_to", "add_to", self, other)

    def __radd__(self, other: Number) -> Term:
        return self + other

    def __sub__(self, other: Term | Number) -> Term:
        return _binary("sub", "sub_from", "subtracted", self, other)

    def __rsub__(self, other: Number) -> Term:
        return _term("subtracted", self, numbers=(float(other),))

    def __mul__(self, other: Term | Number) -> Term:
        return _binary("mul", "mul_by", "mul_by", self, other)

    def __rmul__(self, other: Number) -> Term:
        return self * other

    def __truediv__(self, other: Term | Number) -> Term:
        return _binary("div", "div_by", "divided", self, other)

    def __rtruediv__(self, other: Number) -> Term:
        return _term("divided", self, numbers=(float(other),))

    def __neg__(self) -> Term:
        return _term("negative", self)

    def __gt__(self, other: Term | Number) -> Term:
        return _binary("above", "above_scalar", "below_scalar", self, other)

    def __lt__(self, other: Term | Number) -> Term:
        return _binary("below", "below_scalar", "above_scalar", self, other)

    def __ge__(self, other: Term | Number) -> Term:
        return _binary("at_least", "at_least_scalar", "at_most_scalar", self, other)

    def __le__(self, other: Term | Number) -> Term:
        return _binary("at_most", "at_most_scalar", "at_least_scalar", self, other)

    def __and__(self, other: Term) -> Term:
        return _term("lesser", self, other)

    def __or__(self, other: Term) -> Term:
        return _term("greater", self, other)

    def __invert__(self) -> Term:
        return _term("not", self)

    def __bool__(self) -> bool:
        raise UsageError("a term has no truth value: write & | ~ and where() instead of and, or, not and if")


_known: dict[tuple[object, ...], Term] = {}


def _term(op: str, *args: Term, numbers: tuple[object, ...] = ()) -> Term:
    key = (op, *map(id, args), *numbers)
    if (found := _known.get(key)) is None:
        found = _known[key] = Term(op, args, numbers)
    return found


def _binary(op: str, scalar: str, mirrored: str, x: Term, y: Term | Number) -> Term:
    return _term(op, x, y) if isinstance(y, Term) else _term(scalar, x, numbers=(float(y),))


def column(name: str) -> Term:
    """A column of the bars, or of a table joined to them.

    Parameters
    ----------
    name : str
        ``open high low close volume``, or the name of a joined column such as ``news_count``.
    """
    return _term("column", numbers=(name,))


open_, high, low, close, volume = (column(name) for name in ("open", "high", "low", "close", "volume"))


def log(x: Term) -> Term:
    """Natural logarithm."""
    return _term("logarithm", x)


def sqrt(x: Term) -> Term:
    """Square root."""
    return _term("root", x)


def absolute(x: Term) -> Term:
    """Magnitude."""
    return _term("magnitude", x)


def sign(x: Term) -> Term:
    """-1, 0 or 1."""
    return _term("sign", x)


def lesser(x: Term, y: Term | Number) -> Term:
    """The smaller of two; unknown when either is."""
    return _binary("lesser", "lesser_of", "lesser_of", x, y)


def greater(x: Term, y: Term | Number) -> Term:
    """The larger of two; unknown when either is."""
    return _binary("greater", "greater_of", "greater_of", x, y)


def clip(x: Term, limit: float) -> Term:
    """Limit to plus or minus ``limit``."""
    return greater(lesser(x, limit), -limit)


def where(condition: Term, yes: Term | Number, no: Term | Number) -> Term:
    """``yes`` where the flag is 1, ``no`` where it is 0; unknown where the flag is."""
    return _term("choose", condition, _filled(yes), _filled(no))


def _filled(value: Term | Number) -> Term:
    return value if isinstance(value, Term) else _term("fill", numbers=(float(value),))


def share(part: Term, whole: Term, level: Term = close, *, flat: float = float("nan")) -> Term:
    """Divide two spreads; ``flat`` where the whole is no more than rounding of ``level``.

    Parameters
    ----------
    part, whole : Term
        In the same unit, usually price units; ``whole`` is not negative.
    level : Term
        What the whole is compared with; default the close.
    flat : float
        The answer when there is nothing to divide by; default unknown.
    """
    return _term("share", part, whole, level, numbers=(FLAT, float(flat)))


def per(amount: Term, whole: Term) -> Term:
    """Divide by a quantity that may be zero, such as a volume; unknown where it is."""
    return _term("share", amount, whole, whole, numbers=(0.0, float("nan")))


def in_sd(change: Term, spread: Term) -> Term:
    """Divide a return by a standard deviation of returns; unknown when prices did not move."""
    return _term("share", change, spread, _filled(1.0), numbers=(FLAT, float("nan")))


def lag(x: Term, n: int) -> Term:
    """Value ``n`` bars ago."""
    return _windowed("lag", x, n)


def lag_or_self(x: Term, n: int) -> Term:
    """Value ``n`` bars ago; the symbol's first ``n`` bars answer with their own."""
    return _windowed("lag_or_self", x, n)


def change(x: Term, n: int) -> Term:
    """Value minus its value ``n`` bars ago."""
    return x - lag(x, n)


def total(x: Term, n: int) -> Term:
    """Sum over the last ``n`` bars, the current one included."""
    return _windowed("sum", x, n)


def total_above(weight: Term, x: Term, threshold: Term, n: int) -> Term:
    """Sum of ``weight`` over those of the last ``n`` bars whose ``x`` lies above the threshold of the current bar."""
    if n < 1:
        raise UsageError(f"total_above needs a window of at least 1 bar, not {n}")
    return _term("sum_above", weight, x, threshold, numbers=(n,))


def known_from(x: Term, n: int) -> Term:
    """The same value, unknown before the symbol's ``n``-th bar: a recursion that has not settled is not evidence."""
    return _windowed("known_from", x, n)


def mean(x: Term, n: int) -> Term:
    """Mean over the last ``n`` bars."""
    return _windowed("mean", x, n)


def sd(x: Term, n: int, *, sample: bool = True) -> Term:
    """Standard deviation (``sample``: by ``n - 1``) over the last ``n`` bars; exactly 0 when they are equal."""
    if n < 2:
        raise UsageError(f"sd needs a window of at least 2 bars, not {n}")
    return _windowed("sd", x, n, n - 1 if sample else n)


def zscore(x: Term, n: int, limit: float = 10.0) -> Term:
    """How many of its ``n``-bar standard deviations a value lies above its mean, within plus or minus ``limit``."""
    # Values that differ by rounding alone have no spread to be measured in.
    return clip(in_sd(x - mean(x, n), sd(x, n)), limit)


def covariance(x: Term, y: Term, n: int, *, sample: bool = True) -> Term:
    """Covariance over the last ``n`` bars."""
    if n < 2:
        raise UsageError(f"covariance needs a window of at least 2 bars, not {n}")
    return _term("covariance", x, y, numbers=(n, n - 1 if sample else n))


def correlation(x: Term, y: Term, n: int) -> Term:
    """Pearson correlation over the last ``n`` bars; unknown when either did not move."""
    return per(covariance(x, y, n), sd(x, n) * sd(y, n))


def lowest(x: Term, n: int) -> Term:
    """Minimum over the last ``n`` bars."""
    return _windowed("lowest", x, n)


def highest(x: Term, n: int) -> Term:
    """Maximum over the last ``n`` bars."""
    return _windowed("highest", x, n)


def dot(x: Term, weights: Sequence[float] | Floats) -> Term:
    """Weighted sum of the last bars; ``weights[0]`` belongs to the current one."""
    return _term("dot", x, numbers=tuple(float(w) for w in weights))


def slope(x: Term, n: int) -> Term:
    """Least-squares slope per bar over ``n + 1`` bars."""
    centred = np.arange(n, -1.0, -1.0) - n / 2.0
    return dot(x, centred / float(centred @ centred))


def smooth(x: Term, alpha: float) -> Term:
    """``s = alpha x + (1 - alpha) s``, from the first bar whose value is known."""
    return _term("smooth", x, numbers=(float(alpha),))


def ema(x: Term, span: int) -> Term:
    """Exponential average with ``alpha = 2 / (span + 1)``."""
    return smooth(x, 2.0 / (span + 1.0))


def wilder(x: Term, n: int) -> Term:
    """Wilder's average, ``alpha = 1 / n``."""
    return smooth(x, 1.0 / n)


def previous_quantiles(x: Term, n: int, low: float, high: float, *, least: int) -> tuple[Term, Term]:
    """Two quantiles of the known of the previous ``n`` values, the current not among them; needs ``least`` of them."""
    return _parts(_term("quantiles", x, numbers=(n, least, low, high)), 2)  # type: ignore[return-value]


def since(flag: Term, n: int) -> Term:
    """Bars since the flag was last 1 (0 when it is now), at most ``n``."""
    return _windowed("since", flag, n)


def levels(x: Term, within: Term, n: int, *, around: int) -> tuple[Term, Term, Term, Term]:
    """Support at or below a price and resistance above it, each with the number of extremes merged in it.

    An extreme stands out of ``around`` bars on either side (of equal values the first), all of them
    among the last ``n`` bars. Sorted, those within ``within`` of the lowest of them are one level, at
    their mean. Where there is no level it is unknown, with 0 extremes.
    """
    return _parts(_structure("levels", (x, within), n, around, 2 * around), 4)  # type: ignore[return-value]


def pivots(x: Term, n: int, *, around: int) -> tuple[Term, Term]:
    """The latest high and the one before it; unknown where the last ``n`` bars do not hold them.

    A high stands out of ``around`` bars on either side (of equal values the first), all of them among
    the last ``n`` bars: it is known ``around`` bars later. Lows are the highs of ``-x``, negated.
    """
    return _parts(_structure("pivots", (x,), n, around, 2 * around), 2)  # type: ignore[return-value]


def profile(x: Term, weight: Term, price: Term, n: int, *, bins: int) -> tuple[Term, Term, Term]:
    """How weight lies over the values of ``x``: centre of the fullest bin, distance of a node, concentration.

    The bins divide the range of the last ``n`` values evenly; a value on a border lies above it. Of
    equally full bins the lowest counts. A node is the centre of a bin of more than 1.5 times the mean
    bin; its distance is that of the one nearest to ``price``, infinite when there is none. Concentration
    is the share of the three fullest bins. Unknown without weight, and when ``x`` did not move.
    """
    return _parts(_structure("profile", (x, weight, price), n, bins, 2), 3)  # type: ignore[return-value]


def _structure(op: str, args: tuple[Term, ...], n: int, m: int, least: int) -> Term:
    if not (least < n <= 256 and 1 <= m <= 64):
        raise UsageError(f"{op} reads windows of {least + 1} to 256 bars, not {n}, and counts 1 to 64, not {m}")
    return _term(op, *args, numbers=(n, m))


def supertrend(price: Term, middle: Term, reach: Term) -> tuple[Term, Term, Term, Term, Term]:
    """Adaptive SuperTrend: up (1 or 0), its line, the factor in use, its performance, strength of the last turn."""
    return _parts(_term("supertrend", price, middle, reach), 5)  # type: ignore[return-value]


def swings(price: Term, reach: Term) -> tuple[Term, Term, Term, Term]:
    """The latest confirmed swing and bars since it, the swing before and bars since it (see ``families.swings``)."""
    return _parts(_term("swings", price, reach), 4)  # type: ignore[return-value]


def rolling(function: Callable[..., Floats], *terms: Term, bars: int) -> Term:
    """What no other word says: a function of the last ``bars`` values of some terms.

    Slower than every other word, and as causal: the function is shown nothing else.

    Parameters
    ----------
    function : callable
        Takes one array ``(m, bars)`` for each term, oldest bar first, and returns ``(m,)``.
    terms : Term
        What the function reads.
    bars : int
        Length of the window, at least 1.
    """
    if bars < 1 or not terms:
        raise UsageError(f"rolling needs at least one term and a window of at least 1 bar, not {bars}")
    if any(_remembers(term) for term in terms):
        raise UsageError("rolling reads columns and windows, not recursions such as ema() or wilder()")
    return _term("rolling", *terms, numbers=(bars, function))


def _remembers(term: Term) -> bool:
    return term.op in ("smooth", "supertrend", "swings") or any(_remembers(arg) for arg in term.args)


def _parts(term: Term, count: int) -> tuple[Term, ...]:
    return tuple(_term("part", term, numbers=(k,)) for k in range(count))


def _windowed(op: str, x: Term, n: int, *more: object) -> Term:
    if n < 1:
        raise UsageError(f"{op} needs a window of at least 1 bar, not {n}")
    return _term(op, x, numbers=(n, *more))


returns = close / lag(close, 1) - 1.0
log_returns = change(log(close), 1)
true_range = greater(high, lag_or_self(close, 1)) - lesser(low, lag_or_self(close, 1))
atr = wilder(true_range, 14)
typical = (high + low + close) / 3.0
close_position = share(close - low, high - low, flat=0.5)
