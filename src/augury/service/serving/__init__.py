"""serving: what makes answers fast: kept versions, kept answers, and the mark that says when they are old."""
