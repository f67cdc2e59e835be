"""The published model of windows, in memory: read again when another one is published."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from augury.core.extras import require
from augury.records.registry.served_windows import FOLDER, POINTER, ServedWindows, folder_of, served_windows
from augury.service.backend import Backend
from augury.service.serving.kept import Kept
from augury.service.serving.memory import settle

if TYPE_CHECKING:
    from augury.models.deep.windows.classifier import WindowClassifier

_MODELS_MAX: Final = 2


def window_classifier(backend: Backend) -> tuple[ServedWindows, WindowClassifier]:
    """Return what is published and the model itself; it is read once a version.

    Raises
    ------
    NotTrained
        Nothing is published.
    CorruptArtifact
        Its files are not what was published.
    MissingExtra
        PyTorch is not installed.
    """
    data_dir = backend.workspace.settings.data_dir
    pointer = data_dir / FOLDER / POINTER
    known: Kept[int, ServedWindows] = backend.parts.setdefault("windows.served", Kept(1))
    models: Kept[str, WindowClassifier] = backend.parts.setdefault("windows.models", Kept(_MODELS_MAX))
    written = pointer.stat().st_mtime_ns if pointer.is_file() else 0
    served = known.get(written, lambda: served_windows(data_dir))

    def load() -> WindowClassifier:
        require("torch", extra="deep")
        from augury.models.deep.windows.classifier import WindowClassifier

        model = WindowClassifier.load(folder_of(data_dir, served))
        settle()
        return model

    return served, models.get(served.version, load)
