"""The loop without a market: the demo, and a quarter through a simulated clock."""
