"""The loop: epochs, stopping, checkpoints, precision. Short, and the same for every task."""

from augury.core.extras import package_folder

package_folder("torch", extra="deep")

from augury.learning.loop.history import EpochRecord, History  # noqa: E402 - behind the message that names the extra
from augury.learning.loop.loop import Hook, fit  # noqa: E402

__all__ = ["EpochRecord", "History", "Hook", "fit"]
