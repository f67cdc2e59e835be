"""Graphs that were made stay made: one Arrow file for each key of date, symbols, parameters and data."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from augury.core.atomic import make_folder, replacing
from augury.core.typing import Features, Ints


@dataclass(frozen=True, slots=True)
class GraphStore:
    """A folder of edge lists, found by the hash of all they were made from: none is ever out of date.

    Parameters
    ----------
    folder : Path
        Made when the first graph is kept; may be deleted at any time.
    """

    folder: Path

    def get(self, key: str) -> tuple[Ints, Ints, Features] | None:
        """Return source, target and attributes of a kept graph; None when there is none, or its file is damaged."""
        path = self._path(key)
        if not path.is_file():
            return None
        try:
            edges = pl.read_ipc(path)
        except (pl.exceptions.PolarsError, OSError):
            return None  # made again and written over
        values = edges.drop("source", "target").to_numpy()
        source, target = (edges[name].to_numpy().astype(np.int64) for name in ("source", "target"))
        return source, target, np.ascontiguousarray(values, dtype=np.float32)

    def put(self, key: str, source: Ints, target: Ints, attributes: Features) -> None:
        """Keep a graph, durably and whole."""
        make_folder(self.folder)
        columns = {"source": source, "target": target}
        columns |= {f"attribute_{k}": np.ascontiguousarray(attributes[:, k]) for k in range(attributes.shape[1])}
        with replacing(self._path(key)) as temporary:
            pl.DataFrame(columns).write_ipc(temporary)

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}.arrow"
