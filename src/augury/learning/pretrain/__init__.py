"""Pre-training: what a network learns before it is told anything."""
