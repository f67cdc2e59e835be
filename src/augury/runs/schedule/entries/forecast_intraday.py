"""Forecast the intraday timeframes every hour of every open market: at its close they would be of no use."""

from __future__ import annotations

from typing import Final

from augury.runs.schedule.entry import Entry, InSession

ENTRY: Final = Entry(
    "Forecast the intraday timeframes every hour of every open market.",
    "forecast",
    InSession(15),
    {"timeframes": ["m1", "m5", "m15", "h1", "h4"]},
)
