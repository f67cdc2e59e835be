"""The throw-away process that reads a pickled model: run as a script, never imported.

A pickle runs whatever it wants while it is read. This process has no environment, no network, no child
processes, little memory and time, writes arrays and JSON only, and ends.
"""

from __future__ import annotations

import ctypes
import json
import sys
from pathlib import Path
from typing import Any

_FORBIDDEN = ("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.system", "ctypes.")

_NEW_NETWORK = 0x40000000


def _guard(event: str, arguments: tuple[Any, ...]) -> None:
    if event.startswith(_FORBIDDEN):
        raise PermissionError(f"{event} while reading a model")
    if event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
        raise PermissionError(f"writing {arguments[0]} while reading a model")


def _trees(trees: list[Any], values: list[Any]) -> dict[str, Any]:
    """All trees one behind the other; children are absolute, a leaf is its own child."""
    import numpy as np

    starts = np.cumsum([0, *(tree.node_count for tree in trees)])
    left, right, feature, threshold = [], [], [], []
    for start, tree in zip(starts, trees, strict=False):
        own = np.arange(tree.node_count)
        leaf = tree.children_left < 0
        left.append(np.where(leaf, own, tree.children_left) + start)
        right.append(np.where(leaf, own, tree.children_right) + start)
        feature.append(np.where(leaf, 0, tree.feature))
        threshold.append(np.where(leaf, 0.0, tree.threshold))
    return {
        "left": np.concatenate(left).astype(np.int64),
        "right": np.concatenate(right).astype(np.int64),
        "feature": np.concatenate(feature).astype(np.int64),
        "threshold": np.concatenate(threshold).astype(np.float64),
        "value": np.concatenate(values).astype(np.float64),
        "roots": starts[:-1].astype(np.int64),
        "depth": np.array([max(tree.max_depth for tree in trees)], np.int64),
    }


def _arrays(model: Any) -> tuple[str, dict[str, Any]]:
    import numpy as np

    name = type(model).__name__
    if name in ("RandomForestClassifier", "ExtraTreesClassifier", "DecisionTreeClassifier"):
        trees = [one.tree_ for one in getattr(model, "estimators_", [model])]
        counts = [tree.value[:, 0, :] for tree in trees]
        return "forest", _trees(trees, [one / one.sum(axis=1, keepdims=True) for one in counts])
    if name == "GradientBoostingClassifier":
        trees = [one.tree_ for stage in model.estimators_ for one in stage]
        values = [model.learning_rate * tree.value[:, 0, :] for tree in trees]
        start = model._raw_predict_init(np.zeros((1, model.n_features_in_), np.float32))
        return "boosting", _trees(trees, values) | {"start": np.asarray(start[0], np.float64)}
    if name == "LogisticRegression":
        return "logistic", {"coef": np.asarray(model.coef_, float), "intercept": np.asarray(model.intercept_, float)}
    raise TypeError(f"{type(model).__module__}.{name} has no safe form here")


def main(source: str, out: str) -> None:
    """Read the pickle ``source`` and write one file of arrays a model, and what they are, into ``out``."""
    import joblib  # type: ignore[import-untyped]
    import numpy as np
    from safetensors.numpy import save_file

    ctypes.CDLL(None).unshare(_NEW_NETWORK)  # no network at all, where the system lets us
    sys.addaudithook(_guard)
    loaded = joblib.load(source)
    models = loaded if isinstance(loaded, dict) else {"model": loaded}
    found = {}
    for name, model in models.items():
        if not str(name).isidentifier():
            raise ValueError(f"'{name}' is no name of a model")
        kind, arrays = _arrays(model)
        columns = getattr(model, "feature_names_in_", None)
        found[str(name)] = (arrays, {
            "kind": kind,
            "class": type(model).__name__,
            "classes": [one.item() for one in np.asarray(model.classes_)],
            "n_features": int(model.n_features_in_),
            "features": None if columns is None else [str(column) for column in columns],
        })  # fmt: skip
    sys.stdout.write(json.dumps({name: facts for name, (_, facts) in found.items()}))
    sys.stdout.flush()
    for name, (arrays, _) in found.items():
        save_file(
            {key: np.ascontiguousarray(array) for key, array in arrays.items()}, Path(out) / f"{name}.safetensors"
        )


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
