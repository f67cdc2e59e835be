"""Panels as memory-mapped Arrow files, and batches of whole days from them."""

from augury.data.arrow_cache.cache import STALE, ArrowCache, CacheFacts

__all__ = ["STALE", "ArrowCache", "CacheFacts"]
