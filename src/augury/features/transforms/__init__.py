"""Transforms fitted on a fold: one file each, the class named ``TRANSFORM``; see ``features.fitted``."""
