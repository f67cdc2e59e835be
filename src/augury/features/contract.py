"""What every feature must keep, tried on a family from any file: the generated test.

    augury features check my_family.py

causal        cutting the history at 20 points, or noise after them, changes no value at or before
resumable     one bar at a time gives the same bits as all at once
scale-free    prices times 0.001, 1.3 and 10,000 change nothing beyond 1e-9, where it says so
finite        never infinite, and known once its lookback is full
alive         not one value for ever
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from augury.core.errors import NotFound, UsageError
from augury.core.typing import Floats, Json
from augury.features import machine
from augury.features.engine import leaf_columns
from augury.features.family import Family
from augury.features.incremental import Memory, advance, plan_of
from augury.features.program import compile_terms, leaves

_ROWS: Final = 420
_CUTS: Final = 20
_FACTORS: Final = (1e-3, 1.3, 1e4)
_PRICES: Final = ("open", "high", "low", "close")
_STEPS: Final = 30
_TOLERANCE: Final = 1e-9
_UNKNOWN_SHARE: Final = 0.5

Columns = dict[str, Floats]


@dataclass(frozen=True, slots=True)
class Breach:
    """One promise one feature does not keep.

    Parameters
    ----------
    feature : str
    promise : str
        ``causal``, ``resumable``, ``scale-free``, ``finite`` or ``alive``.
    found : str
        What was seen, with the bar.
    """

    feature: str
    promise: str
    found: str

    def to_json(self) -> Json:
        """Write as a JSON object."""
        return {"feature": self.feature, "promise": self.promise, "found": self.found}


def load_family(path: Path) -> Family:
    """Import the ``FAMILY`` of a file; the file's code is run.

    Raises
    ------
    NotFound
        No such file.
    UsageError
        It defines no ``FAMILY``, or one that is not named like the file.
    """
    if not path.is_file():
        raise NotFound(f"no file {path}", fix="augury features check FILE.py")
    spec = importlib.util.spec_from_file_location(f"augury_family_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise UsageError(f"{path} is not a Python file", fix="augury features check FILE.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    family = getattr(module, "FAMILY", None)
    if not isinstance(family, Family):
        raise UsageError(f"{path} defines no FAMILY = Family(...)", fix="augury features list")
    if family.name != path.stem:
        raise UsageError(f"the family of {path.name} is named '{family.name}', not '{path.stem}' like its file")
    return family


def breaches(family: Family) -> list[Breach]:
    """Try every promise on every feature of a family.

    Parameters
    ----------
    family : Family
        Its features may read any column; the columns are seeded random bars, some of them flat,
        some without trade, and seeded noise for what stands beside bars.

    Returns
    -------
    list of Breach
        Empty when every promise is kept.

    Examples
    --------
    >>> from augury.features.family import Feature
    >>> from augury.features.language import close, lag
    >>> good = Feature("momentum_3d", 4, close / lag(close, 3) - 1.0)
    >>> in_price_units = Feature("gain_3d", 4, close - lag(close, 3))
    >>> [breach.promise for breach in breaches(Family("mine", "an example", (good, in_price_units)))]
    ['scale-free']
    """
    columns = _columns(leaves([feature.formula for feature in family.features]))
    full = _values(family, columns)
    found = [*_not_finite(family, full), *_not_causal(family, columns, full)]
    return [*found, *_not_resumable(family, columns, full), *_not_scale_free(family, columns, full)]


def _values(family: Family, columns: Columns) -> NDArray[np.float64]:
    features = family.features
    program = compile_terms([f.formula for f in features], [f.lookback_bars for f in features])
    rows = len(next(iter(columns.values())))
    parts = machine.segments(np.array([0]), rows)
    return machine.run(program, leaf_columns(program, columns, parts), parts, double=True).values


def _columns(names: tuple[str, ...]) -> Columns:
    """Seeded bars, and noise for every other column."""
    rng = np.random.default_rng(7)
    close = 50.0 * np.exp(np.cumsum(rng.normal(0.0, 0.015, _ROWS)))
    close[150:153] = close[150]
    opened = np.append(50.0, close[:-1]) * np.exp(rng.normal(0.0, 0.004, _ROWS))
    high = np.maximum(opened, close) * (1.0 + np.abs(rng.normal(0.0, 0.006, _ROWS)))
    low = np.minimum(opened, close) * (1.0 - np.abs(rng.normal(0.0, 0.006, _ROWS)))
    flat = rng.random(_ROWS) < 1 / 15
    opened[flat] = high[flat] = low[flat] = close[flat]
    volume = np.round(np.exp(rng.normal(13.0, 0.6, _ROWS)))
    volume[rng.random(_ROWS) < 1 / 40] = 0.0
    bars = {"open": opened, "high": high, "low": low, "close": close, "volume": volume}
    bars["bars_per_year"] = np.full(_ROWS, 252.0)
    return {"close": close} | {name: bars.get(name, np.abs(rng.normal(size=_ROWS))) for name in names}


def _cut(columns: Columns, rows: int) -> Columns:
    return {name: values[:rows] for name, values in columns.items()}


def _same(a: Floats, b: Floats) -> bool:
    return bool(np.array_equal(a, b, equal_nan=True))


def _not_finite(family: Family, full: NDArray[np.float64]) -> list[Breach]:
    found = []
    for feature, values in zip(family.features, full, strict=True):
        known = values[feature.lookback_bars - 1 :]
        if np.isinf(known).any():
            at = int(np.isinf(values).argmax())
            found.append(Breach(feature.name, "finite", f"infinite at bar {at}"))
        elif np.isnan(known).mean() > _UNKNOWN_SHARE:
            share = 100 * np.isnan(known).mean()
            found.append(Breach(feature.name, "finite", f"unknown on {share:.0f} % of bars after its lookback"))
        elif np.isnan(known[0]):
            say = f"still unknown at bar {feature.lookback_bars}, where its lookback is full"
            found.append(Breach(feature.name, "finite", say))
        elif np.nanmin(known) == np.nanmax(known) and feature.unit != "flag":
            found.append(Breach(feature.name, "alive", f"always {np.nanmin(known):g}"))
    return found


def _not_causal(family: Family, columns: Columns, full: NDArray[np.float64]) -> list[Breach]:
    rng = np.random.default_rng(11)
    found: dict[str, Breach] = {}
    for rows in np.linspace(3, _ROWS - 2, _CUTS).astype(int).tolist():
        noise = np.exp(rng.normal(0.0, 0.5, _ROWS - rows))
        noisy = {name: np.append(values[:rows], values[rows:] * noise) for name, values in columns.items()}
        for what, other in (("the history is cut", _cut(columns, rows)), ("what follows is noise", noisy)):
            again = _values(family, other)[:, :rows]
            for feature, before, after in zip(family.features, full, again, strict=True):
                if not _same(before[:rows], after) and feature.name not in found:
                    at = int((~((before[:rows] == after) | (np.isnan(before[:rows]) & np.isnan(after)))).argmax())
                    say = f"the value of bar {at} changes when {what} after bar {rows - 1}"
                    found[feature.name] = Breach(feature.name, "causal", say)
    return list(found.values())


def _not_resumable(family: Family, columns: Columns, full: NDArray[np.float64]) -> list[Breach]:
    plan = plan_of(tuple((feature.formula, feature.lookback_bars) for feature in family.features))
    bars = np.column_stack([columns[name] for name in plan.columns])
    first = _ROWS - _STEPS
    memories: list[Memory | None] = [None]
    found: dict[str, Breach] = {}
    for start, end in [(0, first), *((row, row + 1) for row in range(first, _ROWS))]:
        kept, rows, _ = advance(plan, memories, [bars[start:end]])
        memories = list(kept)
        for feature, computed, expected in zip(family.features, rows.T, full, strict=True):
            if not _same(computed, expected[start:end].astype(np.float32)) and feature.name not in found:
                say = f"bar {end - 1} differs when bars come one at a time"
                found[feature.name] = Breach(feature.name, "resumable", say)
    return list(found.values())


def _not_scale_free(family: Family, columns: Columns, full: NDArray[np.float64]) -> list[Breach]:
    found: dict[str, Breach] = {}
    for factor in _FACTORS:
        scaled = {name: values * (factor if name in _PRICES else 1.0) for name, values in columns.items()}
        for feature, before, after in zip(family.features, full, _values(family, scaled), strict=True):
            if feature.scale_free and feature.name not in found and (off := _furthest(before, after)) > _TOLERANCE:
                say = f"prices times {factor:g} move it by {off:.1e}"
                found[feature.name] = Breach(feature.name, "scale-free", say)
    return list(found.values())


def _furthest(before: Floats, after: Floats) -> float:
    if not np.array_equal(np.isnan(before), np.isnan(after)):
        return float("inf")
    known = np.isfinite(before) & np.isfinite(after)
    gap = np.abs(after[known] - before[known]) / np.maximum(1.0, np.abs(before[known]))
    return float(gap.max(initial=0.0))
