"""The compiled part of the feature engine: C sources, how they are built, how they are loaded.

machine.c     runs a program of column operations over one symbol after another
structure.c   levels, pivots, volume profile
compiler.py   builds the shared library when Augury is installed
"""
