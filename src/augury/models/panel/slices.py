"""Which targets a slice of days may use: none that ends inside the next slice."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from augury.core.clock import iso
from augury.core.errors import LeakError
from augury.core.typing import Bools, Ints
from augury.learning.samplers import PanelSamples


def known_by(samples: PanelSamples, moment: datetime, first_free: int) -> Bools:
    """Targets that may be used: known before ``moment``, or of day ``first_free`` and later; ``(n_rows, H)``."""
    early = samples.label_end < np.datetime64(moment.replace(tzinfo=None), "us").astype(np.int64)
    return samples.mask & (early | (samples.day_of >= first_free)[:, None])


def check_purge(samples: PanelSamples, fit_days: Ints, select_days: Ints) -> None:
    """Refuse slices of days whose labels would overlap.

    Raises
    ------
    LeakError
        Fewer than ``samples.reach_rows`` days lie between the two slices, or they are not in order.
    """
    if not len(fit_days) or not len(select_days):
        raise LeakError(f"{len(fit_days)} fit days and {len(select_days)} select days: both slices need days")
    between = int(select_days[0]) - int(fit_days[-1]) - 1
    if between < samples.reach_rows:
        raise LeakError(
            f"{max(between, 0)} days lie between the fit slice and {iso(samples.days[int(select_days[0])])}, the "
            f"labels reach {samples.reach_rows}: purge at least that many"
        )
