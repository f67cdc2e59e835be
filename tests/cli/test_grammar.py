from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from augury import __version__
from augury.cli.app import command_line


def verbs() -> Iterator[list[str]]:
    def walk(path: list[str], command: Any) -> Iterator[list[str]]:
        yield path
        for name, child in getattr(command, "commands", {}).items():
            yield from walk([*path, name], child)

    return walk([], command_line())


@pytest.mark.parametrize("verb", list(verbs()), ids=" ".join)
def test_every_verb_has_help_with_an_example_in_eighty_columns(verb: list[str], call) -> None:
    ran = call(*verb, "--help")
    assert ran.code == 0
    assert "Usage: augury" in ran.out
    assert max(map(len, ran.out.splitlines())) <= 80
    if (verb and verb[0] not in ("data", "forecasts", "models")) or len(verb) == 2:
        assert "Example: augury" in ran.out


@pytest.mark.parametrize("verb", list(verbs()), ids=" ".join)
def test_an_unknown_flag_exits_2_with_one_line(verb: list[str], call) -> None:
    ran = call(*verb, "--no-such-flag")
    assert ran.code == 2
    assert ran.out == ""
    assert "--no-such-flag" in ran.err
    assert "Traceback" not in ran.err


def test_an_unknown_word_offers_the_near_one(call) -> None:
    ran = call("forcast")
    assert ran.code == 2
    assert "Did you mean 'forecast'" in ran.err


def test_the_version_is_the_packages(call) -> None:
    assert call("--version").out == f"augury {__version__}\n"


READ = [["data", "list"], ["models", "list"], ["forecasts", "list"], ["show-config"], ["doctor"]]


@pytest.mark.parametrize("verb", READ, ids=" ".join)
def test_read_verbs_give_one_json_document_and_nothing_else_on_stdout(verb: list[str], call) -> None:
    ran = call(*verb, "--json")
    assert ran.code == 0
    assert isinstance(json.loads(ran.out), list)
    assert "\x1b" not in ran.out + ran.err


def test_a_global_flag_may_stand_anywhere(call, tmp_path: Path) -> None:
    rows = json.loads(call("show-config", "--json").out)
    assert {"setting": "data_dir", "value": str(tmp_path / "store"), "origin": "flag"} in rows


def test_a_misspelt_setting_in_the_config_file_is_refused_with_the_near_one(call, tmp_path: Path) -> None:
    (tmp_path / "augury.yaml").write_text("worker: 2\n")
    ran = call("show-config")
    assert ran.code == 2
    assert "unknown setting 'worker', did you mean 'workers'?" in ran.err


def test_the_command_line_starts_without_model_libraries() -> None:
    heavy = {"sklearn", "torch", "lightgbm", "pandas", "polars"}
    code = f"import sys, augury, augury.cli.app; print(sorted({heavy} & set(sys.modules)))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"
