"""What the settings of a job may be when a stranger writes them: every wrong one is named with its field.

On the command line a recipe or a table of windows may be a file, and a backup a folder. Over the
network no text becomes a path: there such settings are refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final

from augury.core.bars import check_symbol
from augury.core.errors import AuguryError, UsageError
from augury.core.recipe import Recipe
from augury.core.suggestion import did_you_mean
from augury.core.timeframe import Horizon, Timeframe
from augury.core.typing import Json
from augury.runs.durable.kind import Kind
from augury.runs.recipes import RECIPES
from augury.service.problems import FieldError

ENTRIES_MAX: Final = 1000
_WORD: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}")
_TYPES: Final = {bool: "true or false", int: "a whole number", float: "a number", str: "a text", list: "a list",
                 dict: "an object"}  # fmt: skip


def check_settings(kind: Kind, settings: Mapping[str, Any]) -> None:
    """Refuse settings a kind of job does not have or that cannot be right.

    Raises
    ------
    UsageError
        With every wrong setting in ``facts["fields"]``.
    """
    wrong = []
    for name, value in settings.items():
        said = _wrong(kind, name, value)
        if said is not None:
            wrong.append(FieldError(field=f"settings.{name}", message=said))
    if wrong:
        detail = "; ".join(f"{entry.field}: {entry.message}" for entry in wrong[:3])
        raise UsageError(detail, fix="GET /v1/jobs/kinds", fields=wrong)


def _wrong(kind: Kind, name: str, value: Any) -> str | None:
    if name not in kind.settings:
        return f"unknown setting{did_you_mean(name, kind.settings)} (known: {', '.join(kind.settings) or 'none'})"
    wanted = type(kind.settings[name])
    if type(value) is not wanted and not (name == "recipe" and isinstance(value, dict)):
        return f"is {_TYPES.get(wanted, wanted.__name__)}, found {_TYPES.get(type(value), 'null')}"
    check = _CHECKS.get(name)
    try:
        return check(value) if check is not None else None
    except AuguryError as error:
        return error.message


def _each(check: Callable[[str], object]) -> Callable[[Any], str | None]:
    def every(values: Any) -> str | None:
        if len(values) > ENTRIES_MAX:
            return f"holds {len(values)} entries, more than {ENTRIES_MAX}"
        if not all(isinstance(value, str) for value in values):
            return "is a list of texts"
        for value in values:
            check(value)
        return None

    return every


def _between(low: int, high: int) -> Callable[[Any], str | None]:
    return lambda value: None if low <= value <= high else f"{value} is outside {low}..{high}"


def _recipe(value: Any) -> str | None:
    if isinstance(value, dict):
        Recipe.from_json(value)
        return None
    if value and value not in RECIPES:
        return f"unknown recipe{did_you_mean(value, RECIPES)} (known: {', '.join(RECIPES)}, or the recipe as an object)"
    return None


def _tuned_on(value: Json) -> str | None:
    wrong = sorted(set(value) - {"symbol", "timeframe", "horizon"})
    if wrong:
        return f"'{wrong[0]}' is not known here (known: symbol, timeframe, horizon)"
    if not all(isinstance(text, str) for text in value.values()):
        return "holds texts: symbol, timeframe, horizon"
    if value:
        check_symbol(value.get("symbol", ""))
        Timeframe.parse(value.get("timeframe", "d1"))
        Horizon.parse(value.get("horizon", "5d"))
    return None


def _day(value: str) -> str | None:
    try:
        date.fromisoformat(value or "2000-01-01")
    except ValueError:
        return f"'{value}' is no day: write YYYY-MM-DD"
    return None


def _word(value: str) -> str | None:
    return None if not value or _WORD.fullmatch(value) else "holds letters, digits, '.', '_' and '-' only"


def _nowhere(value: str) -> str | None:
    return "places are chosen on the machine itself, not over the network" if value else None


_CHECKS: Final[dict[str, Callable[[Any], str | None]]] = {
    "symbols": _each(check_symbol),
    "timeframes": _each(Timeframe.parse),
    "horizons": _each(Horizon.parse),
    "recipe": _recipe,
    "data": _tuned_on,
    "day": _day,
    "study": _word,
    "family": _word,
    "objective": _word,
    "data_version": _word,
    "version": _word,
    "out": _nowhere,
    "trials": _between(1, 1000),
    "cuts": _between(1, 1000),
    "epochs": _between(1, 1000),
    "folds": _between(2, 10),
    "seed": _between(0, 2**31 - 1),
    "grace_minutes": _between(0, 100_000),
}
