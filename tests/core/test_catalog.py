"""The catalogue: found by name, imported on use, with the near miss named."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from augury.core.catalog import Catalog
from augury.core.errors import UnknownName


@pytest.fixture
def catalog(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Catalog[int]:
    for package, files in {"kinds_one": {"apple": 1, "pear": 2}, "kinds_two": {"plum": 3}}.items():
        folder = tmp_path / package
        folder.mkdir()
        (folder / "__init__.py").write_text("")
        (folder / "_private.py").write_text("raise RuntimeError('never imported')")
        for name, value in files.items():
            (folder / f"{name}.py").write_text(f"FRUIT = {value}")
    (tmp_path / "kinds_one" / "broken.py").write_text("raise RuntimeError('imported')")
    monkeypatch.syspath_prepend(str(tmp_path))
    return Catalog("fruit", ("kinds_one", "kinds_two"), "FRUIT")


def test_names_are_sorted_over_all_folders_and_nothing_is_imported(catalog: Catalog[int]) -> None:
    assert catalog.names() == ["apple", "broken", "pear", "plum"]
    assert not [name for name in sys.modules if name.startswith("kinds_one.")]


def test_an_entry_is_imported_when_it_is_used(catalog: Catalog[int]) -> None:
    assert (catalog.load("pear"), catalog.load("plum")) == (2, 3)
    with pytest.raises(RuntimeError, match="imported"):
        catalog.load("broken")


def test_a_near_miss_is_offered_with_the_whole_list(catalog: Catalog[int]) -> None:
    with pytest.raises(UnknownName, match="unknown fruit 'aple', did you mean 'apple'") as caught:
        catalog.load("aple")
    assert "(known: apple, broken, pear, plum)" in str(caught.value)
    with pytest.raises(UnknownName, match=r"unknown fruit '_private' \(known") as hidden:
        catalog.load("_private")
    assert hidden.value.exit_code == 2


def test_a_folder_that_does_not_exist_holds_nothing() -> None:
    assert Catalog[int]("thing", ("augury.core.nothing_here",), "X").names() == []


def test_importing_augury_stays_light() -> None:
    code = (
        "import sys, augury.core.catalog, augury.core.version, augury.proof.judge, augury.proof.report\n"
        "print([m for m in ('sklearn', 'lightgbm', 'scipy', 'pandas', 'torch', 'jinja2', 'yaml') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
