"""Build hook: the compiled parts travel inside the wheel."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_PACKAGE = Path(__file__).parent / "src" / "augury"


class KernelsHook(BuildHookInterface):
    """Compiles every folder of C sources before the package is put together."""

    def dependencies(self) -> list[str]:
        """A compiler from the package index, on machines that have none."""
        return [] if _native().compiler() else ["ziglang"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and mark the wheel as belonging to this kind of machine."""
        if self.target_name != "wheel":
            return
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        for folder in _native().native_folders(_PACKAGE):
            build_data["artifacts"].append(f"/{folder.build().relative_to(Path(self.root)).as_posix()}")


def _native() -> ModuleType:
    """The module that compiles, loaded by its path: Augury is not installed yet."""
    name = "augury_core_native"
    spec = importlib.util.spec_from_file_location(name, _PACKAGE / "core" / "native.py")
    assert spec is not None
    assert spec.loader is not None
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
