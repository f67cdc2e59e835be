"""Where messages go, one kind of channel a file; the address of each stays in the environment."""
