"""Optional packages: the exact line that installs them."""

from __future__ import annotations

from pathlib import Path

import pytest

from augury.core.errors import MissingExtra
from augury.core.extras import package_folder, require


def test_a_missing_package_prints_the_exact_pip_line_and_exits_2() -> None:
    for ask in (require, package_folder):
        with pytest.raises(MissingExtra) as caught:
            ask("no_such_package_at_all", extra="deep")
        assert str(caught.value) == 'no_such_package_at_all is not installed -> run: pip install "augury[deep]"'
        assert caught.value.exit_code == 2


def test_a_present_package_is_imported_or_found() -> None:
    assert require("json", extra="deep").dumps([1]) == "[1]"
    assert package_folder("augury", extra="all") == Path(__import__("augury").__file__).parent


def test_a_package_that_is_itself_broken_is_not_called_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "half_installed.py").write_text("import another_missing_thing")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ModuleNotFoundError, match="another_missing_thing"):
        require("half_installed", extra="deep")
