"""Weights taken from one network to another, proved by numbers."""
