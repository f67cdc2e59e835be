"""Versions on disk and in the registry: sealed, named, pointed to, loaded, removed."""
