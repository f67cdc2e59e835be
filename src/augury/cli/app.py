"""The command line: verbs are gathered here, errors become exit codes here."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.exceptions import TyperException

from augury import __version__
from augury.cli import (
    ab,
    alerts,
    asof,
    backtest,
    backup,
    cache,
    config,
    consensus,
    data,
    demo,
    drift,
    evaluate,
    experiments,
    explain,
    features,
    forecast,
    holdout,
    hpo,
    incident,
    jobs,
    keys,
    labels,
    lookahead,
    members,
    models,
    parity,
    pretrain,
    repro,
    schedule,
    serve,
    simulate,
    train,
    trials,
    up,
    usage,
    users,
    validate,
    weights,
    windows,
    worker,
)
from augury.cli.session import SESSION
from augury.core.errors import EXIT_FAILURE, EXIT_INTERRUPTED, EXIT_USAGE, AuguryError

app = typer.Typer(
    name="augury",
    help="Market bars into forecasts that prove themselves.",
    epilog="Example: augury demo",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)
for room in (
    demo,
    train,
    forecast,
    validate,
    lookahead,
    config,
    parity,
    repro,
    explain,
    pretrain,
    experiments,
    worker,
    evaluate,
    consensus,
    asof,
    schedule,
    backup,
    simulate,
    serve,
    up,
):
    room.register(app)
app.add_typer(ab.app, name="ab")
app.add_typer(alerts.app, name="alerts")
app.add_typer(backtest.app, name="backtest")
app.add_typer(cache.app, name="cache")
app.add_typer(data.app, name="data")
app.add_typer(drift.app, name="drift")
app.add_typer(experiments.app, name="experiments")
app.add_typer(features.app, name="features")
app.add_typer(forecast.group, name="forecasts")
app.add_typer(holdout.app, name="holdout")
app.add_typer(hpo.app, name="hpo")
app.add_typer(incident.app, name="incident")
app.add_typer(jobs.app, name="jobs")
app.add_typer(keys.app, name="keys")
app.add_typer(labels.app, name="labels")
app.add_typer(members.app, name="members")
app.add_typer(models.app, name="models")
app.add_typer(schedule.app, name="schedule")
app.add_typer(trials.app, name="trials")
app.add_typer(usage.app, name="usage")
app.add_typer(users.app, name="users")
app.add_typer(weights.app, name="weights")
app.add_typer(windows.app, name="windows")

_WITH_VALUE = ("--data-dir", "--config")
_SWITCHES = ("-q", "--quiet", "-v", "--verbose", "--debug", "--no-color")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"augury {__version__}")
        raise typer.Exit


@app.callback()
def everywhere(
    data_dir: Annotated[Path | None, typer.Option(help="Folder for database, lake, artifacts and reports.")] = None,
    config: Annotated[Path | None, typer.Option(help="Configuration file instead of the nearest augury.yaml.")] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No messages on stderr.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="More messages on stderr.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    no_color: Annotated[bool, typer.Option("--no-color", envvar="NO_COLOR", help="No colour.")] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Market bars into forecasts that prove themselves."""
    SESSION.data_dir, SESSION.config = data_dir, config
    SESSION.quiet, SESSION.verbose, SESSION.debug, SESSION.no_color = quiet, verbose, debug, no_color


def hoist(arguments: Sequence[str]) -> list[str]:
    """Move global flags to the front, so that they may stand anywhere on the line.

    Examples
    --------
    >>> hoist(["train", "--symbol", "SPY", "--data-dir", "x", "-q"])
    ['--data-dir', 'x', '-q', 'train', '--symbol', 'SPY']
    """
    front: list[str] = []
    rest: list[str] = []
    waiting = iter(arguments)
    for argument in waiting:
        if argument == "--":
            rest += [argument, *waiting]
        elif argument in _WITH_VALUE:
            front += [argument, *([value] if (value := next(waiting, None)) is not None else [])]
        elif argument in _SWITCHES or argument.startswith(tuple(f"{name}=" for name in _WITH_VALUE)):
            front.append(argument)
        else:
            rest.append(argument)
    return front + rest


@lru_cache(maxsize=1)
def command_line() -> Any:
    """Return every verb as one command of the parser's library; made once, which takes a tenth of a second.

    Examples
    --------
    >>> "train" in command_line().commands
    True
    """
    return typer.main.get_command(app)


def run(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Run one command line and return its exit code (see ``core.errors``)."""
    SESSION.debug = "--debug" in arguments
    try:
        result = command_line().main(hoist(arguments), prog_name="augury", standalone_mode=False)
        if result == EXIT_INTERRUPTED:  # the parser turns Ctrl-C into an exit code of its own accord
            raise KeyboardInterrupt
        return result if isinstance(result, int) else 0
    except TyperException as error:
        _usage(error.format_message())
        return EXIT_USAGE
    except (KeyboardInterrupt, typer.Abort):
        _complain("interrupted: nothing was left half-written; run the same command again")
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except AuguryError as error:
        _complain(str(error) if error.fix or error.exit_code != EXIT_USAGE else f"{error} -> run: {_help(arguments)}")
        return error.exit_code
    except Exception as error:  # noqa: BLE001 - the boundary: whatever is left becomes one line and exit 1
        _complain(f"unexpected {type(error).__name__}: {error} -> run the same command with --debug")
        return EXIT_FAILURE


def _help(arguments: Sequence[str]) -> str:
    """The help command of the verb on a line: the next step when a wrong word has no better one."""
    verb, found = ["augury"], command_line()
    for word in hoist(arguments):
        child = getattr(found, "commands", {}).get(word)
        if child is not None:
            verb.append(word)
            found = child
    return " ".join([*verb, "--help"])


def _usage(message: str) -> None:
    # Without a verb the message is the whole help page, which needs no prefix.
    sys.stderr.write(message + "\n" if message.startswith("Usage:") else f"augury: {message} -> run: augury --help\n")


def _complain(message: str) -> None:
    if SESSION.debug:
        traceback.print_exc()
    sys.stderr.write(f"augury: {message}\n")
