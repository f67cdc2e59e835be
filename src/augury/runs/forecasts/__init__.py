"""Forecasts and what becomes of them: made, agreed upon, asked for again, scored, held as positions."""
