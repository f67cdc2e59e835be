"""Flags of forecasts, asked for in SQL."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Text, not_, or_, type_coerce

from augury.records.tables import forecasts


def has_flag(word: str, said: Any = forecasts) -> ColumnElement[bool]:
    """Tell whether a forecast carries one of :data:`augury.core.forecast.FLAGS`.

    Parameters
    ----------
    word : str
    said : Table or alias
        Of the forecasts.
    """
    # As text: compared as JSON, the pattern itself would be written as JSON first.
    return type_coerce(said.c.flags_json, Text).like(f'%"{word}"%')


def is_shadow(said: Any = forecasts) -> ColumnElement[bool]:
    """Tell what another version than the champion said: it is kept, and nobody's newest forecast."""
    return has_flag("shadow", said)


def was_served() -> ColumnElement[bool]:
    """Tell what somebody was given: what champions said, and what an A/B test let another version say."""
    return or_(not_(is_shadow()), has_flag("ab"))
