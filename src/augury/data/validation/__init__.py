"""What the checks found: judged, reported, set aside; never repaired silently."""
