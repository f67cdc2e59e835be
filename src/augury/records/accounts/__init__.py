"""People and programs: who they are, what they used, and what is theirs alone."""
