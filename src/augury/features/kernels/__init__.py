"""The compiled part of the feature engine: C sources, and how they are loaded.

machine.c     runs a program of column operations over one symbol after another
structure.c   levels, pivots, volume profile
recursions.c  several recursions at once
library.py    the shared library, built by core/native.py when Augury is installed
"""
