"""Frames of any layout become canonical bars, every mapping reported; and back again."""
