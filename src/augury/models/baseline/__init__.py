"""What a score must beat. Each file defines ``BASELINE``; all are printed beside every score."""
