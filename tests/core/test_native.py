"""Compiled parts: built from a folder, refused when built from another state of it."""

from __future__ import annotations

import ctypes

import pytest

from augury.core.errors import CorruptArtifact
from augury.core.native import NativeFolder, compiler, native_folders

SOURCE = '#include "small.h"\nconst char *augury_small_source = SOURCE_HASH;\nint small_answer(void) {{ return {}; }}\n'


@pytest.fixture
def folder(tmp_path):
    if compiler() is None:
        pytest.skip("no C compiler")
    (tmp_path / "small.h").write_text("int small_answer(void);\n")
    (tmp_path / "small.c").write_text(SOURCE.format(42))
    return tmp_path


def test_a_folder_becomes_a_library_beside_itself(folder):
    native = NativeFolder(folder)
    assert native.build() == folder / "_small.so"
    found = native.load("make")
    assert isinstance(found, ctypes.CDLL)
    assert found.small_answer() == 42


def test_a_library_of_other_sources_is_refused_with_the_command_that_builds_it(folder):
    NativeFolder(folder).build()
    (folder / "small.c").write_text(SOURCE.format(43))
    with pytest.raises(CorruptArtifact, match=r"other sources than these -> run: make"):
        NativeFolder(folder).load("make")


def test_a_library_that_is_not_there_is_refused(folder):
    with pytest.raises(CorruptArtifact, match="cannot be loaded"):
        NativeFolder(folder).load("make")


def test_sources_that_do_not_compile_leave_the_old_library(folder):
    library = NativeFolder(folder).build()
    before = library.read_bytes()
    (folder / "small.c").write_text("nonsense")
    with pytest.raises(RuntimeError, match="could not compile small"):
        NativeFolder(folder).build()
    assert library.read_bytes() == before
    assert sorted(path.name for path in folder.glob("*.so")) == ["_small.so"]


def test_a_folder_is_named_by_its_one_header(tmp_path):
    with pytest.raises(RuntimeError, match="one header names it"):
        NativeFolder(tmp_path)


def test_every_folder_of_c_sources_is_found(folder):
    assert [native.name for native in native_folders(folder)] == ["small"]
