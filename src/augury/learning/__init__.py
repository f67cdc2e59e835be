"""learning: how networks learn. Knows losses, optimisers and loops, not which network it trains."""
