"""The workflows that ship: the house schedule, commands that exist, and scripts that run on a store."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from augury.cli.app import command_line
from augury.core.clock import SystemClock
from augury.core.recipe import Recipe
from augury.core.settings import Settings
from augury.data.synthetic import SyntheticMarket
from augury.runs.cells import Cell
from augury.runs.schedule import ENTRIES
from augury.runs.schedule.entry import AfterClose, Cron
from augury.runs.training import train
from augury.runs.workspace import Workspace

DEPLOY = Path(__file__).parents[2] / "deploy"
FILES = {
    "train-ensemble-monthly": "retrain",
    "refresh-weights-weekly": "weights",
    "check-drift-daily": "drift",
    "validate-weekly": "validate",
    "forecast-after-close": "forecast",
}
"""Workflow to the entry of the schedule it stands for."""
each_file = pytest.mark.parametrize("name", FILES)


def read(name: str) -> dict[str, Any]:
    text = (DEPLOY / "github" / f"{name}.yml").read_text(encoding="utf-8")
    # YAML 1.1 reads the key `on` as true.
    found: dict[str, Any] = yaml.safe_load(text.replace("\non:", '\n"on":'))
    return found


def steps(name: str) -> list[dict[str, Any]]:
    (job,) = read(name)["jobs"].values()
    found: list[dict[str, Any]] = job["steps"]
    return found


def commands(script: str) -> Iterator[list[str]]:
    """The ``augury`` commands of a shell script, variables as words."""
    for line in script.splitlines():
        for part in re.split(r"\$\(|\)|&&|\|\||>>|;", line.split(" # ")[0]):
            words = shlex.split(part, comments=True) if part.strip().startswith("augury ") else []
            if words:
                yield words[1:]


def parsed(words: list[str]) -> list[str]:
    """Parse a command line as far as the verb that would run; return the path to it."""
    command: Any = command_line()
    context, path = command.make_context("augury", [], resilient_parsing=True), []
    while hasattr(command, "commands"):
        assert words, f"augury {' '.join(path)} names no verb"
        path.append(words[0])
        assert words[0] in command.commands, f"there is no augury {' '.join(path)}"
        command, words = command.commands[words[0]], words[1:]
        if hasattr(command, "commands"):
            context = command.make_context(path[-1], [], parent=context, resilient_parsing=True)
    command.make_context(path[-1], list(words), parent=context)
    return path


def test_every_file_is_known_here_and_in_the_readme() -> None:
    files = sorted(path.stem for path in (DEPLOY / "github").iterdir())
    assert files == sorted(FILES)
    page = (DEPLOY / "README.md").read_text(encoding="utf-8")
    for name, entry in FILES.items():
        (cron,) = (one["cron"] for one in read(name)["on"]["schedule"])
        assert f"| `{name}.yml` | `{cron}` | {entry} |" in page


@each_file
def test_a_workflow_runs_when_its_entry_of_the_schedule_is_due(name: str) -> None:
    (cron,) = (one["cron"] for one in read(name)["on"]["schedule"])
    when = ENTRIES.load(FILES[name]).when
    if isinstance(when, Cron):
        assert str(when) == cron
        return
    first = datetime(2026, 1, 1, tzinfo=UTC)
    assert isinstance(when, AfterClose)
    due = AfterClose(when.minutes, "XNYS").between(first, first + timedelta(days=365))
    runs = Cron(cron).between(first, first + timedelta(days=366))
    for moment in due:
        following = next(one for one in runs if one >= moment)
        assert following.date() == moment.date()
    assert min(min(one - moment for one in runs if one >= moment) for moment in due) == timedelta(0)


@each_file
def test_every_command_of_a_workflow_exists_with_its_flags(name: str) -> None:
    found = [" ".join(parsed(words)) for step in steps(name) for words in commands(step.get("run", ""))]
    assert len(found) >= 2
    assert "jobs costs" in found


def test_a_command_or_flag_that_is_not_there_would_be_seen() -> None:
    assert list(commands("job=$(augury jobs submit x)\naugury a --b || [ $? -eq 75 ] # augury c")) == [
        ["jobs", "submit", "x"],
        ["a", "--b"],
    ]
    with pytest.raises(AssertionError, match="there is no augury weights refit"):
        parsed(["weights", "refit"])
    with pytest.raises(Exception, match="--deeper"):
        parsed(["drift", "check", "--deeper"])


@each_file
def test_jobs_that_a_workflow_submits_exist_with_their_settings(name: str) -> None:
    from augury.cli.jobs import _settings
    from augury.runs.durable import KINDS

    for step in steps(name):
        for words in commands(step.get("run", "")):
            if words[:2] == ["jobs", "submit"]:
                kind = KINDS.load(words[2])
                given = [words[at + 1] for at, word in enumerate(words) if word == "--set"]
                kind.complete(_settings(kind.settings, given))


@each_file
def test_a_workflow_is_limited_in_time_and_rights_and_shares_the_store(name: str) -> None:
    workflow = read(name)
    (job,) = workflow["jobs"].values()
    assert workflow["permissions"] == {"contents": "read"}
    assert workflow["concurrency"] == {"group": "augury-store", "cancel-in-progress": False}
    assert int(workflow["env"]["BUDGET_MIN"]) < job["timeout-minutes"] <= 120
    checkout = next(step for step in job["steps"] if "checkout" in step.get("uses", ""))
    assert checkout["with"] == {"persist-credentials": False}


@each_file
def test_actions_are_pinned_and_no_script_holds_an_expression(name: str) -> None:
    for step in steps(name):
        assert re.fullmatch(r"actions/[\w/-]+@[0-9a-f]{40}", step.get("uses", f"actions/x@{'0' * 40}"))
        assert "${{" not in step.get("run", ""), "values reach a script through its environment only"


@each_file
def test_the_store_is_fetched_before_and_kept_after_whatever_happened(name: str) -> None:
    found = [(step.get("uses", "").partition("@")[0], step) for step in steps(name)]
    places = {use: at for at, (use, _) in enumerate(found)}
    fetch, keep = places["actions/cache/restore"], places["actions/cache/save"]
    work = [at for at, (_, step) in enumerate(found) if list(commands(step.get("run", ""))) and "if" not in step]
    assert fetch < min(work)
    assert max(work) < keep
    assert found[keep][1]["if"] == "always()"
    assert found[keep][1]["with"]["key"] == found[fetch][1]["with"]["key"]
    assert found[keep][1]["with"]["key"].startswith(found[fetch][1]["with"]["restore-keys"])


@each_file
def test_augury_is_installed_with_the_pinned_versions(name: str) -> None:
    import tomllib

    (install,) = (step["run"] for step in steps(name) if step.get("name") == "Install")
    assert install.startswith("python -m pip install -c constraints.txt ")
    wanted = re.findall(r"[\w]+", install.rpartition("[")[2])
    known = tomllib.loads((DEPLOY.parent / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert set(wanted) <= set(known)


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with one champion on invented bars."""
    folder = tmp_path_factory.mktemp("serving")
    members = {"gb": {"n_estimators": 5, "max_depth": 3}, "rf": {"n_estimators": 5, "max_depth": 3}}
    recipe = Recipe(name="tiny", members=members, folds=2, horizons=("5d",))
    settings = Settings.load({"data_dir": folder / "store", "workers": 1}, environ={}, start=folder)
    with Workspace.open(settings, clock=SystemClock()) as workspace:
        workspace.lake.write(SyntheticMarket(n_symbols=1, n_bars=500, ic=0.2).bars())
        (outcome,) = train(workspace, [Cell("SYN001", "d1", "5d")], recipe)
        assert outcome.error is None
    return folder


