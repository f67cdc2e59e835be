"""Kinds of job: one file, one kind, its public object is called ``KIND``."""
