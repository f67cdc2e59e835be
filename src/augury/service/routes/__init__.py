"""routes: the addresses of the API, one noun a file, each defining ``ROUTER``.

A file declares; what is answered comes from ``service.answers``, which pages ask too. Every
handler has a ``caller`` parameter whose type says what it needs (see ``service.access``), except
those in ``OPEN``.
"""

from fastapi import APIRouter

from augury.core.catalog import Catalog

ROUTES: Catalog[APIRouter] = Catalog("route", ("augury.service.routes",), "ROUTER")
OPEN = frozenset({"/healthz", "/readyz", "/api/health", "/openapi.json"})
"""Addresses that anybody may ask."""
