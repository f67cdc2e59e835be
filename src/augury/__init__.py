"""Augury: market bars into forecasts that prove themselves."""

__version__ = "0.1.0"
