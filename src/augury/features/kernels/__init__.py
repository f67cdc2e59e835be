"""The compiled part of the feature engine: C sources, and how they are loaded.

machine.c     runs a program of column operations over one symbol after another
windows.c     sums, spreads, extremes, quantiles of the last bars
smoothing.c   exponential averages, four at once
recursions.c  what remembers more than one number: SuperTrend, swings
structure.c   levels, pivots, volume profile
library.py    the shared library, built by core/native.py when Augury is installed
"""
