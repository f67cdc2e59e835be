"""features: what is known at the close of a bar. Nothing looks to the right of the bar."""
