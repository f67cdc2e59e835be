"""A crash at any moment leaves the old thing or the new one, never half of it."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from augury.core import atomic
from augury.core.errors import StorageFull


def test_a_file_is_replaced_as_a_whole_and_leaves_no_temporary_behind(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b.txt"
    atomic.write_text(path, "old")
    atomic.write_text(path, "neu ✓")
    assert path.read_text(encoding="utf-8") == "neu ✓"
    assert [p.name for p in path.parent.iterdir()] == ["b.txt"]


def test_an_error_while_writing_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "b.txt"
    atomic.write_text(path, "old")

    def write_half() -> None:
        with atomic.replacing(path) as temporary:
            temporary.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_half()
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["b.txt"]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM])
def test_no_room_and_no_permission_are_named_and_change_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    path = tmp_path / "b.txt"
    atomic.write_text(path, "old")

    def refuse(*_: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(StorageFull, match="nothing was changed") as caught:
        atomic.write_text(path, "new")
    assert caught.value.facts["path"] == str(path)
    assert caught.value.fix
    assert path.read_text() == "old"


def test_other_errors_of_the_system_are_not_renamed(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError), atomic.storage_errors(tmp_path):
        raise IsADirectoryError(errno.EISDIR, "is a folder")


def test_a_folder_is_published_whole_or_not_at_all(tmp_path: Path) -> None:
    staged, final = tmp_path / "staged", tmp_path / "deep" / "final"
    (staged / "inner").mkdir(parents=True)
    (staged / "inner" / "x").write_text("1")
    atomic.publish_folder(staged, final)
    assert (final / "inner" / "x").read_text() == "1"
    assert not staged.exists()


def test_a_published_folder_never_replaces_another(tmp_path: Path) -> None:
    for name in ("staged", "final"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x").write_text(name)
    with pytest.raises(OSError, match=r"final"):
        atomic.publish_folder(tmp_path / "staged", tmp_path / "final")
    assert (tmp_path / "final" / "x").read_text() == "final"


def test_discarding_a_folder_that_is_gone_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    atomic.discard_folder(tmp_path / "a")
    atomic.discard_folder(tmp_path / "a")
    assert not (tmp_path / "a").exists()


def test_a_process_killed_before_the_rename_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "b.txt"
    atomic.write_text(path, "old")
    code = (
        "import os, signal, sys; from pathlib import Path; from augury.core import atomic\n"
        "os.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "atomic.write_text(Path(sys.argv[1]), 'new')"
    )
    killed = subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    assert killed.returncode < 0
    assert path.read_text() == "old"
