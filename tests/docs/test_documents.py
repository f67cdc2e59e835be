from __future__ import annotations

import re
from pathlib import Path

import pytest

import augury
from augury.cli.reference import render

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def test_the_command_reference_is_what_the_commands_say() -> None:
    assert (ROOT / "docs/cli.md").read_text() == render(), "run: python -m augury.cli.reference > docs/cli.md"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_between_documents_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)", page.read_text()):
        assert target.startswith("http") or (page.parent / target).exists(), f"{page}: {target}"


def test_every_room_of_the_readme_exists_and_every_room_is_in_the_readme() -> None:
    named = re.findall(r"^  (\w+)/ ", (ROOT / "README.md").read_text(), re.MULTILINE)
    rooms = {path.name for path in (ROOT / "src/augury").iterdir() if (path / "__init__.py").exists()}
    assert set(named) == rooms - {"cli"}


def test_every_public_name_loads_and_nothing_else_is_promised() -> None:
    for name in augury.__all__:
        assert getattr(augury, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        augury.nothing  # noqa: B018


def test_the_root_is_calm() -> None:
    entries = {path.name for path in ROOT.iterdir() if not path.name.startswith(".")} - {"out", "build", "dist"}
    assert len(entries) <= 15, sorted(entries)
