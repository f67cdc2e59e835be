"""The schedule itself, one entry a file."""
