"""One run being told: metrics step by step, files, and what came out in the end."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Protocol, Self

from augury.core.catalog import Catalog
from augury.core.clock import Clock, SystemClock, iso
from augury.core.errors import UsageError
from augury.core.hashing import sha256_json
from augury.core.typing import Json
from augury.records.tracking.experiments import Experiment, append


class Sink(Protocol):
    """Somewhere a run is told besides the file; one package a file."""

    def __init__(self, folder: Path, experiment_id: str, phase: str, config: Json) -> None:
        """Begin a run, offline."""
        ...

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        """Tell the metrics of a step."""
        ...

    def artifact(self, path: Path) -> None:
        """Tell of a file that belongs to the run."""
        ...

    def finish(self, metrics: Mapping[str, float | None], failed: bool) -> None:
        """End the run."""
        ...


SINKS: Final[Catalog[type[Sink]]] = Catalog("sink", ("augury.records.tracking.sinks",), "SINK")


class Tracker:
    """A run of an experiment.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> with Tracker.init("train", {"lr": 0.1}, folder) as run:
    ...     run.log({"loss": 0.5}, step=0)
    ...     ended = run.finish({"accuracy": 0.6})
    >>> from augury.records.tracking import experiments
    >>> [one.metrics for one in experiments(folder)]
    [{'accuracy': 0.6}]
    """

    def __init__(
        self,
        phase: str,
        config: Json,
        folder: Path,
        about: Mapping[str, Any],
        sinks: Sequence[Sink],
        clock: Clock,
        name: str,
    ) -> None:
        self.phase, self.config, self.folder, self.experiment_id = phase, config, folder, name
        self._about, self._sinks, self._clock = dict(about), list(sinks), clock
        self._ended = False

    @classmethod
    def init(
        cls,
        phase: str,
        config: Json,
        folder: Path,
        *,
        data_version: str = "",
        split: str = "",
        seed: int | None = None,
        sinks: Sequence[str] = (),
        clock: Clock | None = None,
    ) -> Self:
        """Begin a run.

        Parameters
        ----------
        phase : str
            What kind of run it is.
        config : dict
            Every setting that could change the result.
        folder : Path
            Where ``experiment_results.jsonl`` lies.
        data_version, split : str
            What it is measured on.
        seed : int, optional
        sinks : sequence of str
            ``mlflow``, ``wandb``; each needs its extra.
        clock : Clock, optional

        Raises
        ------
        MissingExtra
            A sink's package is not installed.
        """
        clock = clock or SystemClock()
        about = {"data_version": data_version, "split": split, "seed": seed}
        begun = iso(clock.now())
        name = f"{phase}-{begun[:19].replace(':', '').replace('-', '')}-{sha256_json([config, about, begun])[:10]}"
        told = [SINKS.load(sink)(folder, name, phase, config) for sink in sinks]
        return cls(phase, config, folder, about, told, clock, name)

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        """Tell the metrics of a step."""
        for sink in self._sinks:
            sink.log({key: value for key, value in metrics.items() if math.isfinite(value)}, step)

    def artifact(self, path: Path) -> None:
        """Tell of a file that belongs to the run."""
        for sink in self._sinks:
            sink.artifact(path)

    def finish(
        self, metrics: Mapping[str, float | None], *, series: Sequence[float] = (), horizon_bars: int = 1
    ) -> Experiment:
        """End the run and append its line.

        Raises
        ------
        UsageError
            It has ended already.
        """
        if self._ended:
            raise UsageError(f"{self.experiment_id} has ended: a run is told once")
        kept = {key: value if value is not None and math.isfinite(value) else None for key, value in metrics.items()}
        one = Experiment(
            timestamp=iso(self._clock.now()), phase=self.phase, experiment_id=self.experiment_id, metrics=kept,
            config=self.config, series=tuple(map(float, series)), horizon_bars=horizon_bars, **self._about,
        )  # fmt: skip
        append(self.folder, one)
        self._close(kept, failed=False)
        return one

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        if not self._ended:
            self._close({}, failed=True)

    def _close(self, metrics: Mapping[str, float | None], failed: bool) -> None:
        self._ended = True
        for sink in self._sinks:
            sink.finish(metrics, failed)