@pytest.mark.slow
def test_every_script_of_the_workflows_runs(serving: Path) -> None:
    scripts = {
        step["run"]: f"{name}: {step.get('name')}"
        for name in reversed(FILES)
        for step in steps(name)
        if list(commands(step.get("run", ""))) and step.get("if") != "inputs.symbols"
    }
    summary = serving / "summary"
    environ = os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "AUGURY_DATA_DIR": str(serving / "store"),
        "AUGURY__WORKERS": "1", "DATABASE_URL": "",
        "BEGAN_S": "0", "BUDGET_MIN": "30", "GITHUB_STEP_SUMMARY": str(summary),
    }  # fmt: skip
    for script, name in scripts.items():
        line = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
        done = subprocess.run(line, cwd=serving, env=environ, capture_output=True, text=True, check=False, timeout=120)
        assert done.returncode == 0, f"{name}: {done.stdout}{done.stderr}"
    assert "of a budget of 30 min" in summary.read_text()
    with Workspace.open(Settings.load({"data_dir": serving / "store"}, environ={}, start=serving)) as workspace:
        assert {job.kind: job.state for job in workspace.store.jobs.list()} == dict.fromkeys(
            ("update", "weights", "retrain", "forecast"), "succeeded"
        )
        assert len(workspace.store.versions.list()) == 2
