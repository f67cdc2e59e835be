"""cli: the command line. Each room's verbs in one file."""
