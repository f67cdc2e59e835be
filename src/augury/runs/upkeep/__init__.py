"""Keeping a store: copied, restored, examined."""
