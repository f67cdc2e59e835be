"""Classifiers of windows: prices come in by the door, become inputs, and a network answers with classes and spans."""
