"""Calls on a class answer from the store that the settings name."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, wraps
from typing import Any, Concatenate, Generic, ParamSpec, TypeVar

from augury.core.settings import Settings
from augury.records.store import Store

P = ParamSpec("P")
R = TypeVar("R")


class on_the_class_too(Generic[P, R]):  # noqa: N801 - used as a decorator
    """A method that may also be called on the class, as in ``EnsembleLoader.list_available_models()``.

    On an instance it is an ordinary method. On the class it opens the store that the settings of
    this process name, answers, and closes it again.
    """

    def __init__(self, method: Callable[Concatenate[Any, P], R]) -> None:
        self.method = method
        self.__doc__ = method.__doc__

    def __get__(self, instance: Any, owner: type[Any]) -> Callable[P, R]:
        if instance is not None:
            return partial(self.method, instance)

        @wraps(self.method)
        def on_default_store(*arguments: P.args, **named: P.kwargs) -> R:
            settings = Settings.load()
            with Store.open(settings.data_dir, settings.database_url) as store:
                return self.method(owner(store), *arguments, **named)

        return on_default_store
