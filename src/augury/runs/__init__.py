"""runs: what happens and when. Computes nothing a room to the left could."""
