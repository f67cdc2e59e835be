"""Is there skill? Movement, daily panels and bands on real data, written to docs/benchmarks.md; one JSON line.

    python benchmarks/skill.py [--data-folder DIR] [--quick] [--peers PYTHON] [--out FILE]

``DIR`` holds the measuring data (see its README); without it only the bundled series are asked. ``--quick``
takes every sixth symbol and fewer train days, and the page says so. pyqlib's Alpha158 joins in where
``make bench-peers`` has installed it. The page is written whatever the figures are.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")

from skills import bands, commands, movement, panels
from skills.page import page

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Ask every part in a process of its own, write the page, print one line."""
    asked = _arguments()
    if asked.part:
        print(json.dumps(_answer(asked.part, asked)))
        return
    start = time.perf_counter()
    names = ["commands", "bands"]
    if asked.data_folder:
        names = ["movement", *panels.PANELS, *names]
    with ThreadPoolExecutor(asked.workers) as pool:
        answers = dict(zip(names, pool.map(lambda name: _part(name, asked), names), strict=True))
    found = {name: answers[name] for name in ("movement", "bands", "commands") if name in answers}
    found["panels"] = [answers[name] for name in panels.PANELS if name in answers]
    seconds = time.perf_counter() - start
    asked.out.write_text(page(found | {"run": _run(asked, seconds)}) + _networks(asked.out), encoding="utf-8")
    print(json.dumps(_line(found, seconds)))


def _networks(page: Path) -> str:
    """The section that ``benchmarks/networks.py`` has written: it is kept."""
    said = page.read_text(encoding="utf-8") if page.is_file() else ""
    begin, end = said.find("<!-- networks -->"), said.find("<!-- /networks -->")
    return f"\n{said[begin:end]}<!-- /networks -->\n" if 0 <= begin < end else ""


def _answer(name: str, asked: argparse.Namespace) -> Any:
    if name == "bands":
        return bands.measure()
    if name == "commands":
        return commands.measure()
    if name == "movement":
        return movement.measure(asked.data_folder)
    return panels.measure(name, asked.data_folder, asked.quick, asked.peers)


def _part(name: str, asked: argparse.Namespace) -> Any:
    """One thread a part: the parts share the cores."""
    command = [sys.executable, __file__, "--part", name, "--peers", str(asked.peers)]
    command += ["--data-folder", str(asked.data_folder)] if asked.data_folder else []
    command += ["--quick"] if asked.quick else []
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS"), "1")
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ | threads)
    print(f"{name}: exit {done.returncode}", done.stderr[-2000:], file=sys.stderr)
    if done.returncode:
        raise SystemExit(f"part {name} failed: no page is written")
    return json.loads(done.stdout.splitlines()[-1])


def _run(asked: argparse.Namespace, seconds: float) -> dict[str, Any]:
    words = ["python benchmarks/skill.py"]
    words += ["--data-folder DIR"] if asked.data_folder else []
    words += ["--quick"] if asked.quick else []
    libraries = ("augury", "lightgbm", "scikit-learn", "polars", "numpy")
    return {
        "command": " ".join(words),
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": f"{platform.machine()}, {len(os.sched_getaffinity(0))} cores, Python {platform.python_version()}",
        "libraries": ", ".join(f"{name} {version(name)}" for name in libraries),
        "size": "quick: every sixth symbol of the panels, by name" if asked.quick else "full",
        "seconds": seconds,
    }


def _line(found: dict[str, Any], seconds: float) -> dict[str, Any]:
    """The figures a program compares: the rest is on the page."""
    line: dict[str, Any] = {"bench": "skill", "seconds": round(seconds, 1)}
    for one in found.get("panels", []):
        line[one["panel"]] = {f"{row['model']} {row['horizon']}d": _coefficient(row) for row in one["rows"]}
    if "movement" in found:
        line["movement_mcc"] = {row["model"]: round(row["mcc"], 4) for row in found["movement"]["rows"] if "n" in row}
    line["coverage"] = {
        f"{row['level']:.0%} {row['horizon']}d": round(row["coverage"], 4)
        for row in found["bands"]
        if row["kind"].startswith("conformal")
    }
    return line


def _coefficient(row: dict[str, Any]) -> dict[str, Any]:
    """A RankIC beside its deflated value: never alone."""
    luck = row["luck"]
    dsr = None if luck["dsr"] is None else round(luck["dsr"], 3)
    return {"rank_ic": round(row["figures"]["rank_ic"]["mean"], 4), "dsr": dsr, "trials": luck["trials"]}


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data-folder", type=Path, help="folder of the measuring data")
    parser.add_argument("--quick", action="store_true", help="fewer symbols and train days")
    parser.add_argument("--peers", type=Path, default=ROOT / ".peers/bin/python", help="python of the peers")
    parser.add_argument("--workers", type=int, default=len(os.sched_getaffinity(0)), help="parts at a time")
    parser.add_argument("--part", choices=["bands", "commands", "movement", *panels.PANELS], help=argparse.SUPPRESS)
    parser.add_argument("--out", type=Path, default=ROOT / "docs/benchmarks.md")
    return parser.parse_args()


if __name__ == "__main__":
    main()
