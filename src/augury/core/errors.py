"""Every error Augury raises on purpose, drawn as a tree.

    AuguryError                    exit 1
    ├── UsageError                 exit 2   the request itself is wrong
    │   ├── MissingExtra                    an optional package is not installed
    │   └── UnknownName                     no such symbol, timeframe, member, source …
    ├── DataError                  exit 3   the bars are refused
    │   ├── ValidationError                 checks found errors
    │   ├── InsufficientHistory             too few bars or labelled rows
    │   ├── LeakError                       a value from the future was about to be used
    │   └── NotAForecast                    the target time has already passed
    ├── NotFound                   exit 4   a file or stored thing is not there
    ├── ModelError                 exit 4
    │   ├── NotTrained                      no version to forecast with
    │   ├── StaleModel                      the version is older than its limit
    │   ├── CorruptArtifact                 bytes on disk differ from the manifest
    │   ├── SchemaMismatch                  features differ from the manifest
    │   ├── TransferMismatch                pre-trained weights do not fit the network
    │   └── Collapsed                       the output does not depend on the input
    ├── GateRefused                exit 5   proof said no
    │   ├── SuspectLeak                     too good to be true
    │   └── HoldoutSealed                   sealed rows were about to be read
    ├── AccessError                exit 1   who asks may not have it
    │   ├── NotSignedIn                     no key, a wrong one, or a session that ended
    │   ├── Forbidden                       known, but not allowed to
    │   └── LimitReached                    too many calls for now
    ├── ChangedMeanwhile           exit 75  it is no longer what the caller saw
    ├── StoreError                 exit 1   the store is damaged or refuses to be written
    │   ├── CorruptStore                    database or ledger does not verify
    │   └── StorageFull                     no space, or a read-only folder
    └── TemporaryError             exit 75  try again later
        └── StoreBusy                       a second process holds the store

A message has four parts: what was asked, what was found, which rule, what to do next (``fix``).
"""

from __future__ import annotations

from typing import ClassVar, Final

EXIT_FAILURE: Final = 1
EXIT_USAGE: Final = 2
EXIT_DATA: Final = 3
EXIT_NOT_FOUND: Final = 4
EXIT_GATE: Final = 5
EXIT_TEMPORARY: Final = 75
EXIT_INTERRUPTED: Final = 130


class AuguryError(Exception):
    """Base of every named error.

    Parameters
    ----------
    message : str
        What was asked, what was found (value, symbol, time) and which rule it breaks.
    fix : str, optional
        The next command to run, printed after ``->``.
    **facts : object
        The same facts for programs; kept in ``facts``.

    Examples
    --------
    >>> error = NotTrained("no trained model for AAPL d1", fix="augury train --symbol AAPL --timeframe d1")
    >>> print(error)
    no trained model for AAPL d1 -> run: augury train --symbol AAPL --timeframe d1
    >>> error.exit_code, error.code
    (4, 'NotTrained')
    """

    exit_code: ClassVar[int] = EXIT_FAILURE

    def __init__(self, message: str, *, fix: str = "", **facts: object) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix
        self.facts = facts

    @property
    def code(self) -> str:
        """The name of the rule, stable for programs."""
        return type(self).__name__

    def __str__(self) -> str:
        return f"{self.message} -> run: {self.fix}" if self.fix else self.message


class UsageError(AuguryError):
    """The request itself is wrong: unknown flag, bad value, bad configuration."""

    exit_code = EXIT_USAGE


class MissingExtra(UsageError):
    """An optional package is not installed; ``fix`` is the exact pip line."""


class UnknownName(UsageError):
    """A name that is not in a catalogue; the message offers near misses."""


class DataError(AuguryError):
    """The bars are refused."""

    exit_code = EXIT_DATA


class ValidationError(DataError):
    """Checks found findings of severity error."""


class InsufficientHistory(DataError):
    """Too few bars or labelled rows for what was asked."""


class LeakError(DataError):
    """A value that was not yet known was about to be used."""


class NotAForecast(DataError):
    """The target time has passed: this would be a retelling, not a forecast."""


class NotFound(AuguryError):
    """A file, symbol or stored thing is not there."""

    exit_code = EXIT_NOT_FOUND


class ModelError(AuguryError):
    """A model version cannot be used."""

    exit_code = EXIT_NOT_FOUND


class NotTrained(ModelError):
    """There is no version for this symbol, timeframe and horizon."""


class StaleModel(ModelError):
    """The version is older than the limit."""


class CorruptArtifact(ModelError):
    """The bytes on disk differ from what the manifest says."""


class SchemaMismatch(ModelError):
    """Columns are missing, extra, reordered or of another manifest."""


class TransferMismatch(ModelError):
    """Pre-trained weights do not fit: the network was left as it was."""


class Collapsed(ModelError):
    """The output does not depend on the input."""


class GateRefused(AuguryError):
    """Proof refused; the reasons are in ``facts``."""

    exit_code = EXIT_GATE


class SuspectLeak(GateRefused):
    """A figure too good to be true stops promotion until an audit has passed."""


class HoldoutSealed(GateRefused):
    """Rows of the sealed holdout were about to be read to choose something, or without an opening."""


class AccessError(AuguryError):
    """Who asks may not have what was asked for."""


class NotSignedIn(AccessError):
    """No key was given, it is wrong, or the session has ended."""


class Forbidden(AccessError):
    """Known, but without the scope, the role or the origin that this needs."""


class LimitReached(AccessError):
    """Too many calls; ``facts["retry_after_s"]`` says when the next one is free."""


class ChangedMeanwhile(AuguryError):
    """Somebody else changed it after the caller had looked: nothing was done."""

    exit_code = EXIT_TEMPORARY


class StoreError(AuguryError):
    """The store is damaged or cannot be written."""


class CorruptStore(StoreError):
    """The database or the ledger does not verify."""


class StorageFull(StoreError):
    """No space is left, or the folder may not be written."""


class TemporaryError(AuguryError):
    """Try again later: the same command may succeed."""

    exit_code = EXIT_TEMPORARY


class StoreBusy(TemporaryError):
    """A second process holds the store."""
