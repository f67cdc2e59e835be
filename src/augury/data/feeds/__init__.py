"""Asking vendors: bounded in time, patient, with a fallback that names what it used."""
