"""Alerts as JSON lines in ``logs/alerts.jsonl``: there even when nobody can be reached."""

from __future__ import annotations

from augury.core.atomic import make_folder, storage_errors
from augury.core.hashing import canonical_json
from augury.runs.monitoring.alerts.channel import Address, Channel
from augury.runs.monitoring.alerts.wording import Message


class FileChannel:
    """Appends one line a message; a line is written whole or not at all.

    Parameters
    ----------
    address : Address
        Its data folder is what counts.
    """

    def __init__(self, address: Address) -> None:
        self.path = address.data_dir / "logs" / "alerts.jsonl"

    def send(self, message: Message, delivery: str, stamp: int) -> None:
        """Append the message.

        Raises
        ------
        StorageFull
            No space.
        """
        line = canonical_json({"id": delivery, "title": message.title, "body": message.body, **message.data})
        with storage_errors(self.path):
            make_folder(self.path.parent)
            with self.path.open("a", encoding="utf-8") as stream:
                stream.write(line + "\n")


def CHANNEL(address: Address) -> Channel:  # noqa: N802 - the public name of every channel
    """Make the channel of an address."""
    return FileChannel(address)
