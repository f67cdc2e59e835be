"""Features across symbols: the same day, the market, sectors, graphs of who moves with whom."""
