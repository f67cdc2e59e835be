"""Rankers of a panel: a network that sees the names of a day together."""
