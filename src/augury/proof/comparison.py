"""Two experiments side by side: fair when only what is tested differs, and then judged pair by pair."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from augury.core.errors import DataError
from augury.core.metrics.bootstrap import block_length, bootstrap_difference
from augury.core.score import ENOUGH
from augury.core.seeds import DEFAULT_SEED
from augury.core.typing import Floats

MISSING: Final = "(not set)"


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between A and B, and whether B is better.

    Parameters
    ----------
    settings : dict
        Each setting that differs, dotted, to its two values.
    metrics : dict
        Each metric of either, to its two values.
    difference : float or None
        Mean of B minus A over the pairs.
    low, high : float or None
        95 % by blocks.
    n : int
        Pairs.
    verdict : str
        One sentence.
    """

    settings: dict[str, tuple[Any, Any]]
    metrics: dict[str, tuple[float | None, float | None]]
    difference: float | None
    low: float | None
    high: float | None
    n: int
    verdict: str


def differing(a: Mapping[str, Any], b: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """List the settings in which two configurations differ, nested ones by dotted names.

    Examples
    --------
    >>> differing({"lr": 1, "net": {"hidden": 8}}, {"lr": 1, "net": {"hidden": 16}})
    {'net.hidden': (8, 16)}
    """
    flat_a, flat_b = _flat(a), _flat(b)
    return {
        key: (flat_a.get(key, MISSING), flat_b.get(key, MISSING))
        for key in sorted(set(flat_a) | set(flat_b))
        if flat_a.get(key, MISSING) != flat_b.get(key, MISSING)
    }


def compare(
    a: Mapping[str, Any],
    b: Mapping[str, Any],
    series_a: Floats,
    series_b: Floats,
    *,
    varies: str | None = None,
    horizon_bars: int = 1,
    metrics: tuple[Mapping[str, float | None], Mapping[str, float | None]] = ({}, {}),
    seed: int = DEFAULT_SEED,
) -> Comparison:
    """Compare two experiments on the same rows.

    Parameters
    ----------
    a, b : mapping
        Their configurations.
    series_a, series_b : (n,)
        One figure a day or window each, larger is better; the same days in the same order.
    varies : str, optional
        The setting, dotted, that is tested; by default the one that differs. A verdict needs it alone
        to differ.
    horizon_bars : int
        Values of the series that overlap.
    metrics : two mappings
        Shown side by side.
    seed : int
        Of the bootstrap.

    Raises
    ------
    DataError
        The series are of different lengths: they were not measured on the same rows.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> base = rng.normal(size=400)
    >>> compare({"lr": 1}, {"lr": 2}, base, base + 0.5 + rng.normal(size=400) / 10).verdict[:11]
    'B is better'
    >>> compare({"lr": 1, "seed": 1}, {"lr": 2, "seed": 2}, base, base).verdict
    'no verdict: lr and seed differ, a fair comparison changes one setting'
    """
    changed = differing(a, b)
    both = {key: (metrics[0].get(key), metrics[1].get(key)) for key in sorted(set(metrics[0]) | set(metrics[1]))}
    others = [key for key in changed if not (varies and (key == varies or key.startswith(f"{varies}.")))]
    if (varies and others) or (len(changed) > 1 and not varies):
        names = f"{' and '.join(others)} beside {varies}" if varies else " and ".join(sorted(changed))
        return _without(changed, both, 0, f"no verdict: {names} differ, a fair comparison changes one setting")
    if len(series_a) != len(series_b):
        raise DataError(
            f"A has {len(series_a)} values and B {len(series_b)}: pairs need the same rows, measured by the same split"
        )
    n = len(series_a)
    if n / horizon_bars < ENOUGH:
        return _without(changed, both, n, f"insufficient: {n} pairs, a verdict needs {ENOUGH} that count")
    first, second = np.asarray(series_a, dtype=np.float64), np.asarray(series_b, dtype=np.float64)
    mean = float((second - first).mean())
    low, high = bootstrap_difference(second, first, block_length(n, horizon_bars), seed=seed)
    word = "B is better" if low > 0 else "A is better" if high < 0 else "no difference shown"
    return Comparison(changed, both, mean, low, high, n, f"{word}: {mean:+.4f} [{low:+.4f}, {high:+.4f}], n={n}")


def _without(
    changed: dict[str, tuple[Any, Any]], metrics: dict[str, tuple[float | None, float | None]], n: int, why: str
) -> Comparison:
    return Comparison(changed, metrics, None, None, None, n, why)


def _flat(value: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, inner in value.items():
        name = f"{prefix}{key}"
        found |= _flat(inner, f"{name}.") if isinstance(inner, Mapping) and inner else {name: inner}
    return found
