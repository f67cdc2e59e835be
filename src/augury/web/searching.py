"""The search: pages, symbols, versions, words and operations that a few letters name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from augury.service.accounts.caller import Caller
from augury.service.answers.exchanges import listings
from augury.service.answers.models import champions
from augury.service.backend import Backend
from augury.web.glossary import GLOSSARY
from augury.web.navigation import NAVIGATION
from augury.web.reference import Operation

LIMIT: Final = 24
_MORE: Final = (
    ("API reference", "every operation with its parameters, examples and errors", "/docs/api"),
    ("Errors", "every code a refusal can carry and what helps", "/docs/errors"),
    ("Words", "the words of the field, each in a sentence", "/docs/words"),
    ("Patterns", "the parts pages are made of", "/patterns"),
)


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing that was found: what kind it is, its name, a few words, its address."""

    kind: str
    name: str
    says: str
    href: str


def search(backend: Backend, caller: Caller, query: str, operations: Iterable[Operation]) -> list[Hit]:
    """Return what a query names, the best first; without a query the pages.

    A name that begins with the query comes before one that holds it, and that before a sentence that
    does.
    """
    wanted = query.strip().lower()
    found = list(_all(backend, caller, operations if wanted else ()))
    if not wanted:
        return [hit for hit in found if hit.kind == "page"][:LIMIT]
    ranked = [(rank, at, hit) for at, hit in enumerate(found) if (rank := _rank(hit, wanted)) is not None]
    return [hit for _, _, hit in sorted(ranked, key=lambda entry: entry[:2])[:LIMIT]]


def _rank(hit: Hit, wanted: str) -> int | None:
    name = hit.name.lower()
    if name == wanted or name.lstrip("^") == wanted:
        return 0
    if name.startswith(wanted) or name.lstrip("^").startswith(wanted):
        return 1
    if wanted in name:
        return 2
    return 3 if wanted in hit.says.lower() else None


def _all(backend: Backend, caller: Caller, operations: Iterable[Operation]) -> Iterator[Hit]:
    for place in NAVIGATION:
        if place.scope in caller.scopes:
            yield Hit("page", place.word, place.says, place.path)
    for name, says, href in _MORE:
        yield Hit("page", name, says, href)
    for known in listings(backend).values():
        yield Hit("symbol", known.symbol, ", ".join(known.timeframes), f"/symbols/{quote(known.symbol, safe='')}")
    for version in champions(backend):
        says = f"answers for {version.symbol} {version.timeframe} {version.horizon}"
        yield Hit("version", version.version, says, f"/models/versions/{quote(version.version, safe='')}")
    for word, sentence in GLOSSARY.items():
        yield Hit("word", word, sentence, f"/docs/words#{quote(word)}")
    for operation in operations:
        yield Hit("operation", f"{operation.verb} {operation.path}", operation.summary, operation.href)
