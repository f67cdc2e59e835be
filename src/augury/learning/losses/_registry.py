"""Losses by name: the folder, what a user registers beside it, and how a written one is built again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from augury.core import metrics
from augury.core.catalog import Catalog
from augury.core.errors import UsageError
from augury.core.typing import Json

if TYPE_CHECKING:
    from augury.learning.losses._base import Loss

LOSSES: Final = Catalog["type[Loss]"]("loss", ("augury.learning.losses",), "LOSS")
METRICS: Final = {
    "r2": metrics.r2,
    "directional_accuracy": metrics.direction,
    "IC": metrics.ic,
    "RankIC": metrics.rank_ic,
}
"""What networks are measured by: ``(what came, what was said)`` for ``r2``, the other way round for the rest."""
_registered: dict[str, Any] = {}


def get_custom_objects() -> dict[str, Any]:
    """Return every loss and metric by name: losses by file and by class, then what was registered.

    Examples
    --------
    >>> sorted(set(get_custom_objects()) & {"FocalLoss", "focal", "pinball", "r2", "RankIC"})
    ['FocalLoss', 'RankIC', 'focal', 'pinball', 'r2']
    """
    shipped = {key: loss for name, loss in LOSSES for key in (name, loss.__name__)}
    return shipped | METRICS | _registered


def register_custom_objects(objects: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Add losses or metrics of one's own, so that :func:`build` finds them, and return all there are.

    Parameters
    ----------
    objects : mapping of str to class or function, optional
        A loss is registered under the name of its class, which is what it writes in its config.
        Without objects nothing is added.

    Raises
    ------
    UsageError
        A name that something else has already.
    """
    known = get_custom_objects()
    for name, thing in (objects or {}).items():
        if known.get(name, thing) is not thing:
            raise UsageError(f"'{name}' was to be registered as {thing!r}, but is {known[name]!r}: choose another name")
    _registered.update(objects or {})
    return get_custom_objects()


def build(config: str | Json) -> Loss:
    """Build a loss from what ``config()`` wrote, or from its name alone.

    Parameters
    ----------
    config : str or JSON object
        ``"mse"``, or ``{"loss": "huber", "settings": {"delta": 0.5}}``.

    Raises
    ------
    UnknownName
        With the nearest name.
    UsageError
        Settings it does not have.

    Examples
    --------
    >>> build("huber").config()
    {'loss': 'huber', 'settings': {'delta': 1.0, 'unit': 'scaled return'}}
    """
    written: Json = {"loss": config} if isinstance(config, str) else config
    unknown = sorted(set(written) - {"loss", "settings"})
    if "loss" not in written or unknown:
        raise UsageError(f"a loss is written as loss and settings, found {sorted(written)}")
    name = written["loss"]
    kind: type[Loss] = _registered[name] if name in _registered else LOSSES.load(name)
    try:
        return kind(**written.get("settings", {}))
    except TypeError as error:
        raise UsageError(f"loss '{name}' was asked for with {written.get('settings', {})}: {error}") from error
