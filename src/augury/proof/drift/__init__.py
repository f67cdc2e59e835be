"""Drift: have the forecasts, the features or the answers changed since the version was judged?"""
