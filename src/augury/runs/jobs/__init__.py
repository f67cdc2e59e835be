"""Jobs: one file, one task that any executor can run. Arguments and results are JSON objects."""

from __future__ import annotations

from collections.abc import Callable

from augury.core.catalog import Catalog
from augury.core.typing import Json

Job = Callable[[Json], Json]
JOBS: Catalog[Job] = Catalog("job", ("augury.runs.jobs",), "JOB")
