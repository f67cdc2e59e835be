"""What was loaded stays loaded: once, however many ask for it at the same time."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass
class Kept(Generic[K, V]):
    """The most recently used values; safe for many threads.

    Parameters
    ----------
    limit : int
        The longest unused value goes first.

    Examples
    --------
    >>> kept: Kept[str, int] = Kept(2)
    >>> [kept.get(name, lambda: len(name)) for name in ("one", "three")], len(kept)
    ([3, 5], 2)
    """

    limit: int
    _values: OrderedDict[K, V] = field(default_factory=OrderedDict)
    _loading: dict[K, threading.Lock] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self, key: K, load: Callable[[], V]) -> V:
        """Return the value of a key; the first who asks loads it, the others wait. What ``load`` raises is not kept."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
            loading = self._loading.setdefault(key, threading.Lock())
        with loading:
            with self._lock:
                if key in self._values:
                    return self._values[key]
            try:
                value = load()
            finally:
                with self._lock:
                    self._loading.pop(key, None)
            with self._lock:
                self._values[key] = value
                while len(self._values) > self.limit:
                    self._values.popitem(last=False)
            return value

    def peek(self, key: K) -> V | None:
        """Return a value that is there; None where it would have to be loaded."""
        return self._values.get(key)

    def drop(self, key: K) -> None:
        """Drop one value; the next who asks loads it again."""
        with self._lock:
            self._values.pop(key, None)

    def __len__(self) -> int:
        return len(self._values)
