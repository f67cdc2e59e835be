"""What was said and what came of it, chained and never rewritten."""
