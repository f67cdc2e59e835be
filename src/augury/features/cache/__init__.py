"""The feature cache: what was computed stays computed, on this machine or on a Redis server.

feature_cache.py   what is kept of a symbol, when it may be used, how it grows by one bar
local.py           one SQLite file (default)
redis.py           any server of the Redis protocol
"""

from augury.features.cache.feature_cache import CacheBackend, FeatureCache, Refresh, backend_of

__all__ = ["CacheBackend", "FeatureCache", "Refresh", "backend_of"]
