"""Settings with their origin: flag over environment over file over default."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final

from augury.core.errors import UsageError
from augury.core.suggestion import did_you_mean

CONFIG_NAME: Final = "augury.yaml"
PLAIN_NAMES: Final = {"DATABASE_URL": "database_url", "AUGURY_DATA_DIR": "data_dir"}
SECRETS: Final = ("database_url", "lake")


def default_data_dir() -> Path:
    """The user's data folder (``XDG_DATA_HOME`` or ``~/.local/share``) with ``augury`` in it."""
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "augury"


@dataclass(frozen=True)
class Settings:
    """Read once at the composition root and passed on.

    Parameters
    ----------
    data_dir : Path
        The one folder that runs write into: database, lake, artifacts, reports, logs.
    database_url : str
        Empty means SQLite inside ``data_dir``; else ``postgresql+psycopg://…``.
    workers : int
        Processes for training, 1..64; each is capped to one thread.
    lake : str
        Folder or URL (``s3://bucket/lake``) of the bars; empty means ``lake`` inside ``data_dir``.
    recipe : str
        ``default``, ``demo`` or a YAML file.
    max_age_days : int
        Versions older than this are refused unless stale ones are allowed.
    ray_address : str
        Cluster on which the executor ``ray`` runs, ``ray://host:10001``; empty means ``RAY_ADDRESS``, else a cluster
        of this machine alone.
    origins : dict
        Setting name to where its value came from.
    """

    data_dir: Path = field(default_factory=default_data_dir)
    database_url: str = ""
    workers: int = field(default_factory=lambda: max(1, min(64, len(os.sched_getaffinity(0)))))
    lake: str = ""
    recipe: str = "default"
    max_age_days: int = 60
    ray_address: str = ""
    origins: dict[str, str] = field(default_factory=dict)

    @classmethod
    def load(
        cls,
        flags: Mapping[str, Any] | None = None,
        *,
        environ: Mapping[str, str] | None = None,
        config: Path | None = None,
        start: Path | None = None,
    ) -> Settings:
        """Merge the four layers.

        Parameters
        ----------
        flags : mapping, optional
            Values given on the command line; None values are "not given".
        environ : mapping, optional
            Defaults to ``os.environ``; ``AUGURY__NAME`` and the plain names are read.
        config : Path, optional
            A file to use instead of the nearest ``augury.yaml`` upward of ``start``.
        start : Path, optional
            Defaults to the working folder.

        Raises
        ------
        UsageError
            Unknown key ("did you mean"), bad value, missing or unreadable config file.
        """
        layers: list[tuple[str, dict[str, Any]]] = []
        if (path := config or _find_config(start or Path.cwd())) is not None:
            layers.append((f"file {path}", _read_config(path)))
        layers.append(("environment", _from_environment(os.environ if environ is None else environ)))
        layers.append(("flag", {key: value for key, value in (flags or {}).items() if value is not None}))
        values: dict[str, Any] = {}
        origins = {item.name: "default" for item in fields(cls) if item.name != "origins"}
        for origin, layer in layers:
            for key, value in layer.items():
                values[_known(key)] = _typed(key, value)
                origins[key] = origin
        return cls(**values, origins=origins)

    def shown(self) -> list[tuple[str, str, str]]:
        """List (name, value, origin) with secrets masked."""
        rows = []
        for item in fields(self):
            if item.name == "origins":
                continue
            value = str(getattr(self, item.name))
            rows.append(
                (item.name, mask(value) if item.name in SECRETS else value, self.origins.get(item.name, "default"))
            )
        return rows


def mask(url: str) -> str:
    """Hide the password of a URL.

    Examples
    --------
    >>> mask("postgresql+psycopg://me:secret@host/db")
    'postgresql+psycopg://me:***@host/db'
    """
    scheme, separator, rest = url.partition("://")
    login, at, host = rest.rpartition("@")
    if not at:
        return url
    return f"{scheme}{separator}{login.partition(':')[0]}:***@{host}"


def _find_config(start: Path) -> Path | None:
    for folder in (start, *start.parents):
        if (folder / CONFIG_NAME).is_file():
            return folder / CONFIG_NAME
    return None


def _read_config(path: Path) -> dict[str, Any]:
    import yaml

    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(f"cannot read config {path}: {error.strerror}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise UsageError(f"config {path} is not YAML: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict | None):
        raise UsageError(f"config {path} must be a mapping of settings, found {type(content).__name__}")
    return {str(key): value for key, value in (content or {}).items()}


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {name: environ[plain] for plain, name in PLAIN_NAMES.items() if environ.get(plain)}
    for key, value in environ.items():
        if key.startswith("AUGURY__"):
            found[key.removeprefix("AUGURY__").lower()] = value
    return found


def _known(key: str) -> str:
    names = [item.name for item in fields(Settings) if item.name != "origins"]
    if key in names:
        return key
    hint = did_you_mean(key, names) or f" (known: {', '.join(names)})"
    raise UsageError(f"unknown setting '{key}'{hint}", fix="augury show-config")


def _typed(key: str, value: Any) -> Any:
    if not isinstance(value, str | int | float | Path):
        raise UsageError(f"{key}={value!r} is a {type(value).__name__}, needed one value", fix="augury show-config")
    if key == "data_dir":
        return Path(str(value)).expanduser().resolve()
    if key == "lake" and value and "://" not in str(value):
        return str(Path(str(value)).expanduser().resolve())
    if key in ("workers", "max_age_days"):
        low, high = {"workers": (1, 64), "max_age_days": (1, 36500)}[key]
        text = str(value)
        if not text.isdigit() or not low <= int(text) <= high:
            raise UsageError(f"{key}={value} is not a whole number in {low}..{high}", fix="augury show-config")
        return int(text)
    return str(value)
