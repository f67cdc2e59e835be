"""What parent and worker say to each other: one JSON object a line.

To the worker ``{"index", "task", "arguments"}``; back ``{"index", "result"}``, where a result with
``error`` is a named refusal. A worker that dies without answering is reported as ``WorkerDied``.
"""

from __future__ import annotations

from augury.core import errors
from augury.core.errors import AuguryError, TemporaryError
from augury.core.typing import Json
from augury.runs.jobs import JOBS


def failure(error: AuguryError) -> Json:
    """Write a named error as a result."""
    facts = {key: value for key, value in error.facts.items() if isinstance(value, str | int | float | list)}
    return {"error": {"code": error.code, "message": error.message, "fix": error.fix, "facts": facts}}


def crash(error: BaseException) -> Json:
    """Write an unexpected error as a result, with its type and words."""
    return {"error": {"code": "AuguryError", "message": f"{type(error).__name__}: {error}", "fix": "", "facts": {}}}


def answer(name: str, arguments: Json) -> Json:
    """Run a job by its name; whatever it raises becomes its result.

    Parameters
    ----------
    name : str
        Of the catalogue ``JOBS``.
    arguments : dict
        What the job documents.
    """
    try:
        return JOBS.load(name)(arguments)
    except AuguryError as error:
        return failure(error)
    except Exception as error:  # noqa: BLE001 - the job runner: one broken task must not end the others
        return crash(error)


def died(exit_code: int | None) -> Json:
    """Write the silent end of a worker as a result."""
    message = f"a worker process ended without an answer (exit {exit_code}): killed, or out of memory"
    return failure(TemporaryError(message, fix="augury doctor"))


def error_of(result: Json) -> AuguryError | None:
    """Rebuild the named error of a result, None when the task succeeded."""
    said = result.get("error")
    if said is None:
        return None
    kind = getattr(errors, said["code"], AuguryError)
    found: AuguryError = kind(said["message"], fix=said["fix"], **said["facts"])
    return found
