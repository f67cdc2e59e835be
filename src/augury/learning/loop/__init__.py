"""The loop: epochs, stopping, checkpoints, precision. Short, and the same for every task.

``loop.fit`` is read first; ``training`` holds what changes, ``checkpoint`` keeps it, and each further file is
one idea: ``hooks``, ``stopping``, ``precision``, ``averaging``, ``gradients``, ``collapse``, ``loading``,
``surroundings``.
"""

from augury.core.extras import package_folder

package_folder("torch", extra="deep")

from augury.learning.loop.gradients import GradientFlow, gradient_flow  # noqa: E402 - behind the message of the extra
from augury.learning.loop.history import EpochRecord, History  # noqa: E402
from augury.learning.loop.hooks import Hook, Pace, PaceHook  # noqa: E402
from augury.learning.loop.loop import fit  # noqa: E402

__all__ = ["EpochRecord", "GradientFlow", "History", "Hook", "Pace", "PaceHook", "fit", "gradient_flow"]
