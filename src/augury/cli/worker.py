"""``augury worker``: carries out jobs until it is told to end."""

from __future__ import annotations

import os
import signal
import sys
from typing import Annotated

import typer

from augury.cli.session import SESSION


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(epilog="Example: augury worker --queues light")(worker)


def worker(
    queues: Annotated[str, typer.Option(help="Comma-separated: heavy, light.")] = "heavy,light",
    concurrency: Annotated[int | None, typer.Option(min=1, help="Jobs of a queue at once; default its own.")] = None,
    executor: Annotated[str, typer.Option(help="Where heavy parts run: pool, inline, ray.")] = "pool",
    ray_address: Annotated[str | None, typer.Option(help="Cluster of --executor ray: ray://HOST:10001.")] = None,
    workers: Annotated[int | None, typer.Option(help="Processes; default: the cores.")] = None,
    grace: Annotated[float, typer.Option(min=0, help="Seconds to finish after SIGTERM, then hand back.")] = 10.0,
    drain: Annotated[bool, typer.Option("--drain", help="End when no job of these queues is left.")] = False,
) -> None:
    """Carry out jobs; SIGTERM and Ctrl-C let it finish what it can and hand back the rest."""
    from augury.core.errors import UnknownName
    from augury.core.suggestion import did_you_mean
    from augury.records.loop.jobs import ACTIVE
    from augury.runs.durable.kind import QUEUES
    from augury.runs.durable.worker import Worker

    chosen = [name.strip() for name in queues.split(",") if name.strip()]
    for name in chosen:
        if name not in QUEUES:
            raise UnknownName(f"unknown queue '{name}'{did_you_mean(name, QUEUES)} (known: {', '.join(QUEUES)})")
    with SESSION.workspace(workers=workers, ray_address=ray_address) as workspace:
        limits = {name: concurrency or QUEUES[name] for name in chosen}
        crew = Worker(workspace, limits, executor=executor, say=SESSION.say)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: crew.leave())

        def empty() -> bool:
            return drain and not workspace.store.jobs.list(states=ACTIVE, queues=chosen, limit=1)

        with workspace.store.heartbeats.beating(crew.engine.name, chosen):
            crew.run(until=empty)
        if not crew.close(grace):
            SESSION.say("a part would not stop: it was handed back, and the process ends")
            sys.stderr.flush()
            os._exit(0)
