"""Revisions, oldest first. A published revision is never edited."""
