"""Folders that are being filled, and who fills them: what a killed process leaves can be told from work."""

from __future__ import annotations

import os
import socket
import uuid
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from augury.core.atomic import discard_folder, storage_errors


@dataclass(frozen=True)
class Staging:
    """``<root>/<id>`` beside an empty file ``<id>@<process id>@<its start>@<host>.owner``.

    The owner is in the name, so that it is there whole or not at all. The start tells a process from
    a later one that was given the same id. Another host's folders are left alone: from here it cannot
    be known whether they are alive.
    """

    root: Path

    def make(self, owner_pid: int | None = None) -> Path:
        """Make a fresh folder; its owner is recorded before it exists."""
        pid = os.getpid() if owner_pid is None else owner_pid
        folder = self.root / uuid.uuid4().hex
        with storage_errors(folder):
            self.root.mkdir(parents=True, exist_ok=True)
            (self.root / f"{folder.name}@{pid}@{process_start(pid)}@{host_name()}.owner").touch(exist_ok=False)
            folder.mkdir()
        return folder

    def release(self, folder: Path) -> None:
        """Forget the owner of a folder that was published or discarded."""
        for owner in self.root.glob(f"{folder.name}@*.owner"):
            owner.unlink(missing_ok=True)

    def discard(self, folder: Path) -> None:
        """Remove a folder that will not be published, and forget its owner; nothing happens when it was."""
        discard_folder(folder)
        self.release(folder)

    def sweep(self) -> list[Path]:
        """Remove the folders of dead processes of this host; return them."""
        removed = []
        for owner in sorted(self.root.glob("*@*@*@*.owner")):
            name, pid, started, host = owner.stem.split("@", 3)
            if host == host_name() and process_start(int(pid)) != started:
                folder = self.root / name
                if folder.exists():
                    discard_folder(folder)
                    removed.append(folder)
                owner.unlink(missing_ok=True)
        return removed


def host_name() -> str:
    """Return the name of the machine as it stands in the name of an owner."""
    return quote(socket.gethostname(), safe="")


def process_start(pid: int) -> str:
    """When a process started, in clock ticks since boot (Linux); ``gone`` when it does not exist."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return "gone"
    return fields[19]
