"""Which version answers: registered, promoted, tried, released, rolled back, and what stops it."""
