"""Spaces and scoring, one family of models a file: each defines ``FAMILY``."""
