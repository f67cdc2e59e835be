"""Where the settings of a training come from: flag over environment over recipe over default.

The environment is read once, at the composition root, and passed on as settings; nothing below it looks.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final

from augury.core.catalog import Catalog
from augury.core.errors import UnknownName, UsageError
from augury.core.suggestion import did_you_mean
from augury.core.typing import Json
from augury.learning.keywords import keywords_of
from augury.learning.optim import OPTIMIZERS
from augury.learning.schedules import SCHEDULES
from augury.learning.settings import TrainingSettings

_VARIABLES: Final[dict[str, tuple[str, Callable[[str], Any]]]] = {
    "OPTIMIZER_TYPE": ("optimizer", str),
    "SCHEDULER_TYPE": ("schedule", str),
    "SCHEDULER": ("schedule", str),
    "COSINE_T0": ("schedule_settings.t0", int),
    "COSINE_TMULT": ("schedule_settings.t_mult", int),
    "COSINE_ETA_MIN": ("schedule_settings.eta_min", float),
    "NUM_WORKERS": ("workers", int),
}
"""Variable to the setting it sets and how it is read. ``SCHEDULER`` is another word for ``SCHEDULER_TYPE``."""

_PARTS: Final[dict[str, Catalog[Any]]] = {"optimizer": OPTIMIZERS, "schedule": SCHEDULES}


@dataclass(frozen=True, slots=True)
class Resolved:
    """Settings, and where each came from.

    Parameters
    ----------
    settings : TrainingSettings
    origins : dict
        Setting (``schedule_settings.t0`` for one of a part) to ``flag``, ``environment NAME``, ``recipe`` or
        ``default``; it goes into the record of the run.
    unused : tuple of str
        What was set and means nothing here, e.g. ``COSINE_T0`` with a constant schedule; said, not hidden.
    """

    settings: TrainingSettings
    origins: dict[str, str]
    unused: tuple[str, ...] = ()

    def shown(self) -> list[tuple[str, str, str]]:
        """List (name, value, origin)."""
        flat = _flat(self.settings.to_json())
        return [(name, str(value), self.origins.get(name, "default")) for name, value in flat.items()]


def resolve(
    flags: Mapping[str, Any] | None = None,
    *,
    environ: Mapping[str, str] | None = None,
    recipe: Mapping[str, Any] | None = None,
) -> Resolved:
    """Merge the four layers.

    Parameters
    ----------
    flags, recipe : mapping, optional
        Settings by the names of ``TrainingSettings``; values of None are "not given".
    environ : mapping, optional
        Defaults to ``os.environ``. Read are ``OPTIMIZER_TYPE``, ``SCHEDULER_TYPE`` (or ``SCHEDULER``),
        ``COSINE_T0``, ``COSINE_TMULT``, ``COSINE_ETA_MIN`` and ``NUM_WORKERS``.

    Raises
    ------
    UnknownName
        No such optimiser or schedule, with the known ones and where the name came from.
    UsageError
        An unknown setting, a value that cannot be read, or two names of one variable that disagree.

    Examples
    --------
    >>> found = resolve({"epochs": 3}, environ={"SCHEDULER_TYPE": "cosine"}, recipe={"schedule": "plateau", "seed": 1})
    >>> found.settings.schedule, found.origins["schedule"], found.origins["seed"], found.origins["epochs"]
    ('cosine', 'environment SCHEDULER_TYPE', 'recipe', 'flag')
    """
    merged: dict[str, Any] = {}
    origins: dict[str, str] = {}
    unused: list[str] = []
    found, variables = _environment(os.environ if environ is None else environ)
    for layer, origin in ((_flat(recipe or {}), "recipe"), (found, "environment"), (_flat(flags or {}), "flag")):
        unused += _drop_of_other_part(layer, merged, origins)
        merged |= layer
        origins |= {name: f"environment {variables[name]}" if layer is found else origin for name in layer}
    unused += _drop_meaningless(merged, origins)
    settings = TrainingSettings.from_json(_nested(merged))
    known = {name: origins.get(name, "default") for name in _flat(settings.to_json())}
    return Resolved(settings, known, tuple(unused))


def _environment(environ: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, str]]:
    """The layer of the environment: values, and which variable gave each."""
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for variable, (name, read) in _VARIABLES.items():
        if not (text := environ.get(variable, "").strip()):
            continue
        try:
            value = read(text)
        except ValueError as error:
            raise UsageError(f"{variable}={text!r} is not {'a whole' if read is int else 'a'} number") from error
        if values.get(name, value) != value:
            raise UsageError(f"{sources[name]}={values[name]} and {variable}={value} are two words for one setting")
        values.setdefault(name, value)
        sources.setdefault(name, variable)
    return values, sources


def _drop_of_other_part(layer: Mapping[str, Any], merged: dict[str, Any], origins: dict[str, str]) -> list[str]:
    """A layer that names another optimiser or schedule does not inherit what the recipe set for its own.

    What the environment set stays: it is meant for whichever part is chosen, if it has such a setting.
    """
    dropped = []
    for part in _PARTS:
        if part in layer and layer[part] != merged.get(part, getattr(TrainingSettings(), part)):
            of_part = [name for name in merged if name.startswith(f"{part}_settings.")]
            for name in [name for name in of_part if origins[name] == "recipe"]:
                dropped.append(f"{name} ({origins.pop(name)})")
                del merged[name]
    return dropped


def _drop_meaningless(merged: dict[str, Any], origins: dict[str, str]) -> list[str]:
    """Variables of the environment are meant for every training; here they may mean nothing."""
    dropped = []
    for part, catalog in _PARTS.items():
        chosen = merged.get(part, getattr(TrainingSettings(), part))
        if chosen not in catalog.names():
            known = catalog.names()
            raise UnknownName(
                f"unknown {catalog.kind} '{chosen}' from {origins[part]}{did_you_mean(chosen, known)} "
                f"(known: {', '.join(known)})",
                name=chosen,
            )
        has = [f"{part}_settings.{name}" for name in keywords_of(catalog.load(chosen))]
        for name in [name for name in merged if name.startswith(f"{part}_settings.") and name not in has]:
            if origins[name].startswith("environment"):
                dropped.append(f"{origins.pop(name).removeprefix('environment ')} ({part} is {chosen})")
                del merged[name]
    return dropped


def _flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """Write settings of a part under their own names: ``schedule_settings.t0``."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            flat |= {f"{name}.{key}": inner for key, inner in value.items()}
        elif value is not None:
            flat[name] = value
    return flat


def _nested(flat: Mapping[str, Any]) -> Json:
    nested: Json = {}
    parts = {f"{part}_settings" for part in _PARTS} & {item.name for item in fields(TrainingSettings)}
    for name, value in flat.items():
        outer, _, inner = name.partition(".")
        if inner and outer in parts:
            nested.setdefault(outer, {})[inner] = value
        else:
            nested[name] = value
    return nested
