"""When markets trade: sessions, holidays, half days; when a bar is known; bars made of shorter ones."""

from augury.data.calendar.market import FIRST_KNOWN, LAST_KNOWN, MarketCalendar, market_calendar

__all__ = ["FIRST_KNOWN", "LAST_KNOWN", "MarketCalendar", "market_calendar"]
