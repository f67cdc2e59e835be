"""Training jobs from Python: submit, poll, fetch. The same rows as ``augury jobs``."""

from __future__ import annotations

import inspect
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from augury.core.errors import AuguryError, TemporaryError, UsageError
from augury.core.recipe import Recipe
from augury.core.settings import Settings
from augury.core.suggestion import did_you_mean
from augury.core.typing import Json
from augury.records.loop.jobs import Job
from augury.runs.durable.kinds.train import recipe_of
from augury.runs.durable.submission import submit
from augury.runs.durable.worker import Worker
from augury.runs.executors._protocol import error_of
from augury.runs.workspace import Workspace

_SECTIONS = ("model_config", "data_config", "training_config")
_DATA = ("symbols", "timeframes", "horizons", "data_version")


def submit_training_job(
    config: Mapping[str, Any], *, key: str | None = None, priority: int = 10, data_dir: str | Path | None = None
) -> str:
    """Ask for a training job and return its id; ``augury worker`` carries it out.

    Parameters
    ----------
    config : mapping
        ``model_config``: ``{"recipe": NAME}`` or keys of a recipe (``members`` …).
        ``data_config``: ``symbols`` (default everything in the lake), ``timeframes``, ``horizons``,
        ``data_version`` (``latest``, or the hash the bars must have).
        ``training_config``: ``max_epochs`` (of members that learn in epochs), ``forecast`` (forecast
        afterwards), or keys of a recipe (``seed``, ``folds`` …).
    key : str, optional
        Idempotency key.
    priority : int
        1 (first) to 100.
    data_dir : path, optional

    Raises
    ------
    UsageError
        An unknown key, or a value out of range.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.mkdtemp()
    >>> job = submit_training_job({"data_config": {"symbols": ["SPY"]}}, data_dir=folder)
    >>> is_job_complete(job, data_dir=folder), get_job_metrics(job, data_dir=folder)["state"]
    (False, 'queued')
    """
    with _open(data_dir) as workspace:
        return submit(workspace, "train", training_settings(config), key=key, priority=priority).id


def is_job_complete(job_id: str, *, data_dir: str | Path | None = None) -> bool:
    """True when nothing more will happen to a job, whether it succeeded or not.

    Raises
    ------
    NotFound
        No such job.
    """
    with _open(data_dir) as workspace:
        return workspace.store.jobs.get(job_id).ended


def get_job_metrics(job_id: str, *, data_dir: str | Path | None = None) -> Json:
    """Say how far a job is.

    Returns
    -------
    dict
        ``epoch`` and ``total_epochs``: cells that ended and cells there are (an epoch of the job is one
        cell; None before it is planned), ``progress`` (0..1), ``state``, ``attempt``, ``accuracy`` (None
        before the end).
    """
    with _open(data_dir) as workspace:
        job = workspace.store.jobs.get(job_id)
        counted = [e.data for e in workspace.store.jobs.events(job.id, limit=100_000) if e.data and "done" in e.data]
    last: Json = counted[-1] if counted else {}
    return {
        "epoch": last.get("done", 0),
        "total_epochs": last.get("total"),
        "progress": job.progress,
        "state": job.state,
        "attempt": job.attempt,
        "accuracy": (job.result or {}).get("accuracy"),
    }


def download_results(job_id: str, to: str | Path | None = None, *, data_dir: str | Path | None = None) -> Json:
    """Return what a training job came to.

    Parameters
    ----------
    job_id : str
    to : path, optional
        A folder into which the versions are copied, one folder each.
    data_dir : path, optional

    Returns
    -------
    dict
        ``accuracy`` on the report slices, pooled over the cells by rows, ``n``, ``versions`` and ``parts``.

    Raises
    ------
    TemporaryError
        It has not ended yet.
    AuguryError
        It did not succeed; the error is the one of the job.
    """
    with _open(data_dir) as workspace:
        job = workspace.store.jobs.get(job_id)
        result = _result(job)
        for row in workspace.store.versions.list() if to is not None else ():
            if row.version in result["versions"]:
                folder, _ = workspace.store.artifacts.open(row.symbol, row.timeframe, row.horizon, row.version)
                shutil.copytree(folder, Path(str(to)) / folder.relative_to(workspace.store.artifacts.root))
    return result


def run_training_pipeline(config: Mapping[str, Any], *, data_dir: str | Path | None = None) -> Json:
    """Submit a training job, carry it out in this process, and return its results.

    Killed, it is gone on with by the next worker, or by asking for ``augury worker --drain``.

    Raises
    ------
    MissingExtra
        DBOS is not installed.
    AuguryError
        The job did not succeed.
    """
    with _open(data_dir) as workspace:
        job = submit(workspace, "train", training_settings(config))
        worker = Worker(workspace, {job.queue: 1})
        try:
            worker.run(until=lambda: workspace.store.jobs.get(job.id).ended)
        finally:
            worker.close(grace_s=1.0)
        return _result(workspace.store.jobs.get(job.id))


def training_settings(config: Mapping[str, Any]) -> Json:
    """Turn the three sections of a configuration into the settings of a job.

    Raises
    ------
    UsageError
        An unknown section or key.

    Examples
    --------
    >>> found = training_settings({"model_config": {"members": {"gb": {}}}, "training_config": {"seed": 7}})
    >>> found["recipe"]["seed"], list(found["recipe"]["members"])
    (7, ['gb'])
    """
    _known(config, _SECTIONS, "section")
    model, data, training = ({**config.get(name, {})} for name in _SECTIONS)
    _known(data, _DATA, "key of data_config")
    epochs, forecast = training.pop("max_epochs", None), training.pop("forecast", False)
    start = recipe_of(model.pop("recipe", "default"))
    recipe = start.replace(**(model | training))
    if epochs is not None:
        recipe = recipe.replace(members=_with_epochs(recipe, epochs))
    return data | {"recipe": recipe.to_json(), "forecast": forecast}


def _with_epochs(recipe: Recipe, epochs: int) -> Json:
    from augury.models.members import RECIPE_MEMBERS

    def has_epochs(name: str) -> bool:
        return "epochs" in inspect.signature(RECIPE_MEMBERS.load(name)).parameters

    return {name: it | ({"epochs": epochs} if has_epochs(name) else {}) for name, it in recipe.members.items()}


def _known(given: Mapping[str, Any], names: tuple[str, ...], what: str) -> None:
    for name in given:
        if name not in names:
            raise UsageError(f"unknown {what} '{name}'{did_you_mean(name, names)} (known: {', '.join(names)})")


def _result(job: Job) -> Json:
    if not job.ended:
        raise TemporaryError(f"job {job.id} is {job.state}", fix=f"augury jobs watch {job.id}")
    if job.error is not None:
        error = error_of({"error": job.error})
        assert error is not None
        raise error
    if job.result is None:
        raise AuguryError(f"job {job.id} was {job.state}", fix=f"augury jobs retry {job.id}")
    return job.result


def _open(data_dir: str | Path | None) -> Workspace:
    return Workspace.open(Settings.load({"data_dir": data_dir}))
