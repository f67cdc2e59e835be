"""accounts: who calls, what they may, how much, and what they used."""
