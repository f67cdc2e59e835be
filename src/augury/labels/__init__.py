"""labels: what followed a bar, and how rows are divided in time. Nothing touches a feature."""
