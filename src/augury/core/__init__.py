"""core: what travels between the rooms, and the rulers every room uses.

Knows no vendor, no model and no database.
"""
