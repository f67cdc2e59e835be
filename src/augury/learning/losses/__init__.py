"""Losses, one a file. Filled below."""
