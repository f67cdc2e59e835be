"""Pre-training, one kind a file: ``PRETRAIN`` is a task that learns from bars nobody labelled.

A kind is given its encoder and prepared data; it brings its own heads, which are thrown away afterwards.
``masked``, ``contrastive`` and ``multitask`` read windows (:class:`~augury.learning.pretrain._windows.WindowData`);
``panel`` reads days of many symbols.
"""

from typing import Any, Final

from augury.core.catalog import Catalog
from augury.core.extras import package_folder

package_folder("torch", extra="deep")

PRETRAININGS: Final = Catalog[Any]("pre-training", ("augury.learning.pretrain",), "PRETRAIN")

__all__ = ["PRETRAININGS"]
