"""No pickle anywhere: the hook of ``tests/conftest.py`` watches the whole suite, this shows that it sees; REC-08."""

from __future__ import annotations

import pickle
import re
from collections import OrderedDict
from pathlib import Path

import augury
from augury.records.registry.loader import EnsembleLoader

PICKLED = pickle.dumps(OrderedDict(a=1))
CHILD = "runs/registry/legacy_child.py"
"""The throw-away process that converts old models: run as a script, never imported."""
FORBIDDEN = re.compile(
    r"^\s*(?:import|from)\s+(?:pickle|cPickle|_pickle|dill|cloudpickle|joblib|shelve|marshal)\b"
    r"|allow_pickle\s*=\s*True|weights_only\s*=\s*False|read_pickle|to_pickle|get_untrusted_types",
    re.MULTILINE,
)


def test_the_hook_sees_what_is_unpickled_under_code_of_augury(sqlite_store, make, unpickled):
    make.version(sqlite_store)
    EnsembleLoader(sqlite_store, lambda folder: pickle.loads(PICKLED)).load_latest_model("^GSPC", "d1")
    assert len(unpickled) == 1
    assert "('collections', 'OrderedDict')" in unpickled[0]
    unpickled.clear()


def test_the_hook_lets_others_unpickle_their_own_things(unpickled):
    assert pickle.loads(PICKLED) == {"a": 1}
    assert unpickled == []


def test_no_source_file_names_a_way_to_unpickle():
    root = Path(augury.__file__).parent
    found = {str(path.relative_to(root)): FORBIDDEN.findall(path.read_text()) for path in root.rglob("*.py")}
    hits = {name: hits for name, hits in found.items() if hits}
    assert set(hits) == {CHILD}
    assert not [path for path in root.rglob("*.py") if re.search(r"import.*legacy_child", path.read_text())]
