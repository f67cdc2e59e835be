"""The command reference: ``python -m augury.cli.reference > docs/cli.md``."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from typing import Any

from augury.cli.app import command_line

_TOP = """# Commands

Written by `python -m augury.cli.reference > docs/cli.md`; a test keeps it true. Data go to stdout, messages to stderr.
Global flags (`--data-dir`, `--config`, `-q`, `-v`, `--debug`, `--no-color`) may stand anywhere on the line.

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | failure of the work |
| 2 | usage or configuration, missing extra |
| 3 | data rejected |
| 4 | not found, not trained |
| 5 | refused by a gate |
| 75 | temporary, try again |
| 130 | interrupted |
"""


def render() -> str:
    """Write the whole reference as Markdown."""
    return _TOP + "".join(_section(path, verb) for path, verb in _commands("augury", command_line()))


def _commands(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    for name in sorted(getattr(command, "commands", {})):
        child = command.commands[name]
        if hasattr(child, "commands"):
            yield from _commands(f"{path} {name}", child)
        else:
            yield f"{path} {name}", child


def _section(path: str, command: Any) -> str:
    lines = [f"\n## {path}\n", inspect.cleandoc(command.help), ""]
    for parameter in command.params:
        if parameter.name == "help":
            continue
        positional = parameter.param_type_name == "argument"
        names = parameter.name.upper() if positional else ", ".join(parameter.opts)
        lines.append(f"- `{names}`: {parameter.help}")
    example = command.epilog.removeprefix("Example: ")
    return "\n".join([*lines, "", f"    {example}", ""])


if __name__ == "__main__":
    sys.stdout.write(render())
