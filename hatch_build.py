"""Build hook: the compiled part of the feature engine travels inside the wheel."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_COMPILER = Path(__file__).parent / "src" / "augury" / "features" / "kernels" / "compiler.py"


class KernelsHook(BuildHookInterface):
    """Compiles the feature machine before the package is put together."""

    def dependencies(self) -> list[str]:
        """A compiler from the package index, on machines that have none."""
        return [] if _compiler().compiler() else ["ziglang"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and mark the wheel as belonging to this kind of machine."""
        if self.target_name != "wheel":
            return
        library = _compiler().build()
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        build_data["artifacts"].append(f"/{library.relative_to(Path(self.root)).as_posix()}")


def _compiler() -> ModuleType:
    spec = importlib.util.spec_from_file_location("augury_kernels_compiler", _COMPILER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
