"""data: bars in, bars checked. Nothing is filled, dropped or repaired silently."""
