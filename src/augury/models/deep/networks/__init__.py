"""The networks, one a file: each defines ``NETWORK``."""
