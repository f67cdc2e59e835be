"""What one invocation knows: the global flags, and where data and messages go."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from augury.core.settings import Settings
    from augury.runs.workspace import Workspace


@dataclass
class Session:
    """Global flags of one invocation. Data go to stdout, everything else to stderr."""

    data_dir: Path | None = None
    config: Path | None = None
    quiet: bool = False
    verbose: bool = False
    debug: bool = False
    no_color: bool = False

    def settings(self, **flags: Any) -> Settings:
        """Merge flags, environment, file and defaults."""
        from augury.core.settings import Settings

        return Settings.load({"data_dir": self.data_dir, **flags}, config=self.config)

    def workspace(self, **flags: Any) -> Workspace:
        """Open the store and the lake of these settings; what they log goes to stderr as JSON lines."""
        import structlog

        from augury.cli.log_lines import processors
        from augury.runs.workspace import Workspace

        structlog.configure(processors=processors(), logger_factory=structlog.WriteLoggerFactory(file=sys.stderr))
        return Workspace.open(self.settings(**flags))

    def say(self, message: str) -> None:
        """Write one line to stderr unless ``--quiet``."""
        if not self.quiet:
            print(message, file=sys.stderr, flush=True)  # noqa: T201 - the command line's own voice


SESSION = Session()
"""The session of this process; ``app.run`` fills it before a verb is called."""
