"""pages: what people see, one page a file, each defining ``ROUTER``.

A page asks ``service.answers`` and gives what it got to a template of the same name. It works
without JavaScript; its state is in its address; its tables are :class:`augury.web.tables.Table`, so
each can be had as CSV under ``?csv=NAME``.
"""

from fastapi import APIRouter

from augury.core.catalog import Catalog

PAGES: Catalog[APIRouter] = Catalog("page", ("augury.web.pages",), "ROUTER")
OPEN = frozenset({"/sign-in", "/welcome", "/offline", "/manifest.webmanifest", "/service-worker.js"})
"""Addresses that anybody may see."""
