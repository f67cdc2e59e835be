"""How much the next bars move: models of the variance, for sizing and for the width of bands.

Each answers with the mean variance per bar over its horizon; ``walk`` compares them on bars they
had not seen with the volatility of the last 20 bars.
"""
