"""Durable jobs: what is asked for is written down, done in recorded steps, and survives every kill.

A submission is a row (``submission``). A worker takes rows up as workflows of DBOS (``engine``,
``worker``), each a walk through the parts of its kind (``flow``, ``kinds/``).
"""

from __future__ import annotations

from augury.core.catalog import Catalog
from augury.runs.durable.kind import Kind

KINDS: Catalog[Kind] = Catalog("kind of job", ("augury.runs.durable.kinds",), "KIND")
