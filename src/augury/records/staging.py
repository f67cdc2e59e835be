"""Folders that are being filled, and who fills them: what a killed process leaves can be told from work."""

from __future__ import annotations

import json
import os
import socket
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from augury.core.atomic import discard_folder, storage_errors

_OWNER: Final = ".owner"


@dataclass(frozen=True)
class Staging:
    """``<root>/<id>`` beside ``<root>/<id>.owner``, which names host, process id and its start.

    The start tells a process from a later one that was given the same id. Another host's folders are
    left alone: from here it cannot be known whether they are alive.
    """

    root: Path

    def make(self, owner_pid: int | None = None) -> Path:
        """Make a fresh folder; its owner is recorded before it exists."""
        pid = os.getpid() if owner_pid is None else owner_pid
        folder = self.root / uuid.uuid4().hex
        owner = {"host": socket.gethostname(), "pid": pid, "started": _started(pid)}
        with storage_errors(folder):
            self.root.mkdir(parents=True, exist_ok=True)
            temporary = folder.with_suffix(".tmp")
            temporary.write_text(json.dumps(owner))
            temporary.rename(folder.with_suffix(_OWNER))
            folder.mkdir()
        return folder

    def release(self, folder: Path) -> None:
        """Forget the owner of a folder that was published or discarded."""
        folder.with_suffix(_OWNER).unlink(missing_ok=True)

    def discard(self, folder: Path) -> None:
        """Remove a folder that will not be published, and forget its owner; nothing happens when it was."""
        discard_folder(folder)
        self.release(folder)

    def sweep(self) -> list[Path]:
        """Remove the folders of dead processes of this host; return them."""
        removed = []
        # A process killed while it named itself left a .tmp, which reads like the owner it was to become.
        for owner in sorted([*self.root.glob(f"*{_OWNER}"), *self.root.glob("*.tmp")]):
            if _dead(owner):
                folder = owner.with_suffix("")
                if folder.exists():
                    discard_folder(folder)
                    removed.append(folder)
                owner.unlink(missing_ok=True)
        return removed


def _dead(owner: Path) -> bool:
    try:
        value = json.loads(owner.read_text())
        host, pid, started = value["host"], int(value["pid"]), value["started"]
    except FileNotFoundError:
        return False
    except (ValueError, KeyError, TypeError):
        # Written with one rename, so only a power cut tears it, and that ended its owner too.
        return True
    return bool(host == socket.gethostname() and _started(pid) != started)


def _started(pid: int) -> str | None:
    """When a process started, in clock ticks since boot (Linux); None when it does not exist."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return fields[19]
