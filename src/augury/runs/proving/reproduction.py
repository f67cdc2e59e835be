"""Reproduction: a stored version is trained again in a fresh process and a fresh folder; every byte must agree."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import polars as pl

from augury.core.bars import Bars, check_symbol
from augury.core.errors import DataError, GateRefused, NotFound, TemporaryError
from augury.core.threads import single_threaded
from augury.core.timeframe import Timeframe
from augury.core.typing import Json
from augury.core.version import VersionManifest
from augury.data.lake import Lake
from augury.records.registry.loader import EnsembleLoader
from augury.records.registry.version_rows import REFRESHED, VersionRow
from augury.runs.executors._protocol import error_of
from augury.runs.intake import bars_of
from augury.runs.jobs.rebuild import hashes
from augury.runs.registry.registration import RELEASED
from augury.runs.workspace import Workspace

SECONDS_MAX: Final = 900
_COMMAND: Final = (sys.executable, "-m", "augury.runs.proving.reproduction")


@dataclass(frozen=True, slots=True)
class Compared:
    """One thing before and after: ``what``, and its hashes; None where one side does not have it."""

    what: str
    old: str | None
    new: str | None

    @property
    def equal(self) -> bool:
        """True when both sides have the same bytes."""
        return self.old == self.new


@dataclass(frozen=True)
class Reproduction:
    """A version beside its reproduction.

    Parameters
    ----------
    cell, version : str
    members : tuple of str
        Families of model that were trained again.
    rows : tuple of Compared
        Bars, features, every file, manifest, forecast.
    libraries : dict
        Package to (then, now), only those that differ.
    """

    cell: str
    version: str
    members: tuple[str, ...]
    rows: tuple[Compared, ...]
    libraries: dict[str, tuple[str | None, str | None]]

    @property
    def refusal(self) -> GateRefused | None:
        """The error that names the first difference; None when everything is the same."""
        first = next((row for row in self.rows if not row.equal), None)
        if first is None:
            return None
        changed = ", ".join(f"{name} {old} -> {new}" for name, (old, new) in self.libraries.items())
        return GateRefused(
            f"{self.cell} {self.version} is not reproduced: {first.what} was {short(first.old)},"
            f" is {short(first.new)}{f' (libraries changed: {changed})' if changed else ''}",
            fix=f"augury repro {self.version} --json",
            what=first.what,
        )


def find_version(
    workspace: Workspace, name: str, *, timeframe: str | None = None, horizon: str | None = None
) -> VersionRow:
    """Find a registered version by its name, the last six digits of it, or as the champion of a symbol.

    Raises
    ------
    NotFound
        Nothing, or more than one version, answers to the name.
    """
    rows = workspace.store.versions.list(timeframe=timeframe)
    rows = [row for row in rows if horizon in (None, row.horizon)]
    named = [row for row in rows if name in (row.version, row.version.rpartition("-")[2])]
    if not named:
        named = [row for row in rows if row.champion and row.symbol == name]
    if not named:
        raise NotFound(f"no version and no champion is called '{check_symbol(name)}'", fix="augury models list")
    if len({row.version for row in named}) > 1:
        cells = ", ".join(f"{row.timeframe} {row.horizon} {row.version}" for row in named[:6])
        raise NotFound(f"'{name}' names {len(named)} versions: {cells}", fix=f"augury repro {named[0].version}")
    return named[0]


def reproduce(workspace: Workspace, row: VersionRow, *, seconds_max: int = SECONDS_MAX) -> Reproduction:
    """Train a version again from its bars and its recipe, elsewhere, and compare the hashes.

    Parameters
    ----------
    workspace : Workspace
        Nothing is written to it.
    row : VersionRow
        The stored version; every byte of its files is checked when it is opened. Of a released or refreshed one that
        which was trained: both copy its members.
    seconds_max : int
        The fresh process is ended after as many seconds.

    Raises
    ------
    DataError
        The lake's bars are not those the version was trained on.
    TemporaryError
        The fresh process took too long or ended without an answer.
    """
    while (trained := _copied_from(row.manifest)) is not None:
        row = workspace.store.versions.get(row.symbol, row.timeframe, row.horizon, trained)
    loaded = EnsembleLoader(workspace.store).load(row.symbol, row.timeframe, row.horizon, row.version)
    manifest = loaded.manifest
    bars = trained_on(workspace, manifest)
    with tempfile.TemporaryDirectory(prefix="augury-repro-") as folder:
        fresh = Path(folder)
        Lake(fresh / "lake").write(bars)
        copied = Lake(fresh / "lake").read([row.symbol], bars.timeframe)
        old_place = Workspace(workspace.settings, Lake(fresh / "lake"), workspace.store, workspace.clock)
        old = hashes(old_place, copied, loaded)
        answer = _ask(_task(fresh, manifest), seconds_max)
    new: dict[str, str] = answer["hashes"]
    return Reproduction(
        manifest.cell,
        row.version,
        tuple(manifest.recipe.members),
        tuple(Compared(what, old.get(what), new.get(what)) for what in dict.fromkeys((*old, *new))),
        _changed(manifest.libraries, answer["libraries"]),
    )


def _copied_from(manifest: VersionManifest) -> str | None:
    """The version whose members these are, when this one was released or had its weights refreshed."""
    copied = [event for event in manifest.events if event.get("event") in (RELEASED, REFRESHED)]
    return str(copied[-1]["of"]) if copied else None


def trained_on(workspace: Workspace, manifest: VersionManifest) -> Bars:
    """Return the bars a version was trained on, cut from a lake that may have grown since.

    Raises
    ------
    DataError
        They were revised: their content is another.
    """
    bars = bars_of(workspace.lake, manifest.symbol, Timeframe.parse(manifest.timeframe))
    last = pl.lit(manifest.data_last).str.to_datetime(time_unit="us", time_zone="UTC")
    then = bars.with_frame(bars.frame.filter(pl.col("ts") <= last))
    if then.data_version != manifest.data_version:
        raise DataError(
            f"{manifest.cell} {manifest.version} was trained on bars {manifest.data_version[:12]} up to"
            f" {manifest.data_last}, the lake holds {then.data_version[:12]} (rule: the same bars)",
            fix=f"augury train --symbol {manifest.symbol} --timeframe {manifest.timeframe}",
        )
    return then


def _task(folder: Path, manifest: VersionManifest) -> Json:
    return {
        "data_dir": str(folder),
        "symbol": manifest.symbol,
        "timeframe": manifest.timeframe,
        "horizon": manifest.horizon,
        "recipe": manifest.recipe.to_json(),
    }


def _ask(task: Json, seconds_max: int) -> Json:
    environ = os.environ | single_threaded()
    try:
        done = subprocess.run(
            _COMMAND,
            input=json.dumps(task),
            capture_output=True,
            text=True,
            timeout=seconds_max,
            env=environ,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise TemporaryError(f"the fresh process was ended after {seconds_max} s without an answer") from error
    if done.returncode or not done.stdout:
        words = done.stderr.strip().splitlines()[-1:] or ["nothing on stderr"]
        raise TemporaryError(f"the fresh process ended with exit {done.returncode}: {words[0]}", fix="augury doctor")
    answer: Json = json.loads(done.stdout.splitlines()[-1])
    if (error_found := error_of(answer)) is not None:
        raise error_found
    return answer


def _changed(old: dict[str, str], new: dict[str, str]) -> dict[str, tuple[str | None, str | None]]:
    return {name: (old.get(name), new.get(name)) for name in sorted({*old, *new}) if old.get(name) != new.get(name)}


def short(digest: str | None) -> str:
    """Write a hash for people: its first twelve digits, ``absent`` where there is none.

    Examples
    --------
    >>> short("0" * 64), short(None)
    ('000000000000', 'absent')
    """
    return "absent" if digest is None else digest[:12]


def main() -> None:
    """Rebuild the cell described on standard input; the answer is the last line of standard output."""
    from augury.runs.executors._protocol import answer

    sys.stdout.write(json.dumps(answer("rebuild", json.loads(sys.stdin.read()))) + "\n")


if __name__ == "__main__":
    main()
