"""Feature families: a file is a family, its ``FAMILY`` declares names, lookbacks and formulas.

Adding a family is adding a file; sets, engine, checks of causality and the list of features find it.
"""
