"""Watching what runs: how good the forecasts still are, and who is told when they are not."""
